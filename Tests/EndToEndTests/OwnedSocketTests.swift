import ControlProtocol
import Glibc
import StackModel
import Testing

/// Sockets that the agent owns: what a service gets, and what callers see of its deaths.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct OwnedSocketTests {
    /// What a service finds, in one line.
    private static let look = """
        import os, socket, time
        s = socket.socket(fileno=3)
        e = os.environ
        print("names", e["LISTEN_FDS"], e["LISTEN_FDNAMES"], e["CATALYST_LISTEN_FD"], flush=True)
        print("pid is its own:", e["LISTEN_PID"] == str(os.getpid()), flush=True)
        option = lambda level, name: s.getsockopt(level, name) != 0
        print("nodelay", option(socket.IPPROTO_TCP, socket.TCP_NODELAY),
              "reuseport", option(socket.SOL_SOCKET, socket.SO_REUSEPORT),
              "listens", option(socket.SOL_SOCKET, socket.SO_ACCEPTCONN),
              "blocks", os.get_blocking(3), flush=True)
        print("open:", sorted(int(n) for n in os.listdir("/proc/self/fd"))[:4], flush=True)
        print("address", s.getsockname(), flush=True)
        time.sleep(100000)

        """

    @Test func `a service finds its socket as descriptor 3, described truthfully, and no other`()
        throws
    {
        let folder = try Folder()
        try folder.write(Self.look, to: "look.py")
        let port = try freePort()
        let stack = """
            services:
              look:
                command: [\(python), \(folder.path)/look.py]
                x-catalyst: {listen: '127.0.0.1:\(port)'}
              alone:
                command: [sleep, '100000']

            """
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            for _ in 0..<2 {
                for line in [
                    "names 1 look 3", "pid is its own: True",
                    "nodelay True reuseport True listens True blocks True",
                    "address ('127.0.0.1', \(port))",
                ] { try agent.expectLog(line, of: "look") }
                #expect(try agent.catalystctl("restart", "look").status == 0)
            }
            let alone = contents(of: "/proc/\(try agent.pid(of: "alone"))/environ") ?? ""
            #expect(alone.contains("CATALYST_SERVICE=alone") && !alone.contains("LISTEN_"))
            let open = names(in: "/proc/\(try agent.pid(of: "alone"))/fd").sorted()
            #expect(open == ["0", "1", "2"])
        }
    }

    @Test func `a killed service costs the requests that it had, and nobody is refused`() throws {
        let port = try freePort()
        let (clients, kills) = (4, 3)
        try withAgent(Piece.stack(Piece.listening("web", port: port))) { agent in
            try agent.expectAllWell()
            let count = try hammering([port], clients: clients) { hammer in
                for _ in 0..<kills {
                    let pid = try agent.pid(of: "web")
                    kill(pid, SIGKILL)
                    try agent.expect("web", "is there again") {
                        $0.pid != nil && $0.pid != pid && $0.health == .healthy
                    }
                    try hammer.expectAnswers()
                }
            }
            #expect(count.refused == 0, "\(count)")
            #expect(count.failures.values.reduce(0, +) <= clients * kills, "\(count)")
            try agent.expectOneEach(["web"])
        }
    }

    @Test func `callers wait while their service is slow to come back`() throws {
        let folder = try Folder()
        let port = try freePort()
        let web = Piece.listening("web", port: port, ["--slow-start", "1"])
        try withAgent(in: folder, { _ in Piece.stack(web) }) { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "web")
            kill(pid, SIGKILL)
            #expect(holds { !isAlive(pid) })
            #expect(try http("GET", port: port, "/").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test func `a Unix socket is handed over`() throws {
        let folder = try Folder()
        let script = """
            import os, socket
            s = socket.socket(fileno=3)
            while True:
                c, _ = s.accept()
                c.recv(4096)
                c.sendall(str(os.getpid()).encode())
                c.close()

            """
        try folder.write(script, to: "serve.py")
        let path = "\(folder.path)/app.sock"
        let ask = """
            import socket, sys
            s = socket.socket(socket.AF_UNIX)
            s.connect(sys.argv[1])
            s.sendall(b"?")
            print(s.recv(64).decode())

            """
        try folder.write(ask, to: "ask.py")
        let stack = """
            services:
              web:
                command: [\(python), \(folder.path)/serve.py]
                x-catalyst: {listen: '\(path)'}

            """
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            for _ in 0..<2 {
                let answer = try run([python, "\(folder.path)/ask.py", path], in: folder)
                #expect(answer.output == "\(try agent.pid(of: "web"))\n", "\(answer)")
                let outcome = try agent.catalystctl("restart", "web")
                #expect(outcome.status == 0, "\(outcome)")
                #expect(try agent.rollouts().first?.steps.first?.way == .handOver)
            }
        }
    }
}
