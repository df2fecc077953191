import Glibc

/// `catalystctl` as it was built beside these tests, run to its end.
struct Program {
    let status: Int32
    let output: String
    let errors: String

    /// `input` and the outputs are files, so that nothing can block. `executable`: another
    /// program than `catalystctl`.
    init(
        _ arguments: [String], environment: [String] = [], closingOutput: Bool = false,
        executable: String? = nil
    ) throws {
        let directory = try temporaryDirectory()
        defer {
            unlink(directory + "/out")
            unlink(directory + "/err")
            rmdir(directory)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if closingOutput {
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { throw TestFailure("pipe: \(errno)") }
            close(ends[0])
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
            defer { close(ends[1]) }
            posix_spawn_file_actions_addopen(
                &actions, 2, directory + "/err", O_WRONLY | O_CREAT, 0o600)
            status = try Self.run(executable, arguments, environment, &actions)
        } else {
            posix_spawn_file_actions_addopen(
                &actions, 1, directory + "/out", O_WRONLY | O_CREAT, 0o600)
            posix_spawn_file_actions_addopen(
                &actions, 2, directory + "/err", O_WRONLY | O_CREAT, 0o600)
            status = try Self.run(executable, arguments, environment, &actions)
        }
        output =
            closingOutput
            ? "" : String(decoding: try contents(of: directory + "/out"), as: UTF8.self)
        errors = String(decoding: try contents(of: directory + "/err"), as: UTF8.self)
    }

    /// The exit code, or minus the signal.
    private static func run(
        _ executable: String?, _ arguments: [String], _ environment: [String],
        _ actions: inout posix_spawn_file_actions_t
    ) throws -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        let pid = try spawn(arguments, environment, &actions, &attributes, executable: executable)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    static func spawn(
        _ arguments: [String], _ environment: [String],
        _ actions: inout posix_spawn_file_actions_t, _ attributes: inout posix_spawnattr_t,
        executable: String? = nil
    ) throws -> pid_t {
        let program = try executable ?? buildFolder() + "/catalystctl"
        var words: [UnsafeMutablePointer<CChar>?] =
            ([program] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            (["TZ=UTC"] + environment).map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var pid = pid_t()
        let failure = posix_spawn(&pid, program, &actions, &attributes, &words, &variables)
        guard failure == 0 else { throw TestFailure("cannot run '\(program)': \(failure)") }
        return pid
    }

    /// Where this very test program lies.
    static func buildFolder() throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(
            decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { throw TestFailure("where am I?") }
        return String(path[..<slash])
    }
}
