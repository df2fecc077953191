import ControlProtocol
import Glibc
import StackModel
import Testing

/// Backups of a machine whose agent runs.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct BackupTests {
    @Test(.enabled(if: isInstalled("redis-server"), "redis-server is not installed"))
    func `a backup while the nine run and write holds the alerts, and another agent reads it`()
        throws
    {
        let nine = try Nine()
        let (machine, other) = (try Machine(), try Folder())
        let watch = "x-catalyst: {watch: {backups: \(nine.folder.path)/none}}\n"
        var known: Alert?
        try withAgent(in: nine.folder, { _ in nine.stack + watch }) { agent in
            try agent.expectAllWell()
            let alert = try agent.alert(about: "@backup")
            try agent.expectTold(.fired, of: alert.id)
            known = alert
            #expect(try agent.catalystctl("alerts", "test", "--count", "300").status == 0)
            let file = try machine.backUp(agent)
            let pids = try agent.status().services.map(\.pid)
            // It is written to while it is copied.
            let writer = try Program(
                [
                    Program.folder + "/catalystctl", "--socket", agent.socketPath, "alerts", "test",
                    "--count", "2000",
                ], in: nine.folder)
            _ = try machine.backUp(agent)
            #expect(writer.exitCode(within: .seconds(30)) == 0)
            try agent.expectAllWell()
            #expect(try agent.status().services.map(\.pid) == pids)
            #expect(try agent.events(of: nil).allSatisfy { $0.kind != .ledger })
            #expect(
                !names(in: agent.stateFolder).contains { $0.hasPrefix("snapshot-") },
                "who asked has taken it away")
            try machine.restore(file, to: other.path + "/state")
        }
        try withAgent(in: other, { _ in Piece.stack(Piece.sleeper("one")) }) { agent in
            try agent.expectAllWell()
            let restored = try agent.alerts(all: true).first { $0.id == known?.id }
            #expect(restored?.since == known?.since && restored?.rule == .backupOld)
            #expect(try agent.life(of: known?.id ?? 0).first?.kind == .fired)
            let events = try agent.events().filter { $0.service == "trading" }
            #expect(events.contains { $0.kind == .healthy }, "what the nine went through")
        }
    }

    @Test func `the agent keeps one copy at a time, for its owner alone`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            let first = try #require(try agent.ask(ControlRequest(.snapshot)).last?.path)
            let second = try #require(try agent.ask(ControlRequest(.snapshot)).last?.path)
            #expect(first != second)
            let copies = names(in: agent.stateFolder).filter { $0.hasPrefix("snapshot-") }
            #expect(copies.map { "\(agent.stateFolder)/\($0)" } == [second])
            var status = stat()
            #expect(stat(second, &status) == 0 && status.st_mode & 0o777 == 0o600)
            #expect(status.st_size > 0)
        }
    }

    @Test func `a copy that cannot be made is told, and the ledger goes on`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            mkdir("\(agent.stateFolder)/snapshot-1.sqlite", 0o755)
            let refusal = try #require(try agent.ask(ControlRequest(.snapshot)).last?.error)
            #expect(refusal.code == .failed)
            #expect(refusal.message.contains("snapshot-1.sqlite': file exists"), "\(refusal)")
            #expect(try agent.ask(ControlRequest(.snapshot)).last?.path != nil)
            #expect(try agent.alerts().isEmpty)
        }
    }

    @Test
    func `backups and snapshots that are old, or not there, are alerts, and new ones end them`()
        throws
    {
        let folder = try Folder()
        let saved = "\(folder.path)/saved"
        let watch = """
            x-catalyst:
              watch: {backups: \(saved), snapshots: \(saved)/snapshot.json}
              alerts: {rules: {backup-old: {hold: 0}, snapshot-old: {hold: 0}}}

            """
        mkdir(saved, 0o700)
        let old = #"{"id": "1", "name": "n", "time": "2020-01-01T00:00:00Z"}"#
        try folder.write(old, to: "saved/snapshot.json", mode: 0o600)
        try withAgent(in: folder, { _ in Piece.stack(Piece.sleeper("one")) + watch }) { agent in
            let backup = try agent.alert(about: "@backup") { $0.rule == .backupOld }
            #expect(backup.summary == "there is no backup")
            let snapshot = try agent.alert(about: "@snapshot") { $0.rule == .snapshotOld }
            #expect(snapshot.summary.hasPrefix("the newest snapshot of the droplet is "))
            let reading = try agent.status().host.readings["@snapshot"]?[.snapshotAge]
            #expect(reading.map { $0 > 1e8 } == true, "\(String(describing: reading))")
        }
    }
}

/// A machine's configuration beside a test's agent.
private struct Machine {
    let folder = try? Folder()
    let root: String

    init() throws {
        guard let folder else { throw Failure("no directory") }
        root = folder.path
        for part in ["/etc", "/etc/catalyst"] { mkdir(root + part, 0o755) }
        try folder.write("services: {}\n", to: "etc/catalyst/stack.yaml")
    }

    /// Returns the backup's path.
    func backUp(_ agent: RunningAgent) throws -> String {
        let made = try run(
            [
                Program.folder + "/catalystctl", "backup", "--root", root, "--to",
                root + "/backups",
                "--state", agent.stateFolder, "--socket", agent.socketPath,
            ], in: agent.folder, within: .seconds(120))
        guard made.status == 0 else { throw Failure("no backup: \(made)") }
        return String(made.output.prefix { $0 != "\n" })
    }

    func restore(_ file: String, to state: String) throws {
        let folder = try Folder()
        let done = try run(
            [
                Program.folder + "/catalystctl", "restore", file, "--yes", "--root",
                folder.path + "/other", "--state", state,
            ], in: folder, within: .seconds(120))
        guard done.status == 0 else { throw Failure("not restored: \(done)") }
    }
}
