import ControlProtocol
import Glibc
import StackModel
import Testing

/// The control socket, as used by those who mean no good or know no better.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct ControlTests {
    @Test(arguments: [
        "garbage", "{}", #"{"command":"explode"}"#, #"{"command":7}"#, "[1,2]",
        #"{"command":"status","tail":"x"}"#,
        "\u{0}\u{1}\u{2}", #"{"command":"status","services":"redis"}"#,
        #"{"command":"start","services":["nobody"]}"#,
    ])
    func `nonsense is answered with a sentence, and the connection goes on`(line: String) throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            let socket = try agent.connect()
            socket.send(line + "\n")
            let reply = try socket.reply()
            #expect(reply.last)
            let error = try #require(reply.error)
            #expect([.badRequest, .unknownService].contains(error.code))
            #expect(
                !error.message.isEmpty && !error.message.contains("DecodingError"),
                "\(error.message)")
            #expect(try socket.ask(ControlRequest(.version)).last?.version?.pid == agent.pid)
        }
    }

    @Test func `a line without an end is cut off`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            let socket = try agent.connect()
            socket.send(String(repeating: "x", count: 1 << 20))
            let line = try socket.line()
            #expect(
                line == nil
                    || line?.contains("longer than \(ControlLimits.requestBytesMax) bytes") == true)
            #expect(try agent.status().services.count == 1)
        }
    }

    @Test func `half a request, and none at all, cost nothing`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            for text in ["{\"command\":", "", "{\"command\":\"events\",\"follow\":true}\n"] {
                for _ in 0..<20 {
                    let socket = try agent.connect()
                    socket.send(text)
                    socket.hangUp()
                }
            }
            try agent.expectAllWell()
            #expect(holds { names(in: "/proc/\(agent.pid)/fd").count < 60 })
        }
    }

    @Test func `a hundred idle connections do not lock the operator out`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            let idle = try (0..<100).map { _ in try agent.connect() }
            #expect(try agent.catalystctl("status").status == 0)
            #expect(try agent.catalystctl("restart", "one").status == 0)
            idle.forEach { $0.hangUp() }
        }
    }

    @Test func `several requests in one go are answered in turn`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            let socket = try agent.connect()
            socket.send(
                #"{"command":"version"}"# + "\n" + #"{"command":"status"}"# + "\n"
                    + #"{"command":"limits"}"# + "\n")
            #expect(try socket.reply().version != nil)
            #expect(try socket.reply().status != nil)
            #expect(try socket.reply().limits?.isEmpty == false)
        }
    }

    @Test func `one who follows and never reads holds nobody up`() throws {
        try withAgent(
            Piece.stack(
                Piece.shell(
                    "loop", "exit 1",
                    more: """
                        restart: always
                        x-catalyst: {backoff: {initial: 1ms, max: 1ms, jitter: 0}}
                        """))
        ) { agent in
            let deaf = try agent.connect()
            deaf.send(#"{"command":"events","follow":true}"# + "\n")
            let isBusy = try holds { try agent.lastEventID() > 500 } as Bool
            #expect(isBusy)
            #expect(try agent.status().services.count == 1)
        }
    }

    @Test func `events can be followed`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"), Piece.sleeper("two"))) { agent in
            try agent.expectAllWell()
            let socket = try agent.connect()
            socket.send(#"{"command":"events","follow":true,"tail":0,"services":["one"]}"# + "\n")
            // It is followed from when the agent has read this.
            _ = try agent.status()
            try agent.catalystctl("restart", "two", "one")
            var kinds: [EventRecord.Kind] = []
            while kinds.last != .ready {
                let event = try socket.reply().event
                if let event, event.kind != .rolling { kinds.append(event.kind) }
            }
            #expect(kinds == [.stopping, .exited, .started, .ready])
        }
    }

    @Test func `why says what is wrong with all, and nothing where nothing is`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            #expect(try agent.ask(ControlRequest(.why)).last?.message == "nothing is wrong")
            let unknown = try agent.catalystctl("why", "onne")
            #expect(unknown.status == 2)
            #expect(unknown.errors.contains("did you mean 'one'"))
        }
    }

    /// Needs root to become somebody else.
    @Test(.enabled(if: geteuid() == 0 && isInstalled("setpriv"), "needs root and setpriv"))
    func `whoever is not of the right group may not ask`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            chmod(agent.folder.path, 0o755)
            let ask =
                "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode()+b'\\n'); print(s.makefile().readline())"
            func asked(_ command: String) throws -> String {
                try run(
                    [
                        "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", python,
                        "-c", ask, agent.socketPath, "{\"command\":\"\(command)\"}",
                    ],
                    in: agent.folder, environment: ["PATH=/usr/bin:/bin"]
                ).output
            }
            #expect(try asked("status").contains("not-allowed"))
            let down = try asked("down")
            #expect(
                down.contains("not-allowed")
                    && down.contains("ask as root or as a member of group 'catalyst-admin'"),
                "\(down)")
            try agent.expectAllWell()
        }
    }
}
