import ControlProtocol
import Glibc
import StackModel
import Testing

/// The agent itself comes and goes.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct AgentLifeTests {
    @Test func `the operator's wishes survive the agent`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"), Piece.sleeper("two"))) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("stop", "two").status == 0)
            try agent.stop()
            try agent.startAgain()
            try agent.expect("one", "is up") { $0.state == .up }
            #expect(try agent.service("two").state == .down)
            #expect(try agent.service("two").wanted == false)
            #expect(try agent.catalystctl("start", "two").status == 0)
            agent.kill9()
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(try agent.service("two").state == .up)
        }
    }

    @Test func `after kill -9 the next agent takes over what runs, and never starts it again`()
        throws
    {
        let folder = try Folder()
        let script = """
            cd \(folder.path); [ ! -e pid ] || touch twice
            echo $$ > pid; setsid sleep 1000 & exec sleep 1000
            """.replacing("\n", with: "; ")
        try withAgent(
            in: folder,
            { _ in
                Piece.stack(
                    Piece.shell("one", script), Piece.sleeper("two", more: "restart: always"))
            }
        ) { agent in
            try agent.expectAllWell()
            #expect(holds { agent.processes(of: "one").count == 2 })
            // On its way to exec one shows no mark.
            let mark = "CATALYST_INSTANCE=\(agent.identity)."
            #expect(holds { ProcessEntry.marked(mark).count == 3 })
            let old = ProcessEntry.marked(mark)
            let pids = try agent.pids()
            agent.kill9()
            #expect(old.allSatisfy { $0.isAlive }, "the services go on without the agent")
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(old.allSatisfy { $0.isAlive })
            #expect(try agent.pids() == pids)
            #expect(folder.text(of: "twice") == nil)
            #expect(try agent.service("one").restarts == 0)
            try agent.event(.adopted, of: "one")
            // It looks after them as after its own.
            kill(try agent.pid(of: "two"), SIGKILL)
            try agent.expect("two", "is there again") { $0.pid != nil && $0.pid != pids["two"] }
            #expect(try agent.catalystctl("stop", "one").status == 0)
            #expect(holds { agent.processes(of: "one").isEmpty })
        }
    }

    @Test func `after kill -9 what is defined otherwise by now is replaced`() throws {
        let stack = Piece.stack(Piece.sleeper("one"), Piece.sleeper("two"), Piece.sleeper("three"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            agent.kill9()
            let changed = Piece.stack(
                Piece.sleeper("one"), Piece.sleeper("two").replacing("100000", with: "100001"))
            try agent.folder.write(changed, to: "stack.yaml")
            try agent.startAgain()
            try agent.expect("the new stack, well") {
                $0.services.count == 2 && $0.state == .healthy
                    && $0.services.last?.pid != before["two"]
            }
            #expect(try agent.pid(of: "one") == before["one"])
            try agent.expectOneEach(["one", "two"])
            #expect(agent.processes(of: "three").isEmpty)
        }
    }

    @Test func `kill -9 again and again leaves one instance of each`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"), Piece.sleeper("two"))) { agent in
            for _ in 0..<4 {
                agent.kill9()
                try agent.startAgain()
            }
            try agent.expectAllWell()
            try agent.expectOneEach(["one", "two"])
        }
    }

    @Test func `a second agent is refused with a clear sentence`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            let same = try run(agent.flags, in: agent.folder)
            #expect(same.status == 111)
            #expect(
                same.errors.contains(
                    "another catalystd uses the state directory '\(agent.stateFolder)': stop it, or give this one another with --state"
                ))
            let other = try run(
                agent.flags + ["--state", "\(agent.folder.path)/other"], in: agent.folder)
            #expect(other.status == 111)
            #expect(
                other.errors.contains(agent.socketPath) && other.errors.contains("in use"),
                "\(other)")
            #expect(cgroup(named: "catalyst-\(identity(of: agent.folder.path + "/other"))") == nil)
            try agent.expectAllWell()
            #expect(try agent.service("one").restarts == 0)
        }
    }

    @Test func `impossible flags and a missing stack file are 100`() throws {
        let folder = try Folder()
        let daemon = Program.folder + "/catalystd"
        let unknown = try run([daemon, "--stakc", "x"], in: folder)
        #expect(unknown.status == 100)
        #expect(unknown.errors.contains("there is no flag '--stakc'"))
        let missing = try run(
            [
                daemon, "--stack", "\(folder.path)/none.yaml", "--state", "\(folder.path)/s",
                "--socket", "\(folder.path)/c",
            ],
            in: folder)
        #expect(missing.status == 100)
        #expect(missing.errors.contains("none.yaml"), "\(missing)")
        #expect(missing.errors.contains("there is no stack to run"))
    }

    @Test func `a broken stack file at boot starts the last good stack`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            #expect(holds { agent.folder.text(of: "state/last-good-stack.json") != nil })
            try agent.stop()
            try agent.folder.write(
                "services:\n  one:\n    comand: [sleep, '1']\n", to: "stack.yaml")
            try agent.startAgain()
            try agent.expectAllWell()
            let status = try agent.status()
            #expect(status.services.map(\.name) == ["one"])
            let note = status.notes.first { $0.contains("the last good stack runs") } ?? ""
            #expect(
                note.contains("stack.yaml:2") && note.contains("(and 1 more)"), "\(status.notes)")
            #expect(
                try agent.events().contains {
                    $0.kind == .stackRefused && $0.message.contains("'comand'")
                })
            try agent.folder.write(Piece.stack(Piece.sleeper("one")), to: "stack.yaml")
            #expect(try agent.catalystctl("reload").status == 0)
            #expect(try agent.status().notes.allSatisfy { !$0.contains("last good") })
        }
    }

    @Test func `an agent that is stopped while it starts leaves nothing`() throws {
        let folder = try Folder()
        let agent = try RunningAgent(
            Piece.stack(Piece.sleeper("one"), Piece.sleeper("two")), in: folder)
        defer { agent.sweep() }
        try agent.stop()
        for delay in stride(from: 0, to: 200_000, by: 20_000) {
            let program = try Program(agent.flags, in: folder)
            // Not a wait for anything: the moment of the signal is what is tried.
            usleep(useconds_t(delay))
            // Before it blocks the signal, and without a stack, it may just die of it.
            program.signal(SIGTERM)
            let code = program.exitCode(within: .seconds(10))
            #expect(code == 0 || code == -SIGTERM, "after \(delay) us: \(program.errors)")
            #expect(holds { ProcessEntry.marked("CATALYST_INSTANCE=\(agent.identity).").isEmpty })
        }
        try agent.startAgain()
        try agent.expectAllWell()
        try agent.stop()
    }

    @Test func `systemd is told when it is ready, alive and stopping`() throws {
        let folder = try Folder()
        let systemd = try Datagrams("\(folder.path)/notify")
        let environment = ["NOTIFY_SOCKET=\(folder.path)/notify", "WATCHDOG_USEC=300000"]
        try withAgent(
            in: folder, environment: environment, { _ in Piece.stack(Piece.sleeper("one")) }
        ) { agent in
            try agent.expectAllWell()
            #expect(holds { systemd.heard.contains { $0.hasPrefix("READY=1\nSTATUS=") } })
            #expect(holds { systemd.heard.count { $0.contains("WATCHDOG=1") } >= 5 })
            #expect(holds { systemd.heard.contains("STATUS=1 of 1 services are well") })
            try agent.stop()
            #expect(systemd.heard.contains("STOPPING=1"))
            #expect(!contains(systemd.heard, "WATCHDOG=1", after: "STOPPING=1", more: 5))
        }
    }

    private func contains(_ heard: [String], _ text: String, after other: String, more limit: Int)
        -> Bool
    {
        (heard.firstIndex(of: other).map { heard[$0...].count { $0 == text } } ?? 0) > limit
    }

    /// Needs root to mount a small disk.
    @Test(.enabled(if: geteuid() == 0)) func `a full disk stops no service and not the agent`()
        throws
    {
        let folder = try Folder()
        mkdir("\(folder.path)/state", 0o755)
        guard mount("tmpfs", "\(folder.path)/state", "tmpfs", 0, "size=400k") == 0 else { return }
        defer { umount2("\(folder.path)/state", CInt(MNT_DETACH)) }
        let port = try freePort()
        let stack = Piece.stack(
            Piece.web("quiet", port: port), Piece.shell("loud", "while :; do seq 10000; done"))
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            try agent.event(.logsDropped, of: "loud")
            #expect(try agent.catalystctl("restart", "quiet").status == 0)
            #expect(try agent.catalystctl("stop", "loud").status == 0)
            #expect(try agent.service("quiet").health == .healthy)
        }
    }

    @Test func `what its starter left open or told it is not passed on to services`() throws {
        let folder = try Folder()
        let starter = "exec 9>\(folder.path)/lock; exec \"$0\" \"$@\""
        let agent = try RunningAgent(
            Piece.stack(Piece.sleeper("one")), in: folder, environment: ["SECRET=1"],
            prefix: ["/bin/sh", "-c", starter])
        defer { agent.sweep() }
        try agent.expectAllWell()
        #expect(names(in: "/proc/\(agent.pid)/fd").contains("9"))
        #expect(names(in: "/proc/\(try agent.pid(of: "one"))/fd").sorted() == ["0", "1", "2"])
        let environment = contents(of: "/proc/\(try agent.pid(of: "one"))/environ") ?? ""
        #expect(!environment.contains("SECRET"))
        try agent.stop()
    }

    /// Needs root for the PID namespace.
    @Test(.enabled(if: geteuid() == 0))
    func `as PID 1 it reaps orphans, stops in order, and says how it ended`() throws {
        let folder = try Folder()
        let orphans =
            "for i in 1 2 3 4 5; do (setsid sh -c \"sleep 0.1\" &) ; done; exec sleep 1000"
        let stack = Piece.stack(
            Piece.shell("one", orphans), Piece.sleeper("two", more: "depends_on: [one]"))
        let agent = try RunningAgent(
            stack, in: folder,
            prefix: ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"])
        defer { agent.sweep() }
        try agent.expectAllWell()
        let inner = try #require(ProcessEntry.all().first { $0.parent == agent.pid })
        #expect(try agent.status().agent.pid == 1)
        #expect(
            holds { !ProcessEntry.descendants(of: inner.pid).contains { $0.state == "Z" } },
            "orphans are reaped")
        kill(inner.pid, SIGTERM)
        #expect(agent.program.exitCode(within: .seconds(20)) == 0)
        #expect(agent.program.errors.order(of: "two: stopped", before: "one: stopping"))
        #expect(ProcessEntry.marked("CATALYST_INSTANCE=\(agent.identity).").isEmpty)
        #expect(names(in: "\(agent.folder.path)/fifo-\(agent.identity)").isEmpty)
    }
}
