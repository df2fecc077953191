import ControlProtocol
import Glibc
import StackModel
import Testing

/// What ends, ends whole and in order.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct StopTests {
    @Test func `grandchildren with sessions of their own are gone after a stop`() throws {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("news", port: port, ["--fork", "3", "--fork-setsid"])))
        { agent in
            try agent.expectAllWell()
            let mark = "CATALYST_INSTANCE=\(agent.identity).news."
            #expect(holds { ProcessEntry.marked(mark).count == 4 })
            #expect(try agent.catalystctl("stop", "news").status == 0)
            #expect(ProcessEntry.marked(mark).isEmpty)
            #expect(try agent.catalystctl("start", "news").status == 0)
            let main = try agent.pid(of: "news")
            let orphans = ProcessEntry.marked(mark).filter { $0.pid != main }
            kill(main, SIGKILL)
            try agent.expect("news", "is back") { $0.restarts == 2 && $0.health == .healthy }
            #expect(
                orphans.allSatisfy { !$0.isAlive }, "what a crash leaves goes before the next start"
            )
        }
    }

    @Test func `a service that ignores SIGTERM is killed after its grace`() throws {
        let script = "trap \"\" TERM; while :; do sleep 0.05; done"
        try withAgent(
            Piece.stack(Piece.shell("stubborn", script, more: "stop_grace_period: 500ms"))
        ) { agent in
            try agent.expectAllWell()
            // The shell ignores the signal from its first command on.
            let pid = try agent.pid(of: "stubborn")
            #expect(holds { ignores(SIGTERM, pid) })
            #expect(try agent.catalystctl("stop", "stubborn").status == 0)
            let stopping = try agent.event(.stopping, of: "stubborn")
            let exited = try agent.event(.exited, of: "stubborn")
            #expect(exited.message == "was killed by SIGKILL")
            #expect(exited.time - stopping.time >= .milliseconds(500))
            #expect(exited.time - stopping.time < .seconds(3))
        }
    }

    @Test func `the stack stops dependents first, and starts in order again`() throws {
        let stack = Piece.stack(
            Piece.sleeper("one"), Piece.sleeper("two", more: "depends_on: [one]"),
            Piece.sleeper("three", more: "depends_on: [two]"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("down").status == 0)
            let events = try agent.events()
            func id(_ kind: EventRecord.Kind, _ name: ServiceName) -> UInt64 {
                events.last { $0.kind == kind && $0.service == name }?.id ?? 0
            }
            #expect(id(.down, "three") < id(.stopping, "two"))
            #expect(id(.down, "two") < id(.stopping, "one"))
            #expect(try agent.status().state == .down)
            #expect(try agent.catalystctl("up").status == 0)
            #expect(try agent.status().state == .healthy)
        }
    }

    @Test func `stopping what others need leaves them running, unblamed`() throws {
        let stack = Piece.stack(
            Piece.sleeper("one"), Piece.sleeper("two", more: "depends_on: [one]"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let two = try agent.pid(of: "two")
            #expect(try agent.catalystctl("stop", "one").status == 0)
            #expect(try agent.pid(of: "two") == two)
            #expect(try agent.service("one").state == .down)
        }
    }

    @Test func `a second SIGINT hastens`() throws {
        let script = "trap \"\" TERM; while :; do sleep 0.05; done"
        try withAgent(Piece.stack(Piece.shell("stubborn", script, more: "stop_grace_period: 10m")))
        { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "stubborn")
            #expect(holds { ignores(SIGTERM, pid) })
            agent.program.signal(SIGINT)
            try agent.expect("stubborn", "is stopping") { $0.state == .stopping }
            agent.program.signal(SIGINT)
            #expect(agent.program.exitCode(within: .seconds(10)) == 0)
            #expect(!isAlive(pid))
            #expect(agent.program.errors.contains("SIGINT again: killing what still runs"))
        }
    }

    @Test func `a stopped process hears that it shall end`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one", more: "stop_grace_period: 10m"))) { agent in
            try agent.expectAllWell()
            kill(try agent.pid(of: "one"), SIGSTOP)
            #expect(try agent.catalystctl("stop", "one").status == 0)
            #expect(try agent.event(.exited, of: "one").message == "was killed by SIGTERM")
        }
    }

    @Test func `the stop signal is the service's own`() throws {
        let script = "trap \"echo got USR2; exit 0\" USR2; echo ready; while :; do sleep 0.05; done"
        try withAgent(Piece.stack(Piece.shell("polite", script, more: "stop_signal: SIGUSR2"))) {
            agent in
            try agent.expectLog("ready", of: "polite")
            #expect(try agent.catalystctl("stop", "polite").status == 0)
            #expect(try agent.event(.exited, of: "polite").message == "exited with code 0")
            #expect(try agent.catalystctl("logs", "polite").output.contains("got USR2"))
        }
    }

    @Test func `several are restarted one after another, each when the one before is well`() throws
    {
        let ports = try (0..<3).map { _ in try freePort() }
        let names: [ServiceName] = ["one", "two", "three"]
        try withAgent(
            "services:\n"
                + zip(names, ports).map { Piece.web($0.text, port: $1) }.joined(separator: "\n")
                + "\n" + Piece.soak("200ms")
        ) { agent in
            try agent.expectAllWell()
            let before = try agent.status().services.compactMap(\.pid)
            let last = try agent.lastEventID()
            let outcome = try agent.catalystctl("restart", "one", "two", "three")
            #expect(outcome.status == 0, "\(outcome)")
            let after = try agent.status()
            #expect(Set(before).isDisjoint(with: after.services.compactMap(\.pid)))
            #expect(after.state == .healthy)
            var underway: ServiceName?
            for event in try agent.events() where event.id > last {
                if event.kind == .stopping {
                    #expect(
                        underway == nil,
                        "'\(event.service?.text ?? "")' while '\(underway?.text ?? "")' is not back"
                    )
                    underway = event.service
                } else if event.kind == .healthy, event.service == underway {
                    underway = nil
                }
            }
        }
    }

    @Test func `a restart that goes wrong leaves the others alone`() throws {
        let folder = try Folder()
        let marker = "\(folder.path)/broken"
        let bad = Piece.shell(
            "two", "[ ! -e \(marker) ] || exit 5; touch \(folder.path)/ready; exec sleep 1000",
            more: """
                restart: always
                healthcheck: {test: [CMD, rm, \(folder.path)/ready], interval: 10s, retries: 1, start_period: 1s}
                """)
        try withAgent(
            in: folder,
            { _ in
                Piece.stack(Piece.sleeper("one"), bad, Piece.sleeper("three")) + Piece.soak("200ms")
            }
        ) { agent in
            try agent.expectAllWell()
            let one = try agent.pid(of: "one")
            try folder.write("", to: "broken")
            let outcome = try agent.catalystctl("restart", "three", "two", "one")
            #expect(outcome.status == 1, "\(outcome)")
            #expect(outcome.errors.contains("two"), "\(outcome)")
            #expect(try agent.pid(of: "one") == one)
            unlink(marker)
            try agent.expectAllWell()
        }
    }
}

/// Whether a process ignores a signal.
func ignores(_ signal: CInt, _ pid: pid_t) -> Bool {
    let lines = (contents(of: "/proc/\(pid)/status") ?? "").split(separator: "\n")
    guard let line = lines.first(where: { $0.hasPrefix("SigIgn:") }),
        let mask = UInt64(line.split(separator: "\t").last ?? "", radix: 16)
    else { return false }
    return mask >> UInt64(signal - 1) & 1 == 1
}
