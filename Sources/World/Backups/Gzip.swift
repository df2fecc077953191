internal import Glibc
internal import LinuxSystem

/// The program `gzip`: what is written to one end of it is in the file that it was given, and the other way round.
final class Gzip {
    enum Way {
        case into(file: Int32)
        case from(file: Int32)
    }

    /// Pieces of 4 KiB.
    private static let paddingMax = 64

    private var ours: Int32
    private var complaints: Int32
    private var pid: pid_t = 0
    /// It has written all that it will.
    private var isAtEnd = false

    init(_ way: Way) throws(BackupError) {
        var ends: [Int32] = [-1, -1]
        var errors: [Int32] = [-1, -1]
        // A socket: writing to a gzip that is gone must not end this process.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0, socketpair(AF_UNIX, kind, 0, &errors) == 0
        else {
            let cause = SystemError("make a pair of sockets")
            for descriptor in ends where descriptor >= 0 { close(descriptor) }
            throw BackupError("\(cause)")
        }
        ours = ends[0]
        complaints = errors[0]
        defer {
            close(ends[1])
            close(errors[1])
        }
        let failure =
            switch way {
            case .into(let file): start(["gzip", "-n", "-c"], ends[1], file, errors[1])
            case .from(let file): start(["gzip", "-d", "-c"], file, ends[1], errors[1])
            }
        guard failure == 0 else {
            throw BackupError(
                "cannot run 'gzip': \(String(cString: strerror(failure))): install it")
        }
    }

    deinit {
        hangUp()
        close(complaints)
        if pid > 0 {
            kill(pid, SIGKILL)
            wait()
        }
    }

    func write(_ bytes: ArraySlice<UInt8>) throws(BackupError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(ours, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure() }
            rest = rest.dropFirst(count)
        }
    }

    /// Fills `bytes`; less of it only at the end.
    func read(_ bytes: inout [UInt8]) throws(BackupError) -> Int {
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(ours, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw BackupError("\(SystemError("read from 'gzip'"))") }
            if count == 0 {
                isAtEnd = true
                break
            }
            filled += count
        }
        return filled
    }

    /// Says that no more is written, or that all was read: behind it only zeros may stand, as tar pads with.
    func finish() throws(BackupError) {
        shutdown(ours, Int32(SHUT_WR))
        var rest = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<Self.paddingMax {
            let count = try read(&rest)
            guard rest[..<count].allSatisfy({ $0 == 0 }) else { break }
            guard count == 0 else { continue }
            hangUp()
            guard wait() == 0 else { throw BackupError(words) }
            return
        }
        throw BackupError("there is more behind its end: refused")
    }

    /// Throws what it says of its input, where it has ended badly.
    func complain() throws(BackupError) {
        guard isAtEnd, wait() != 0 else { return }
        throw BackupError(words)
    }

    private func failure() -> BackupError {
        hangUp()
        wait()
        return BackupError(words)
    }

    private func hangUp() {
        if ours >= 0 { close(ours) }
        ours = -1
    }

    /// What gzip has said, without its own name before it.
    private var words: String {
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = max(0, Glibc.read(complaints, &bytes, bytes.count))
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        let line = text.split(separator: "\n").first { !$0.isEmpty } ?? "gzip failed"
        return line.hasPrefix("gzip: ") ? String(line.dropFirst("gzip: ".count)) : String(line)
    }

    /// Its exit status.
    @discardableResult
    private func wait() -> Int32 {
        guard pid > 0 else { return 0 }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        pid = 0
        return status
    }

    private func start(
        _ words: [String], _ input: Int32, _ output: Int32, _ error: Int32
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, error, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        // Without GZIP, which would change what it does.
        var variables: [UnsafeMutablePointer<CChar>?] = [strdup("LC_ALL=C"), nil]
        defer { for text in arguments + variables { free(text) } }
        return posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, &variables)
    }
}
