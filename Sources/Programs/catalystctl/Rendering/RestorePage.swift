internal import Backups
internal import StackModel

/// What `catalystctl restore` says.
enum RestorePage {
    static func plan(_ restoration: Restoration, isBlocked: Bool) -> [String] {
        let manifest = restoration.archive.manifest
        var lines = [
            "backup of '\(displayed(manifest.host))' of \(manifest.time.rfc3339(digits: 0)), "
                + "catalyst \(displayed(manifest.version))",
            "code: \(BackupPage.code(of: manifest))", "",
        ]
        for step in restoration.steps {
            lines.append(displayed("  \(step.change.rawValue.padded(to: 8))\(step.path)"))
            if let why = step.why { lines.append("          " + displayed(why)) }
        }
        lines += BackupPage.losses(of: manifest)
        if !restoration.isNeeded { lines += ["", "nothing would change"] }
        if isBlocked {
            lines += ["", "the agent runs: 'systemctl stop catalystd' first, or --no-ledger"]
        }
        return lines + toFillIn(restoration)
    }

    static func done(_ restoration: Restoration, _ outcome: Restoration.Outcome) -> [String] {
        var lines = ["", "\(outcome.written.count) written, \(outcome.keptAside.count) kept aside"]
        lines += outcome.keptAside.map { "  " + displayed($0) }
        return lines + next(outcome.written)
    }

    private static func toFillIn(_ restoration: Restoration) -> [String] {
        let names = restoration.variablesMissing
        guard !names.isEmpty else { return [] }
        let text = "to be filled in, in /etc/catalyst/.env: " + names.joined(separator: ", ")
        return [""] + displayed(text).wrapped(to: 80)
    }

    /// The commands that make what was written count.
    private static func next(_ written: [String]) -> [String] {
        func has(_ part: String) -> Bool { written.contains { $0.contains(part) } }
        var commands: [String] = []
        if has("/etc/systemd/") { commands.append("systemctl daemon-reload") }
        if has("/etc/nginx/") { commands.append("nginx -t && systemctl reload nginx") }
        if has("/etc/ufw/") {
            commands.append("ufw show added   # is your own address let in? then: ufw reload")
        }
        if has("/etc/catalyst/") {
            commands.append("catalystctl config check && systemctl reload-or-restart catalystd")
        } else if has("ledger.sqlite") {
            commands.append("systemctl start catalystd")
        }
        return commands.isEmpty ? [] : ["", "next:"] + commands.map { "  " + $0 }
    }
}
