import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

/// What a service that was broken into tries, for real: each fails, and works without isolation.
///
/// Mounting and other users need root.
@Suite(.enabled(if: isRoot))
struct IsolationTests {
    let folder = Folder()

    /// A broken service, as the user of its neighbours or, more often, of its own.
    private func service(_ script: String, as user: UInt32 = 65534, isolated: Bool = true)
        -> SpawnRequest
    {
        var request = SpawnRequest.of("python3", "-c", Self.calls + script)
        request.environment["PLACE"] = folder.path
        request.identity = Identity(
            user: user, group: user, groups: [], name: "", home: "/")
        for name in ["own", "other", "seen", "agent"] {
            mkdir("\(folder.path)/\(name)", 0o777)
            chmod("\(folder.path)/\(name)", 0o777)
        }
        guard isolated else { return request }
        var isolation = Isolation()
        isolation.writable = ["\(folder.path)/own"]
        isolation.hidden = ["\(folder.path)/agent", "\(folder.path)/other", "\(folder.path)/.env"]
        isolation.visible = ["\(folder.path)/seen"]
        request.isolate(isolation, own: [folder.path])
        return request
    }

    /// `tell(what, function)`: what became of an attempt, in a word.
    private static let calls = """
        import ctypes, errno, os, socket, signal, sys
        place = os.environ["PLACE"]
        libc = ctypes.CDLL(None, use_errno=True)
        def call(function, *arguments):
            if getattr(libc, function)(*arguments) == -1:
                raise OSError(ctypes.get_errno(), function)
        def tell(what, function):
            try:
                function()
                print(what, "done")
            except OSError as error:
                print(what, errno.errorcode[error.errno])

        """

    @Test func `another's variables and data are not there, its own and what is shared are`() throws
    {
        _ = folder.file(".env", "PASSWORD=hunter2\n")
        _ = service("")
        for name in ["other", "seen", "agent"] {
            _ = folder.file("\(name)/data", "of \(name)")
        }
        let script = """
            for name in [".env", "other/data", "agent/data", "seen/data"]:
                tell(name, lambda: print(name, len(open(place + "/" + name).read())))
            tell("seen", lambda: open(place + "/seen/data", "w"))
            tell("other", lambda: open(place + "/other/new", "w"))
            tell("own", lambda: open(place + "/own/file", "w").write("x"))
            """
        #expect(
            try service(script).run().lines == [
                ".env EACCES", "other/data ENOENT", "agent/data ENOENT", "seen/data 7",
                "seen/data done", "seen EROFS", "other EROFS", "own done",
            ])
        #expect(Directory.names(in: "\(folder.path)/own") == ["file"])
        let free = try service(script, isolated: false).run().lines
        #expect(free.contains(".env 17") && free.contains("other/data done"))
    }

    @Test(arguments: [0, 65534] as [UInt32])
    func `nothing outside of its places can be written, by no name`(user: UInt32) throws {
        // The cases run at the same time, and one of each writes for real.
        let escape = "catalyst-escape-\(user)"
        let script = """
            tell("place", lambda: open(place + "/x", "w"))
            tell("etc", lambda: open("/etc/\(escape)", "w"))
            tell("sys", lambda: open("/proc/sys/kernel/core_pattern", "w"))
            tell("remove", lambda: os.unlink(place + "/victim"))
            tell("link", lambda: os.link(place + "/victim", place + "/own/link"))
            tell("tmp", lambda: open("/tmp/\(escape)", "w"))
            tell("shm", lambda: open("/dev/shm/\(escape)", "w"))
            tell("null", lambda: open("/dev/null", "w"))
            """
        _ = folder.file("victim", "of another", mode: 0o666)
        let lines = try service(script, as: user).run().lines
        #expect(
            lines == [
                "place EROFS", "etc EROFS", "sys EROFS", "remove EROFS", "link EXDEV", "tmp done",
                "shm done", "null done",
            ])
        #expect(access("/tmp/\(escape)", F_OK) != 0, "its /tmp is its own")
        #expect(access("/dev/shm/\(escape)", F_OK) != 0)
        let free = try service(script, as: user, isolated: false).run().lines
        #expect(free[0] == "place done" && free[3] == "remove done")
        unlink("/tmp/\(escape)")
        unlink("/dev/shm/\(escape)")
        unlink("/etc/\(escape)")
    }

    @Test func `the agent's socket cannot be reached, as whoever`() throws {
        _ = service("")
        let server = SpawnRequest.of(
            "python3", "-c",
            """
            import os, socket, sys, time
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(sys.argv[1])
            listener.listen()
            os.chmod(sys.argv[1], 0o777)
            print("listening", flush=True)
            time.sleep(1000)
            """, "\(folder.path)/agent/control.sock")
        let child = try server.spawnAndWait(for: "listening\n")
        defer {
            kill(child.pid, SIGKILL)
            _ = child.await()
        }
        let script = """
            tell("socket", lambda: socket.socket(socket.AF_UNIX).connect(place + "/agent/control.sock"))
            """
        for user: UInt32 in [0, 65534] {
            #expect(try service(script, as: user).run().lines == ["socket ENOENT"])
            let free = try service(script, as: user, isolated: false).run().lines
            #expect(free == ["socket done"])
        }
    }

    @Test func `a neighbour is neither seen, read, traced nor killed`() throws {
        // Of the same user: the worst case, as packaged services have users of their own.
        var neighbour = SpawnRequest.of("sleep", "1000")
        neighbour.identity = .nobody()
        neighbour.environment["PASSWORD"] = "hunter2"
        let child = try neighbour.spawn()
        defer {
            kill(child.pid, SIGKILL)
            _ = child.await()
        }
        let script = """
            pid = \(child.pid)
            tell("environ", lambda: open(f"/proc/{pid}/environ").read(1))
            tell("root", lambda: os.listdir(f"/proc/{pid}/root/"))
            tell("attach", lambda: call("ptrace", 16, pid, 0, 0))
            tell("detach", lambda: call("ptrace", 17, pid, 0, 0))
            tell("memory", lambda: call("process_vm_readv", pid, None, 0, None, 0, 0))
            """
        let same = try service(script).run().lines
        #expect(!same.contains { $0.hasSuffix("done") }, "\(same)")
        #expect(same.contains("attach EPERM") && same.contains("memory EPERM"))
        let free = try service(script, isolated: false).run().lines
        #expect(free.contains("environ done") && free.contains("memory done"), "\(free)")

        let stranger = """
            pid = \(child.pid)
            tell("seen", lambda: os.stat(f"/proc/{pid}"))
            tell("killed", lambda: os.kill(pid, 9))
            print(len([name for name in os.listdir("/proc") if name.isdigit()]))
            """
        #expect(
            try service(stranger, as: 65533).run().lines == ["seen ENOENT", "killed EPERM", "1"])
        #expect(try service(stranger, as: 65533, isolated: false).run().lines[0] == "seen done")
        let root = try service(stranger, as: 0).run().lines
        #expect(root == ["seen ENOENT", "killed EPERM", "1"])
    }

    @Test(arguments: [0, 65534] as [UInt32])
    func `the file system's shape, the kernel and namespaces are out of reach`(user: UInt32) throws
    {
        let script = """
            tell("mount", lambda: call("mount", b"none", b"/proc", b"tmpfs", 0, None))
            tell("remount", lambda: call("mount", None, b"/", None, 0x1020, None))
            tell("umount", lambda: call("umount2", b"/proc", 2))
            tell("module", lambda: call("init_module", None, 0, b""))
            tell("bpf", lambda: call("syscall", 321 if os.uname().machine == "x86_64" else 280, 0, None, 0))
            tell("users", lambda: call("unshare", 0x10000000))
            tell("mounts", lambda: call("unshare", 0x00020000))
            tell("chroot", lambda: os.chroot("/"))
            tell("clock", lambda: call("clock_settime", 0, b"\\0" * 16))
            tell("packets", lambda: socket.socket(17, 3))
            tell("algorithms", lambda: socket.socket(38, 5))
            tell("user", lambda: call("setuid", 0) if os.getuid() else call("setuid", 1))
            tell("device", lambda: os.mknod(place + "/own/disk", 0o60600, os.makedev(8, 0)))
            tell("network", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tell("fork", lambda: os._exit(0) if os.fork() == 0 else os.wait())
            import threading
            thread = threading.Thread(target=lambda: print("thread done"))
            thread.start()
            thread.join()
            """
        let lines = try service(script, as: user).run().lines
        #expect(
            lines == [
                "mount EPERM", "remount EPERM", "umount EPERM", "module EPERM", "bpf EPERM",
                "users EPERM", "mounts EPERM", "chroot EPERM", "clock EPERM",
                "packets EAFNOSUPPORT", "algorithms EAFNOSUPPORT", "user EPERM", "device EPERM",
                "network done", "fork done", "thread done",
            ])
    }

    /// As root, whose modes let it open them all.
    @Test func `no device can be opened but the usual ones and those granted`() throws {
        let script = """
            for name in ["null", "zero", "full", "random", "urandom"]:
                tell(name, lambda: open("/dev/" + name, "rb+", buffering=0))
            tell("pty", lambda: os.openpty())
            tell("log", lambda: os.open("/dev/kmsg", os.O_WRONLY))
            tell("other", lambda: os.open(place + "/own/other", os.O_RDONLY))
            """
        let usual = ["null", "zero", "full", "random", "urandom", "pty"].map { "\($0) done" }
        var request = service(script, as: 0)
        mknod("\(folder.path)/own/other", S_IFCHR | 0o666, 1 << 8 | 3)
        let shut = try request.run().lines
        #expect(shut == usual + ["log EACCES", "other EACCES"])
        var isolation = Isolation()
        isolation.writable = ["/dev/kmsg"]
        request.isolate(isolation, own: [])
        let granted = try request.run().lines
        #expect(granted.contains("log done"), "\(granted)")
        let free = try service(script, as: 0, isolated: false).run().lines
        #expect(free == usual + ["log done", "other done"])
    }

    @Test func `what a service says that it needs, it has`() throws {
        var request = service(
            """
            tell("users", lambda: call("unshare", 0x10000000))
            tell("memory", lambda: call("process_vm_readv", os.getpid(), None, 0, None, 0, 0))
            tell("trace", lambda: call("ptrace", 16, 1, 0, 0))
            """)
        var isolation = Isolation()
        isolation.callsAllowed = ["process_vm_readv"]
        request.isolate(isolation, own: [])
        #expect(try request.run().lines == ["users EPERM", "memory done", "trace EPERM"])
        isolation.callsAllowed = [Isolation.allCalls]
        isolation.privateTmp = false
        isolation.privateProc = false
        request.isolate(isolation, own: [])
        #expect(try request.run().lines.first == "users done")
        #expect(try SpawnRequest.of("true").isolated(isolation).run().status == 0)
    }

    @Test func `its status says what is in force, by either way of starting`() throws {
        for classic in [false, true] {
            var request = SpawnRequest.of("cat", "/proc/self/status").isolated(Isolation())
            request.usesClassicClone = classic
            let status = try request.run()
            #expect(status.field("NoNewPrivs") == "1" && status.field("Seccomp") == "2")
            for name in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                #expect(status.field(name) == "0000000000000000")
            }
        }
    }

    /// It may signal what has its user, and that is a child before it executes anything as well.
    @Test func `a service that stops whatever it can does not stop the agent`() throws {
        let user: UInt32 = 61_234
        var request = SpawnRequest.of(
            "python3", "-c",
            """
            import os, signal
            print("stopping", flush=True)
            while True:
                try: os.kill(-1, signal.SIGSTOP)
                except ProcessLookupError: pass
            """)
        request.identity = Identity(user: user, group: user, groups: [], name: "", home: "/")
        let attacker = try request.isolated(Isolation()).spawnAndWait(for: "stopping\n")
        defer {
            kill(attacker.pid, SIGKILL)
            _ = attacker.await()
        }
        var victim = SpawnRequest.of("true").isolated(Isolation())
        victim.identity = request.identity
        var errors: Set<String> = []
        for _ in 0..<2000 where errors.isEmpty {
            do throws(SpawnError) {
                let child = try victim.spawn()
                kill(child.pid, SIGKILL)
                _ = child.await()
            } catch {
                errors.insert(error.description)
            }
        }
        let told = "a process of its user stopped it before it began; it is killed"
        #expect(errors.subtracting([told]) == [])
    }

    @Test func `a writable place that is missing is named`() {
        var isolation = Isolation()
        isolation.writable = ["/nowhere/data"]
        let error = #expect(throws: SpawnError.self) {
            try SpawnRequest.of("true").isolated(isolation).spawn()
        }
        #expect(
            error?.description == "cannot make '/nowhere/data' writable: no such file or directory")
    }
}

/// Landlock alone, as an agent without root's rights has it.
@Test func `without mounts, writes are restricted where the kernel has Landlock`() throws {
    let folder = Folder()
    mkdir("\(folder.path)/own", 0o777)
    var isolation = Isolation()
    isolation.writable = ["\(folder.path)/own"]
    var request = SpawnRequest.shell(
        "touch \(folder.path)/own/x && echo own; touch \(folder.path)/x 2>/dev/null || echo not; mv \(folder.path)/own/x \(folder.path)/own/y && echo moved; echo > /dev/null && echo null"
    )
    request.isolate(isolation, own: [], canMount: false)
    let child = try request.spawn()
    let version = child.landlock ?? 0
    _ = child.await()
    let expected = version >= 2 ? ["own", "not", "moved", "null"] : ["own", "moved", "null"]
    #expect(try request.run().lines == expected)
}

extension SpawnRequest {
    fileprivate mutating func isolate(_ isolation: Isolation, own: [String], canMount: Bool = true)
    {
        confinement.isolation = isolation
        confinement.readOnly = true
        confinement.noNewPrivileges = true
        if isRoot { confinement.capabilitiesDropped = ["ALL"] }
        self.isolation = IsolationPlan(confinement, hiding: [], own: own, canMount: canMount)
    }

    fileprivate func isolated(_ isolation: Isolation) -> SpawnRequest {
        var request = self
        request.isolate(isolation, own: [])
        return request
    }

    /// Returns once it has written `line`.
    fileprivate func spawnAndWait(for line: String) throws -> Child {
        let pipe = try Pipe()
        var request = self
        request.output = .descriptor(pipe.writeEnd)
        let child = try request.spawn()
        pipe.closeWriteEnd()
        var bytes = [UInt8](repeating: 0, count: line.utf8.count)
        var readable = pollfd(fd: pipe.readEnd.rawValue, events: Int16(POLLIN), revents: 0)
        poll(&readable, 1, 60_000)
        let count = read(pipe.readEnd.rawValue, &bytes, bytes.count)
        try? pipe.readEnd.close()  // Only read from.
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == line)
        return child
    }
}
