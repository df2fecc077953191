internal import Backups
internal import StackModel

/// What `catalystctl backup …` says.
enum BackupPage {
    static func lines(of made: BackupMaker.Made) -> [String] {
        let manifest = made.manifest
        var lines = [
            displayed(made.path), "  \(contents(of: manifest)), \(size(made.bytes)), read back",
        ]
        lines += notSaved(manifest)
        if !made.removed.isEmpty { lines.append("  \(made.removed.count) older removed") }
        return lines
    }

    static func lines(of archive: BackupArchive) -> [String] {
        let manifest = archive.manifest
        var facts = Facts()
        facts.add("host", displayed(manifest.host))
        facts.add("made", "\(manifest.time.rfc3339(digits: 0)) by catalyst \(manifest.version)")
        facts.add("system", displayed(manifest.system))
        facts.add("code", code(of: manifest))
        facts.add("holds", contents(of: manifest))
        return ["\(displayed(archive.path)): whole and unchanged"]
            + facts.lines(on: .current()).map { "  " + $0 } + losses(of: manifest)
            + notSaved(manifest)
    }

    static func lines(
        of entries: [BackupShelf.Entry], in directory: String, now: Timestamp
    ) -> [String] {
        guard !entries.isEmpty else {
            return ["there is no backup in '\(displayed(directory))': 'catalystctl backup'"]
        }
        let table = Table(
            columns: [
                .init(title: "backup"), .init(title: "age", alignment: .right),
                .init(title: "size", alignment: .right),
            ],
            rows: entries.map {
                [
                    .init($0.name.file), .init(humanDuration(now - $0.name.time)),
                    .init(size($0.bytes)),
                ]
            })
        return table.lines(on: .current())
    }

    static func contents(of manifest: BackupManifest) -> String {
        let hasLedger = manifest.files.contains { $0.path.hasSuffix("/ledger.sqlite") }
        let count = manifest.files.count
        return "\(count) file\(count == 1 ? "" : "s"), \(hasLedger ? "with" : "without") the ledger"
    }

    static func code(of manifest: BackupManifest) -> String {
        guard let code = manifest.code else { return "none was deployed" }
        let revision = code.revision.map { ", revision \($0.prefix(12))" } ?? ""
        return displayed("\(code.version) from \(code.source)\(revision)")
    }

    static func losses(of manifest: BackupManifest) -> [String] {
        manifest.losses.flatMap {
            ["  ! not in it: \(displayed($0.path))"]
                + displayed($0.why).wrapped(to: 68).map { "      " + $0 }
        }
    }

    private static func notSaved(_ manifest: BackupManifest) -> [String] {
        let names = manifest.variablesNeeded.joined(separator: ", ")
        return "secrets to keep elsewhere: \(displayed(names))".wrapped(to: 76).map { "  " + $0 }
    }

    private static func size(_ bytes: Int64) -> String { humanBytes(Double(bytes)) }
}
