@preconcurrency internal import Glibc

/// A real program with chosen descriptors, killed at the end of its test.
final class Child {
    let pid: pid_t
    private var hasEnded = false

    /// The directory of the programs that were built with these tests.
    static let programs: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return String(text.prefix(upTo: text.lastIndex(of: "/") ?? text.startIndex))
    }()

    /// `descriptors`: what the child has as which number. Its output goes to /dev/null.
    init(_ command: [String], descriptors: [CInt: CInt] = [:], ownSession: Bool = false) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for number in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_WRONLY, 0)
        }
        for (own, number) in descriptors { posix_spawn_file_actions_adddup2(&actions, own, number) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The threads of tests block signals; children must not inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // POSIX_SPAWN_SETSID is GNU's, which Glibc's module lacks.
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | (ownSession ? 0x80 : 0))
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, environ)
        guard error == 0 else { throw Failure(words: "cannot run '\(command[0])': error \(error)") }
        self.pid = pid
    }

    /// Whether the command can be run, and ends well.
    static func succeeds(_ command: [String]) -> Bool {
        guard let child = try? Child(command) else { return false }  // That is the answer.
        var status: CInt = 0
        while waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
        child.hasEnded = true
        return status == 0
    }

    deinit {
        guard !hasEnded else { return }
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    func signal(_ number: CInt) { kill(pid, number) }

    /// The wait status, or nil where it still runs at the end of the limit.
    func status(within limit: Duration) async -> CInt? {
        var status: CInt = 0
        let ended = await holds(within: limit) { waitpid(pid, &status, WNOHANG) == pid }
        hasEnded = hasEnded || ended
        return ended ? status : nil
    }
}

struct Failure: Error { let words: String }

/// Whether `condition` comes true in time.
func holds(within limit: Duration, _ condition: () async -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + limit
    var tries = 0
    while await !condition() {
        // On a starved machine the limit may be over before there was a second look.
        tries += 1
        guard ContinuousClock.now < deadline || tries < 50 else { return false }
        try? await Task.sleep(for: .milliseconds(2))  // Cancelled: look again at once.
    }
    return true
}

/// A socket of loopback that accepts, and never answers.
final class SilentListener {
    let descriptor: CInt
    let port: UInt16

    init(listens: Bool = true) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(descriptor, $0, size)
                _ = getsockname(descriptor, $0, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        // Who reuses addresses may listen there while this one does not; nobody else gets the port. Set
        // only now: the kernel gives out fewer ports to those who reuse them.
        var reuses: CInt = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<CInt>.size))
        if listens { listen(descriptor, 64) }
    }

    deinit { close(descriptor) }
}
