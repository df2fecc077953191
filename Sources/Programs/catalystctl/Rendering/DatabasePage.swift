internal import Postgres

/// `catalystctl db status`: the files, and who may do what.
struct DatabasePage {
    let standing: DatabaseStanding

    func lines(on terminal: Terminal) -> [String] {
        var facts = Facts()
        let server = standing.serverVersion.map { "PostgreSQL \($0), " } ?? ""
        facts.add(
            "database",
            "\(standing.database) (\(server)\(standing.isEncrypted ? "" : "not ")encrypted)")
        facts.add("schema", headline)
        let table = Table(
            columns: [
                .init(title: "file"), .init(title: "state"),
                .init(title: "applied (UTC)", dropRank: 1), .init(title: "by", dropRank: 2),
            ], rows: standing.migrations.map(cells))
        return facts.lines(on: terminal) + [""] + table.lines(on: terminal)
            + rightsLines(on: terminal) + nextLines
    }

    private var headline: String {
        let count = standing.migrations.count { ![.pending, .unknown].contains($0.state) }
        let known = standing.migrations.count { $0.state != .unknown }
        if count == 0 { return "not there" }
        let extra = standing.migrations.count { $0.state == .unknown }
        return "\(count) of \(known) files applied"
            + (extra > 0 ? ", and \(extra) of a newer catalyst" : "")
    }

    private func cells(_ report: MigrationReport) -> [Table.Cell] {
        let number = String(report.version)
        let padding = String(repeating: "0", count: max(0, 4 - number.count))
        let (words, color): (String, Terminal.Color?) =
            switch report.state {
            case .pending: ("pending", .yellow)
            case .applied: ("applied", .green)
            case .unrecorded: ("applied by psql", .green)
            case .changed: ("changed since", .red)
            case .unknown: ("no such file here", .yellow)
            }
        let time = report.appliedAt?.replacing("T", with: " ").dropLast() ?? "–"
        return [
            .init("\(padding)\(number)_\(report.name)"), .init(words, color),
            .init(String(time)), .init(report.appliedBy ?? "–"),
        ]
    }

    private func rightsLines(on terminal: Terminal) -> [String] {
        guard let rights = standing.rights else { return [] }
        var facts = Facts()
        facts.add("user", "\(rights.user): \(words(of: rights))")
        for role in ["catalyst_writer", "catalyst_reader"] {
            let members = rights.groups[role]
            let words = members.map { $0.isEmpty ? "no members" : $0.joined(separator: ", ") }
            facts.add(role, words ?? "not there: see 'catalystctl db migrate'")
        }
        return [""] + facts.lines(on: terminal)
    }

    private func words(of rights: Rights) -> String {
        if rights.mayDelete { return "may do everything; the agent needs only catalyst_writer" }
        return rights.mayWrite ? "may write, as the agent must" : "may only read"
    }

    private var nextLines: [String] {
        if let changed = standing.migrations.first(where: { $0.state == .changed }) {
            return [
                "", "'\(displayed(changed.name))' was changed after it was applied: put it back",
            ]
        }
        let isPending = standing.migrations.contains { $0.state == .pending }
        return isPending ? ["", "next: catalystctl db migrate"] : []
    }
}
