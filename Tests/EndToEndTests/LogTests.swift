import ControlProtocol
import Glibc
import StackModel
import Testing

/// What services write, from the pipe to the operator.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct LogTests {
    @Test func `lines of several services are merged, cut to a tail, searched and limited in time`()
        throws
    {
        let folder = try Folder()
        let one =
            "echo one 1; echo one 2 >&2; while [ ! -e \(folder.path)/go ]; do sleep 0.02; done; echo one later; exec sleep 1000"
        let two = "echo two 1; echo two ERROR; exec sleep 1000"
        try withAgent(
            in: folder, { _ in Piece.stack(Piece.shell("one", one), Piece.shell("two", two)) }
        ) { agent in
            try agent.expectLog("one 2", of: "one")
            try agent.expectLog("two ERROR", of: "two")
            let all = try agent.ask(ControlRequest(.logs)).compactMap(\.log)
            #expect(all.map(\.time) == all.map(\.time).sorted())
            #expect(Set(all.map(\.text)) == ["one 1", "one 2", "two 1", "two ERROR"])
            #expect(all.first { $0.text == "one 2" }?.stream == .stderr)
            #expect(try agent.catalystctl("logs", "--grep", "ERROR").output.contains("two ERROR"))
            #expect(try !agent.catalystctl("logs", "--grep", "ERROR").output.contains("one"))
            let tail = try agent.catalystctl("logs", "--tail", "1", "--json").output
            #expect(tail.contains("one 2") && tail.contains("two ERROR") && !tail.contains("two 1"))

            let now = Timestamp.now()
            try folder.write("", to: "go")
            try agent.expectLog("one later", of: "one")
            let since = try agent.catalystctl("logs", "--since", "\(now)").output
            #expect(since.contains("one later") && !since.contains("one 1"), "\(since)")
        }
    }

    @Test func `following shows what comes, also across a restart of the service`() throws {
        try withAgent(
            Piece.stack(
                Piece.shell("one", "echo begin $$; exec sleep 1000", more: "restart: always"))
        ) { agent in
            try agent.expectLog("begin", of: "one")
            let follower = try Program(
                [Program.folder + "/catalystctl", "--socket", agent.socketPath, "logs", "-f"],
                in: agent.folder)
            #expect(holds { follower.output.contains("begin") })
            kill(try agent.pid(of: "one"), SIGKILL)
            #expect(holds { follower.output.split(separator: "\n").count == 2 })
            #expect(follower.isRunning)
            follower.signal(SIGINT)
            #expect(follower.exitCode(within: .seconds(5)) != nil)
        }
    }

    @Test func `the last words before a crash are in 'why'`() throws {
        let script = "echo starting; echo Traceback: no such table >&2; exit 1"
        try withAgent(Piece.stack(Piece.shell("one", script))) { agent in
            try agent.expect("one", "is down") { $0.state == .down }
            #expect(try agent.catalystctl("why", "one").output.contains("Traceback: no such table"))
        }
    }

    @Test func `a flood of one service disturbs no other and stays within its files`() throws {
        let ports = try (0..<2).map { _ in try freePort() }
        let small = "logging: {driver: json-file, options: {max-size: 1m, max-file: 3}}"
        let stack = Piece.stack(
            Piece.web(
                "loud", port: ports[0], ["--log-flood", "20000000"],
                rules: "interval: 5s, timeout: 4s, retries: 3, start_period: 60s", more: small),
            Piece.web(
                "quiet", port: ports[1],
                rules: "interval: 200ms, timeout: 1s, retries: 2, start_period: 60s"))
        try withAgent(stack) { agent in
            try agent.expectAllWell()
            let logs = "\(agent.stateFolder)/logs"
            #expect(holds { size(below: logs) > 2 << 20 }, "it writes")
            let last = try agent.lastEventID()
            let begin = ContinuousClock.now
            #expect(
                holds { ContinuousClock.now - begin > .seconds(2) || size(below: logs) > 4 << 20 })
            #expect(size(below: logs) < 4 << 20)
            #expect(try agent.events().filter { $0.id > last && $0.service == "quiet" }.isEmpty)
            #expect(try agent.service("quiet").health == .healthy)
            #expect(
                try agent.catalystctl("logs", "--tail", "3", "loud").output.contains(
                    "catalyst catalyst"))
        }
    }

    @Test func `bytes that are no text are no trouble`() throws {
        let script =
            "printf \"nul \\\\000 bad \\\\377 end\\\\n\"; head -c 3000000 /dev/zero | tr \"\\\\0\" x; echo; echo after; exec sleep 1000"
        try withAgent(Piece.stack(Piece.shell("one", script))) { agent in
            try agent.expectLog("after", of: "one")
            let texts = try agent.ask(ControlRequest(.logs, tail: 100_000)).compactMap(\.log?.text)
            #expect(
                texts.first?.hasPrefix("nul ") == true && texts.first?.hasSuffix(" end") == true)
            #expect(
                texts.map { $0.utf8.filter { $0 == UInt8(ascii: "x") }.count }.reduce(0, +)
                    >= 3_000_000)
        }
    }
}

func size(below path: String) -> Int {
    var status = stat()
    guard lstat(path, &status) == 0 else { return 0 }
    guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_size) }
    return names(in: path).map { size(below: "\(path)/\($0)") }.reduce(0, +)
}
