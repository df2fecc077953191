import ControlProtocol
import Glibc
import StackModel
import Testing

/// The ledger is damaged, and the agent dies while there is something to remember.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct LedgerTests {
    @Test(arguments: ["noise", "cut"])
    func `a ledger that is damaged before the start is set aside, and alerts go on`(how: String)
        throws
    {
        let folder = try Folder()
        mkdir(folder.path + "/state", 0o755)
        try folder.write(Damage.text(how), to: "state/ledger.sqlite")
        try withAgent(in: folder, { _ in Refused.stack() }) { agent in
            try agent.expectAllWell()
            let event = try agent.event(.ledger) { $0.priority == .critical }
            #expect(event.message.contains("damaged"), "\(event.message)")
            #expect(agent.setAside.count == 1, "\(agent.setAside)")
            try Refused.spoil(folder)
            agent.program.signal(SIGHUP)
            let alert = try agent.alert(about: "@agent") { $0.rule == .stackRefused }
            try agent.expectTold(.fired, of: alert.id)
        }
    }

    @Test func `a ledger that is damaged while it is used is set aside, and knows what is open`()
        throws
    {
        let folder = try Folder()
        try withAgent(in: folder, { _ in Refused.stack() }) { agent in
            try agent.expectAllWell()
            try Refused.spoil(folder)
            agent.program.signal(SIGHUP)
            let alert = try agent.alert(about: "@agent") { $0.rule == .stackRefused }
            try agent.expectTold(.fired, of: alert.id)
            // More than is read once and kept in memory.
            #expect(try agent.catalystctl("alerts", "test", "--count", "5000").status == 0)
            try Damage.overwrite("\(agent.stateFolder)/ledger.sqlite")
            // Damage shows when it is looked at.
            let isNoticed = try holds {
                try agent.catalystctl("alerts", "test", "--count", "20")
                return agent.setAside.count == 1
            }
            #expect(isNoticed, "\(names(in: agent.stateFolder))")
            #expect(holds { agent.program.errors.contains("the ledger was damaged") })
            #expect(try agent.alerts().map(\.id) == [alert.id])
            // What is durable now comes after what is open.
            #expect(try agent.catalystctl("alerts", "test", "--count", "1").status == 0)
            agent.kill9()

            try agent.startAgain()
            try agent.expectAllWell()
            // A busy machine may have an alert of its own.
            let isKnown = try holds {
                try agent.alerts().filter { $0.subject == "@agent" }.map(\.id) == [alert.id]
            }
            #expect(isKnown, "the new one was told what is open")
            try Refused.mend(folder)
            agent.program.signal(SIGHUP)
            try agent.expectTold(.resolved, of: alert.id)
            #expect(agent.told(of: alert.id).count == 1)
        }
    }

    @Test func `what was about to fire when the agent was killed fires after it`() throws {
        let folder = try Folder()
        try withAgent(in: folder, { _ in Refused.stack(after: "8s") }) { agent in
            try agent.expectAllWell()
            try Refused.spoil(folder)
            agent.program.signal(SIGHUP)
            let refusal = try agent.event(.stackRefused)
            #expect(
                holds {
                    folder.text(of: "state/ledger.sqlite-wal")?.contains("\"pending\"") == true
                })
            #expect(try agent.alerts().isEmpty)
            agent.kill9()
            let death = Timestamp.now()
            try agent.startAgain()
            let alert = try agent.alert(about: "@agent") { $0.rule == .stackRefused }
            #expect(alert.since < death, "it is true since \(refusal.time), not \(alert.since)")
            let fired = try #require(alert.firedAt)
            #expect(fired > death)
            #expect(try agent.life(of: alert.id).map(\.kind) == [.fired])
        }
    }

    @Test func `what fired before the agent was killed is not told again, but its end is`() throws {
        let folder = try Folder()
        try withAgent(in: folder, { _ in Refused.stack() }) { agent in
            try agent.expectAllWell()
            try Refused.spoil(folder)
            agent.program.signal(SIGHUP)
            let alert = try agent.alert(about: "@agent") { $0.rule == .stackRefused }
            try agent.expectTold(.fired, of: alert.id)
            for _ in 0..<2 {
                agent.kill9()
                try agent.startAgain()
                try agent.event(.stackRefused, after: 0) { $0.time > alert.since }
                try agent.expectAllWell()
                #expect(try agent.alerts().map(\.id) == [alert.id])
            }
            try Refused.mend(folder)
            agent.program.signal(SIGHUP)
            try agent.expectResolved(alert.id)
            try agent.expectTold(.resolved, of: alert.id)
            #expect(agent.told(of: alert.id).count == 1, "\(agent.program.errors)")
            #expect(try agent.life(of: alert.id).map(\.kind) == [.fired, .resolved])
            #expect(try agent.alerts(all: true).map(\.id) == [alert.id])
        }
    }
}

extension RunningAgent {
    fileprivate var setAside: [String] {
        names(in: stateFolder).filter { $0.hasPrefix("ledger.sqlite.corrupt-") }
            .filter { !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm") }
    }
}

/// A stack file with a mistake: an alert that lasts as long as the test wants, over the agent's death too.
private enum Refused {
    static func stack(after delay: String = "0s") -> String {
        Piece.stack(Piece.sleeper("one")) + """
            x-catalyst:
              metrics: off
              database: off
              alerts: {rules: {stack-refused: {for: \(delay), hold: 0s}}}

            """
    }

    static func spoil(_ folder: Folder) throws {
        try folder.write((folder.text(of: "stack.yaml") ?? "") + "servces: {}\n", to: "stack.yaml")
    }

    static func mend(_ folder: Folder) throws {
        let text = folder.text(of: "stack.yaml") ?? ""
        try folder.write(text.replacing("servces: {}\n", with: ""), to: "stack.yaml")
    }
}

private enum Damage {
    static func text(_ how: String) -> String {
        how == "noise"
            ? String((0..<50_000).map { _ in Character(Unicode.Scalar(UInt8.random(in: 1...127))) })
            : "SQLite format 3\u{0}\u{10}\u{0}"
    }

    /// All of it, header and pages.
    static func overwrite(_ path: String) throws {
        for path in [path, path + "-wal"] {
            var status = Glibc.stat()
            guard stat(path, &status) == 0 else { throw Failure("there is no '\(path)'") }
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            defer { close(descriptor) }
            let noise = [UInt8](repeating: 0x5A, count: Int(status.st_size))
            guard pwrite(descriptor, noise, noise.count, 0) == noise.count else {
                throw Failure("cannot overwrite '\(path)': \(errno)")
            }
        }
    }
}
