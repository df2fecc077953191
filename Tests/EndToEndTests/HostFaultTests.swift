import ControlProtocol
import Glibc
import StackModel
import Testing

/// The host fails: services run on, the operator is told, and all is well when it is over.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct HostFaultTests {
    @Test(.enabled(if: isInstalled("prlimit"), "needs prlimit"))
    func `without a descriptor left nothing stops, and the operator is answered`() throws {
        let port = try freePort()
        try withAgent(Piece.stack(Piece.web("web", port: port), Self.sleeper("one"))) { agent in
            try agent.expectAllWell()
            let web = try agent.pid(of: "web")
            // Followers take what is left.
            try limit(agent, "nofile", names(in: "/proc/\(agent.pid)/fd").count + 6)
            let followers = try (0..<12).map { _ in try agent.connect() }
            for follower in followers {
                follower.send(#"{"command":"events","follow":true}"# + "\n")
            }
            try agent.event(.agentAnomaly) { $0.message.contains("too many open files") }
            #expect(try agent.catalystctl("status").status == 0)
            // Now there is none at all: who asks waits until there is.
            let one = try agent.pid(of: "one")
            try limit(agent, "nofile", 5)
            kill(one, SIGKILL)
            #expect(holds { agent.program.errors.contains("cannot start 'one'") })

            followers.forEach { $0.hangUp() }
            try limit(agent, "nofile", 1024)
            try agent.expectAllWell()
            #expect(try agent.pid(of: "web") == web)
            try agent.expect("the note is gone") { !$0.notes.contains { $0.contains("crowded") } }
        }
    }

    /// A limit of processes is one of a user, and does not bind root.
    @Test(
        .enabled(
            if: geteuid() == 0 && isInstalled("prlimit") && isInstalled("setpriv"),
            "needs root, prlimit and setpriv"))
    func `where nothing can be forked what runs goes on, and what died comes back`() throws {
        let folder = try Folder()
        let user = 61_000 + UInt32(getpid() % 3000)
        chown(folder.path, user, user)
        let prefix = ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
        try withAgent(
            in: folder, prefix: prefix,
            { _ in Piece.stack(Self.sleeper("one"), Self.sleeper("two")) }
        ) { agent in
            try agent.expectAllWell()
            let two = try agent.pid(of: "two")
            try limit(agent, "nproc", 1, as: prefix)
            kill(try agent.pid(of: "one"), SIGKILL)
            let failed = try agent.event(.startFailed, of: "one")
            #expect(failed.message.contains("resource temporarily unavailable"), "\(failed)")
            #expect(try agent.status().agent.pid == agent.pid)
            #expect(try agent.pid(of: "two") == two)
            try limit(agent, "nproc", 10_000, as: prefix)
            try agent.expectAllWell()
            #expect(try agent.pid(of: "two") == two)
        }
    }

    private static let canBeSpared =
        (try? run(["sh", "-c", "echo -1 >/proc/self/oom_score_adj"], in: Folder()).status) == 0

    @Test(.enabled(if: canBeSpared, "needs CAP_SYS_RESOURCE"))
    func `for want of memory services are killed before the agent`() throws {
        let spared = "echo -900 >/proc/self/oom_score_adj && exec \"$0\" \"$@\""
        try withAgent(
            in: try Folder(), prefix: ["sh", "-c", spared],
            { _ in
                Piece.stack(Piece.sleeper("one"), Piece.sleeper("two", more: "oom_score_adj: 500"))
            }
        ) { agent in
            try agent.expectAllWell()
            func score(_ pid: pid_t) -> String? { contents(of: "/proc/\(pid)/oom_score_adj") }
            #expect(score(agent.pid) == "-900\n")
            #expect(score(try agent.pid(of: "one")) == "0\n")
            #expect(score(try agent.pid(of: "two")) == "500\n")
        }
    }

    /// Needs root for the mount namespace.
    @Test(.enabled(if: canHide, "needs root, unshare and nsenter"))
    func `an agent that cannot see processes any more says so, and ends none by a guess`() throws {
        let port = try freePort()
        let bystander = try Program(["sleep", "1000"], in: Folder())
        defer { bystander.end() }
        try withAgent(
            in: try Folder(), prefix: ["unshare", "--mount", "--propagation", "private"],
            { _ in Piece.stack(Piece.web("web", port: port), Self.sleeper("one")) }
        ) { agent in
            try agent.expectAllWell()
            let web = try agent.pid(of: "web")
            let hidden = try run(
                ["nsenter", "--mount=/proc/\(agent.pid)/ns/mnt", "umount", "-l", "/proc"],
                in: agent.folder)
            #expect(hidden.status == 0, "\(hidden)")
            try agent.expect("status says so") { $0.notes.contains { $0.contains("/proc") } }
            kill(try agent.pid(of: "one"), SIGKILL)
            try agent.expect("one", "is there again") { $0.restarts == 1 && $0.state == .up }
            #expect(try agent.catalystctl("stop", "one").status == 0)
            #expect(try agent.service("web").health == .healthy)
            #expect(try agent.pid(of: "web") == web)
            #expect(bystander.isRunning)
        }
    }

    @Test(.enabled(if: canHide, "needs root and unshare"))
    func `a journald that takes nothing holds nobody up, and is told until it reads again`() throws
    {
        let folder = try Folder()
        // One whose queue is full already, in a place that only this agent sees.
        let stalled = """
            import os, socket, subprocess, sys, time
            subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
            os.makedirs("/run/systemd/journal")
            path = "/run/systemd/journal/socket"
            journald = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            journald.bind(path)
            filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            filler.setblocking(False)
            try:
                while True: filler.sendto(b"MESSAGE=x", path)
            except BlockingIOError: pass
            filler.close()
            agent = os.getpid()
            if os.fork() == 0:
                read = sys.argv[1] + "/read"
                while os.getppid() == agent and not os.path.exists(read): time.sleep(0.02)
                journald.settimeout(0.1)
                while os.getppid() == agent:
                    try: journald.recv(1 << 20)
                    except TimeoutError: pass
                os._exit(0)
            journald.close()
            os.execv(sys.argv[2], sys.argv[2:])
            """
        let prefix = ["unshare", "--mount", "--propagation", "private", "python3", "-c", stalled]
        let stack = Piece.stack(Self.sleeper("one"))
        try withAgent(in: folder, prefix: prefix + [folder.path], { _ in stack }) { agent in
            try agent.expectAllWell()
            let note = "journald takes nothing: "
            try agent.expect("it is told") { $0.notes.contains { $0.hasPrefix(note) } }
            kill(try agent.pid(of: "one"), SIGKILL)
            try agent.expect("one", "is there again") { $0.restarts == 1 && $0.state == .up }
            try folder.write("", to: "read")
            try agent.expect("nothing waits") { !$0.notes.contains { $0.contains("journal") } }
        }
    }

    /// It would take itself for one without flags, with the machine's state and socket.
    @Test(.enabled(if: canHide, "needs root, unshare and nsenter"))
    func `no agent begins without seeing its own arguments`() throws {
        let folder = try Folder()
        let blind = "umount -l /proc && exec \"$0\" \"$@\""
        let outcome = try run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", blind]
                + [Program.folder + "/catalystd", "--state", "\(folder.path)/state"], in: folder)
        #expect(outcome.status == 111)
        #expect(outcome.errors.contains("mount /proc"), "\(outcome)")
        #expect(access("\(folder.path)/state", F_OK) != 0)
    }

    private static let canHide = geteuid() == 0 && isInstalled("unshare") && isInstalled("nsenter")

    private static func sleeper(_ name: String) -> String {
        Piece.sleeper(name, more: "restart: always")
    }

    private func limit(
        _ agent: RunningAgent, _ resource: String, _ count: Int, as prefix: [String] = []
    ) throws {
        let outcome = try run(
            prefix + ["prlimit", "--pid", "\(agent.pid)", "--\(resource)=\(count):"],
            in: agent.folder)
        guard outcome.status == 0 else { throw Failure("prlimit: \(outcome)") }
    }
}
