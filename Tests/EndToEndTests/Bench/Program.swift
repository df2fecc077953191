@preconcurrency import Glibc

/// A program that a test started: its output is in files, so that nothing can block.
final class Program {
    let pid: pid_t
    private let outputPath: String
    private let errorPath: String
    private var status: CInt?

    /// Where the programs are that were built with these tests.
    static let folder: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return String(text.prefix(upTo: text.lastIndex(of: "/") ?? text.startIndex))
    }()

    /// What every program of a test gets of the tests' own environment.
    static let environment = ["PATH", "HOME", "LANG", "LD_LIBRARY_PATH"].compactMap {
        (name: String) -> String? in
        getenv(name).map { "\(name)=\(String(cString: $0))" }
    }

    init(_ words: [String], in folder: Folder, environment: [String] = []) throws {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        outputPath = "\(folder.path)/\(number).out"
        errorPath = "\(folder.path)/\(number).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o666)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT, 0o666)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            (environment + Self.environment).map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A thread of the tests may block or ignore signals that the program is to be sent.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGPIPE, SIGTERM] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // 0x80 is POSIX_SPAWN_SETSID, which Glibc's module lacks: a Ctrl-C of the tests' terminal is not for it.
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | 0x80))
        var pid: pid_t = 0
        let error = posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, &variables)
        guard error == 0 else { throw Failure("cannot run '\(words[0])': error \(error)") }
        self.pid = pid
    }

    private static let count = Guarded(0)

    deinit { end() }

    func signal(_ number: CInt) {
        if status == nil { kill(pid, number) }
    }

    /// Kills it where it still runs.
    func end() {
        guard status == nil else { return }
        kill(pid, SIGKILL)
        _ = exitCode(within: .seconds(10))
    }

    var isRunning: Bool { exitCode(within: .zero) == nil }

    /// The exit code, or minus the signal; nil where it still runs at the end of the limit.
    func exitCode(within limit: Duration) -> CInt? {
        if status == nil {
            var value: CInt = 0
            if holds(within: limit, { waitpid(pid, &value, WNOHANG) == pid }) { status = value }
        }
        return status.map { $0 & 0x7F == 0 ? $0 >> 8 & 0xFF : -($0 & 0x7F) }
    }

    var output: String { contents(of: outputPath) ?? "" }
    var errors: String { contents(of: errorPath) ?? "" }
}

/// What a program that has ended said.
struct Outcome: CustomStringConvertible {
    let status: CInt
    let output: String
    let errors: String

    var description: String { "status \(status)\n\(output)\(errors)" }
}

/// Runs a program to its end.
@discardableResult
func run(
    _ words: [String], in folder: Folder, environment: [String] = [],
    within limit: Duration = patience
) throws -> Outcome {
    let program = try Program(words, in: folder, environment: environment)
    guard let status = program.exitCode(within: limit) else {
        throw Failure(
            "'\(words.joined(separator: " "))' did not end within \(limit):\n\(program.output)\(program.errors)"
        )
    }
    return Outcome(status: status, output: program.output, errors: program.errors)
}

/// Whether a program is in the PATH.
func isInstalled(_ name: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
}

/// The system's own: a version manager's takes a second to start.
let python = access("/usr/bin/python3", X_OK) == 0 ? "/usr/bin/python3" : "python3"
