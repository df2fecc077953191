import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

/// What a child finds when it wakes up, by clone3 and by the way of older kernels.
@Suite(.serialized)
struct SpawnTests {
    @Test(arguments: [false, true])
    func `arguments, environment and directory arrive as they are`(classic: Bool) throws {
        let folder = Folder()
        var request = SpawnRequest.shell("pwd; printf '%s|' \"$@\"; echo; env | sort")
        request.arguments += ["sh", "two words", "", "ünï", "$HOME\n"]
        request.environment["COLOUR"] = "blue = green"
        request.directory = folder.path
        request.usesClassicClone = classic
        let lines = try request.run().lines
        #expect(lines.prefix(3) == [folder.path, "two words||ünï|$HOME", "|"])
        #expect(lines.contains("COLOUR=blue = green"))
        #expect(!lines.contains { $0.hasPrefix("HOME=") }, "nothing of ours leaks in")
    }

    @Test(arguments: [false, true])
    func `it has a session, a group, and no terminal of ours`(classic: Bool) throws {
        var request = SpawnRequest.of("cat", "/proc/self/stat")
        request.usesClassicClone = classic
        let fields = try request.run().output.split(separator: " ")
        let (pid, group, session) = (fields[0], fields[4], fields[5])
        #expect(pid == group && pid == session)
        #expect(fields[6] == "0", "no controlling terminal")
    }

    @Test func `descriptors are 0, 1, 2 and those handed over, nothing else`() async {
        await #expect(processExitsWith: .success) {
            Descriptors.withholdInherited()
            let folder = Folder()
            let files = try ["a", "b", "c"].map {
                try FileDescriptor.open(folder.file($0, $0), .readOnly, options: [.closeOnExec])
            }
            // In an order that collides with the numbers they get.
            var request = SpawnRequest.shell(
                "for n in 3 4 5; do cat <&$n; done; echo; ls /proc/$$/fd; readlink /proc/$$/fd/0")
            request.descriptors = [files[2], files[0], files[1]]
            for classic in [false, true] {
                for file in files { try file.seek(offset: 0, from: .start) }
                request.usesClassicClone = classic
                let lines = try request.run().lines
                #expect(lines == ["cab", "0", "1", "2", "3", "4", "5", "/dev/null"])
            }
        }
    }

    @Test(arguments: [false, true])
    func `LISTEN_PID is its own pid`(classic: Bool) throws {
        var request = SpawnRequest.shell("echo $$ $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES")
        request.descriptors = [.standardError, .standardError]
        request.listenNames = ["http", "admin"]
        request.usesClassicClone = classic
        let words = try request.run().output.split(whereSeparator: \.isWhitespace)
        #expect(words.count == 4)
        #expect(words[0] == words[1])
        #expect(words[2...] == ["2", "http:admin"])
    }

    @Test func `FIFOs are opened read-write, so that a writer outlives its reader`() throws {
        let folder = Folder()
        let fifo = "\(folder.path)/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        var request = SpawnRequest.shell(
            "echo out; echo err >&2; echo still here > \(folder.path)/done")
        request.output = .fifo(fifo)
        request.error = .fifo(fifo)
        #expect(try request.spawn().await() == 0, "nobody reads, and nothing breaks")
        #expect(TextFile.read("\(folder.path)/done") == "still here\n")
    }

    @Test func `signals have their defaults and none is blocked, whatever the agent does`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_IGN)
            signal(SIGUSR1, SIG_IGN)
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            for classic in [false, true] {
                var request = SpawnRequest.of("cat", "/proc/self/status")
                request.usesClassicClone = classic
                let status = try request.run()
                // 32 and 33 are the C library's own: it lets nobody touch them.
                let reserved: UInt64 = 3 << 31
                for field in ["SigBlk", "SigIgn", "SigCgt", "SigPnd"] {
                    #expect(
                        UInt64(status.field(field), radix: 16).map { $0 & ~reserved } == 0,
                        "\(field)")
                }
            }
        }
    }

    @Test func `rlimits and the OOM score are set`() throws {
        var request = SpawnRequest.shell(
            "ulimit -Sn; ulimit -Hn; ulimit -Sc; cat /proc/self/oom_score_adj")
        request.baseLimits = [
            "nofile": Confinement.Ulimit(soft: 300, hard: 400),
            "core": Confinement.Ulimit(soft: 0, hard: 0),
        ]
        request.confinement.ulimits = ["nofile": Confinement.Ulimit(soft: 100, hard: 200)]
        request.confinement.oomScoreAdjustment = 321
        #expect(
            try request.run().lines == ["100", "200", "0", "321"],
            "the service's own limits win over the agent's")
    }

    @Test func `an unlimited rlimit is written -1`() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_CPU.rawValue), &limit)
        guard limit.rlim_max == UInt64.max else { return }
        var request = SpawnRequest.shell("ulimit -St")
        request.confinement.ulimits = ["cpu": Confinement.Ulimit(soft: -1, hard: -1)]
        #expect(try request.run().lines == ["unlimited"])
    }

    /// Needs root to become somebody else.
    @Test(.enabled(if: isRoot), arguments: [false, true])
    func `it becomes the user with its groups and nothing more`(classic: Bool) throws {
        var request = SpawnRequest.of("cat", "/proc/self/status")
        request.identity = Identity(
            user: 12_345, group: 23_456, groups: [23_456, 34_567], name: "somebody", home: "/")
        request.usesClassicClone = classic
        let status = try request.run()
        #expect(status.field("Uid") == "12345 12345 12345 12345")
        #expect(status.field("Gid") == "23456 23456 23456 23456")
        #expect(status.field("Groups") == "23456 34567")
        #expect(status.field("CapEff") == "0000000000000000")
        #expect(status.field("CapPrm") == "0000000000000000")
    }

    /// Needs root to have capabilities at all.
    @Test(.enabled(if: isRoot)) func `capabilities are dropped and added`() throws {
        var request = SpawnRequest.of("cat", "/proc/self/status")
        request.confinement.capabilitiesDropped = ["ALL"]
        #expect(try request.run().field("CapEff") == "0000000000000000")
        #expect(try request.run().field("CapBnd") == "0000000000000000")
        request.confinement.capabilitiesAdded = ["NET_BIND_SERVICE"]
        #expect(try request.run().field("CapEff") == "0000000000000400")
        request.identity = .nobody()
        let status = try request.run()
        #expect(status.field("CapEff") == "0000000000000400", "an ordinary user has it as well")
        #expect(status.field("CapBnd") == "0000000000000400")
        request.confinement.capabilitiesAdded = []
        request.confinement.capabilitiesDropped = ["KILL"]
        #expect(try request.run().field("CapEff") == "0000000000000000")
    }

    @Test func `no new privileges means none`() throws {
        var request = SpawnRequest.of("cat", "/proc/self/status")
        #expect(try request.run().field("NoNewPrivs") == "0")
        request.confinement.noNewPrivileges = true
        #expect(try request.run().field("NoNewPrivs") == "1")
    }

    /// Mounting needs root.
    @Test(.enabled(if: isRoot)) func `a read-only file system can be written where a tmpfs is`()
        throws
    {
        let folder = Folder()
        mkdir("\(folder.path)/scratch", 0o777)
        var request = SpawnRequest.shell(
            "touch \(folder.path)/x 2>/dev/null || echo read-only; echo hello > \(folder.path)/scratch/x && cat \(folder.path)/scratch/x; echo > /dev/null && echo null"
        )
        request.confinement.readOnly = true
        request.confinement.tmpfs = ["\(folder.path)/scratch"]
        #expect(try request.run().lines == ["read-only", "hello", "null"])
        #expect(Directory.names(in: "\(folder.path)/scratch").isEmpty, "nothing of it is ours")
        request.identity = .nobody()
        #expect(try request.run().lines == ["read-only", "hello", "null"])
    }

    @Test func `an open program is run without a way to it`() throws {
        let program = try FileDescriptor.open("/bin/echo", .readOnly)
        defer { try? program.close() }  // Read only.
        var request = SpawnRequest(arguments: ["whatever", "hello"])
        request.program = .opened(program)
        #expect(try request.run().output == "hello\n")
    }

    /// Needs a cgroup v2 hierarchy that may be written.
    @Test(.enabled(if: hasCgroups), arguments: [false, true])
    func `it is in its cgroup from the first instruction`(classic: Bool) throws {
        let root = try CgroupRoot(named: "catalyst-linux-\(getpid())-\(classic)")
        defer { _ = root.cgroup.removeAll() }
        var request = SpawnRequest.of("cat", "/proc/self/cgroup")
        let own = try root.make("one", for: Resources()).cgroup
        request.cgroup = own
        request.usesClassicClone = classic
        let line = try request.run().lines.first { $0.hasPrefix("0::") } ?? ""
        #expect(own.path.hasSuffix(String(line.dropFirst(3))))
        #expect(own.isEmpty)
    }

    @Test func `a child tied to the agent's thread dies with it`() throws {
        let started = Shared<Child?>(nil)
        pthread_join(
            onThread {
                var request = SpawnRequest.of("sleep", "1000")
                request.diesWithAgent = true
                started.value = try? request.spawn()
            }, nil)
        let child = try #require(started.value)
        #expect(child.await() == SIGKILL)
    }

    @Test func `two hundred spawns, good and bad, leave no descriptor and no zombie`() async {
        await #expect(processExitsWith: .success) {
            let bad = SpawnRequest.of("/nowhere/program")
            var good = SpawnRequest.of("true")
            good.descriptors = [.standardError]
            _ = try good.run()
            let before = Directory.names(in: "/proc/self/fd").count
            // The threads that run tests may open a few of their own.
            let tolerance = 5
            for number in 0..<200 {
                good.usesClassicClone = number % 3 == 0
                if number % 2 == 0 {
                    _ = try good.run()
                } else {
                    #expect(throws: SpawnError.self) { try bad.spawn() }
                }
            }
            #expect(Directory.names(in: "/proc/self/fd").count < before + tolerance)
            #expect(openDescriptors("pidfd") == 0)
            #expect(Proc.descendants(of: getpid(), in: Proc.all()).isEmpty)
        }
    }

    @Test func `threads may spawn at the same time`() {
        let wrong = Shared(0)
        let threads = (0..<4).map { number in
            onThread {
                for round in 0..<25 {
                    let word = "\(number)-\(round)"
                    let output = try? SpawnRequest.of("echo", word).run().output
                    if output != word + "\n" { wrong.add(1) }
                }
            }
        }
        for thread in threads { pthread_join(thread, nil) }
        #expect(wrong.value == 0)
    }
}

/// A value that threads share.
final class Shared<Value>: @unchecked Sendable {
    fileprivate var mutex = pthread_mutex_t()
    fileprivate var stored: Value

    init(_ value: Value) {
        stored = value
        pthread_mutex_init(&mutex, nil)
    }

    var value: Value {
        get {
            pthread_mutex_lock(&mutex)
            defer { pthread_mutex_unlock(&mutex) }
            return stored
        }
        set {
            pthread_mutex_lock(&mutex)
            stored = newValue
            pthread_mutex_unlock(&mutex)
        }
    }
}

extension Shared<Int> {
    func add(_ count: Int) {
        pthread_mutex_lock(&mutex)
        stored += count
        pthread_mutex_unlock(&mutex)
    }
}
