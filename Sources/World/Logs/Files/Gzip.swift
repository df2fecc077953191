internal import Glibc

/// The gzip program, as a child between two descriptors.
enum Gzip {
    /// Nil where there is no gzip.
    static func start(_ arguments: [String], input: Int32, output: Int32) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)

        // Our threads block all signals; gzip must not inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        let words = (["gzip"] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        for program in ["/usr/bin/gzip", "/bin/gzip"] {
            var child: pid_t = 0
            var environment: [UnsafeMutablePointer<CChar>?] = [nil]
            if posix_spawn(&child, program, &actions, &attributes, words + [nil], &environment) == 0
            {
                return child
            }
        }
        return nil
    }

    /// Waits for its end. Nil: somebody else, the agent's reaper, took its status.
    static func wait(_ child: pid_t) -> Bool? {
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { return nil }
        }
        return status == 0
    }

    /// Whether a compressed file says that it holds `size` bytes: its last four say so, modulo
    /// 2^32.
    static func isWhole(_ file: Int32, holding size: Int) -> Bool {
        var status = stat()
        var trailer: UInt32 = 0
        guard fstat(file, &status) == 0, status.st_size >= 18,
            pread(file, &trailer, 4, status.st_size - 4) == 4
        else { return false }
        return UInt32(littleEndian: trailer) == UInt32(truncatingIfNeeded: size)
    }
}
