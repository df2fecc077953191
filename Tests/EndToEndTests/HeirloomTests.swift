import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// What systemd keeps for the next agent, with a manager that does no more than it.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct HeirloomTests {
    /// Runs a program and runs it again when it was killed: a notify socket, its fd store, LISTEN_FDS.
    private static let manager = """
        import os, socket, sys, time, select
        path = sys.argv[1]
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        store = []
        def hear():
            while select.select([notify], [], [], 0)[0]:
                text, fds, _, _ = socket.recv_fds(notify, 4096, 8)
                lines = dict(l.split("=", 1) for l in text.decode().split("\\n") if "=" in l)
                name = lines.get("FDNAME")
                if "FDSTORE" in lines: store.extend((name, fd) for fd in fds)
                if "FDSTOREREMOVE" in lines:
                    for n, fd in [e for e in store if e[0] == name]: os.close(fd)
                    store[:] = [e for e in store if e[0] != name]
        def start():
            pid = os.fork()
            if pid: return pid
            copies = [os.dup(fd) for _, fd in store]
            high = [os.dup2(fd, 200 + i) for i, fd in enumerate(copies)]
            for i, fd in enumerate(high): os.dup2(fd, 3 + i)
            os.closerange(3 + len(high), 400)
            env = dict(os.environ, NOTIFY_SOCKET=path)
            if high:
                env.update(LISTEN_FDS=str(len(high)), LISTEN_PID=str(os.getpid()),
                           LISTEN_FDNAMES=":".join(n for n, _ in store))
            os.execve(sys.argv[2], sys.argv[2:], env)
        child = start()
        print(child, flush=True)
        while True:
            select.select([notify], [], [], 0.02)
            hear()
            pid, status = os.waitpid(child, os.WNOHANG)
            if not pid: continue
            hear()
            if not os.WIFSIGNALED(status): sys.exit(os.WEXITSTATUS(status))
            child = start()

        """

    @Test func `who calls a service while neither it nor an agent lives is answered in the end`()
        throws
    {
        let folder = try Folder()
        try folder.write(Self.manager, to: "manager.py")
        let port = try freePort()
        let once = """
            [ -e \(folder.path)/stay ] || exit 1; exec \(Piece.standin) --name late
            """
        let more =
            "x-catalyst: {listen: '127.0.0.1:\(port)', backoff: {initial: 1h, max: 1h}}\n"
            + "restart: on-failure"
        let managed = [python, "\(folder.path)/manager.py", "\(folder.path)/notify"]
        let stack = Piece.stack(Piece.shell("late", once, more: more), Piece.sleeper("two"))
        try withAgent(in: folder, prefix: managed, { _ in stack }) { agent in
            try agent.expect("late", "waits") { $0.state == .waiting }
            let first = try agent.version()
            let call = try HTTPCall("GET", port: port, "/health")
            kill(first.pid, SIGKILL)
            #expect(holds { (try? agent.version()).map { $0.pid != first.pid } ?? false })
            try folder.write("", to: "stay")
            #expect(try agent.catalystctl("start", "late").status == 0)
            #expect(call.answer().contains("200 OK"))
            // In its place systemd's numbers mean nothing any more.
            let second = try agent.version().pid
            #expect(try agent.catalystctl("agent", "reexec").status == 0)
            #expect(try agent.version().pid == second)
            try stopManaged(agent)
        }
    }

    @Test func `what a service says while no agent lives is heard by the next`() throws {
        let folder = try Folder()
        try folder.write(Self.manager, to: "manager.py")
        let script = """
            until [ -e \(folder.path)/gone ]; do sleep 0.02; done
            \(python) -c 'import os, socket
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.connect(chr(0) + os.environ["NOTIFY_SOCKET"][1:])
            s.send(b"READY=1")'
            touch \(folder.path)/said; exec sleep 100000
            """
        try folder.write(script, to: "slow.sh")
        let slow = """
              slow:
                command: [/bin/sh, \(folder.path)/slow.sh]
                healthcheck: {test: [NOTIFY], interval: 20s, retries: 3, start_period: 60s}

            """
        let managed = [python, "\(folder.path)/manager.py", "\(folder.path)/notify"]
        try withAgent(in: folder, prefix: managed, { _ in Piece.stack(slow) }) { agent in
            try agent.expect("slow", "starts") { $0.state == .starting && $0.pid != nil }
            let first = try agent.version()
            kill(first.pid, SIGSTOP)
            try folder.write("", to: "gone")
            #expect(holds { folder.text(of: "said") != nil })
            kill(first.pid, SIGKILL)
            #expect(holds { (try? agent.version()).map { $0.pid != first.pid } ?? false })
            try agent.expectAllWell()
            #expect(try agent.service("slow").restarts == 0)
            try stopManaged(agent)
        }
    }

    /// The agent's end is its manager's.
    private func stopManaged(_ agent: RunningAgent) throws {
        kill(try agent.version().pid, SIGTERM)
        #expect(agent.program.exitCode(within: patience) == 0)
    }
}

extension RunningAgent {
    fileprivate func version() throws -> AgentVersion {
        guard let version = try ask(ControlRequest(.version)).last?.version else {
            throw Failure("no version")
        }
        return version
    }
}
