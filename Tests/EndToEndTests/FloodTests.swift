import ControlProtocol
import Glibc
import StackModel
import Testing

/// The control socket while many want much of it.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct FloodTests {
    /// Some ask without a pause and never read, some send a byte now and then, some connect and go, some nest.
    private static let flood = """
        import socket, sys, time
        def connect():
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            s.setblocking(False)
            return s
        def say(s, text):
            try:
                s.send(text)
            except OSError:
                pass
        askers = [connect() for _ in range(10)]
        slow = [connect() for _ in range(10)]
        print("there", flush=True)
        while True:
            for s in askers: say(s, b'{"command":"status"}\\n' * 50)
            for s in slow: say(s, b'{')
            for _ in range(20):
                try:
                    s = connect()
                except OSError:
                    continue
                say(s, b'[' * 10000 + b'\\n')
                s.close()
            time.sleep(0.002)
        """

    @Test func `in a flood the operator is answered, and services are probed and restarted`() throws
    {
        let folder = try Folder()
        try folder.write(Self.flood, to: "flood.py")
        let port = try freePort()
        try withAgent(
            in: folder,
            { _ in
                Piece.stack(
                    Piece.web("web", port: port), Piece.sleeper("one", more: "restart: always"))
            }
        ) { agent in
            try agent.expectAllWell()
            let before = (one: try agent.pid(of: "one"), web: try agent.pid(of: "web"))
            let flood = try Program(
                [python, "\(folder.path)/flood.py", agent.socketPath], in: folder)
            defer { flood.end() }
            #expect(holds { flood.output.contains("there") })
            // Who asks as often as the flood, as the same user, may have to ask again.
            func becomes(_ name: ServiceName, _ condition: (ServiceStatus) -> Bool) -> Bool {
                holds { (try? agent.service(name)).map(condition) ?? false }
            }
            for _ in 0..<5 {
                #expect(try holds { try agent.catalystctl("status").status == 0 })
            }
            kill(before.one, SIGKILL)
            #expect(becomes("one") { $0.restarts == 1 && $0.state == .up })
            try http("POST", port: port, "/fault/unhealthy")
            #expect(becomes("web") { $0.health == .unhealthy || $0.pid != before.web })
            #expect(flood.isRunning, "\(flood.errors)")
            flood.end()
            try agent.expectAllWell()
            #expect(holds { names(in: "/proc/\(agent.pid)/fd").count < 60 })
        }
    }
}
