@preconcurrency internal import Glibc

/// A real program, started for one test and killed at its end.
final class Program: Sendable {
    let pid: pid_t

    /// Nil where it cannot be started. Its output goes to /dev/null.
    init?(_ command: [String]) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        guard posix_spawnp(&pid, command[0], &actions, nil, &arguments, environ) == 0 else {
            return nil
        }
        self.pid = pid
    }

    /// Whether it ended well.
    func succeeds() -> Bool {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }

    func kill(with signal: CInt = SIGKILL) {
        Glibc.kill(pid, signal)
        waitpid(pid, nil, 0)
    }

    static func exists(_ name: String) -> Bool {
        Program(["/bin/sh", "-c", "command -v '\(name)'"])?.succeeds() ?? false
    }
}

/// A directory of its own for one test.
func makeTemporaryDirectory() -> String {
    var template = Array("/tmp/catalyst-probing-XXXXXX".utf8CString)
    return mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
}

func remove(_ directory: String) { _ = Program(["rm", "-rf", directory])?.succeeds() }

/// A port of loopback that nobody uses at the moment.
func freePort() -> UInt16 { RawServer(listens: false) { _ in }.port }
