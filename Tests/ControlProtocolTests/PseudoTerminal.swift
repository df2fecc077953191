import Glibc

/// `catalystctl` on a terminal of its own, as somebody sits at it.
final class PseudoTerminal {
    private let master: Int32
    /// Stays open, so that the settings outlive the program.
    private let terminal: Int32
    private let pid: pid_t
    private var hasEnded = false
    /// All that the program has written so far.
    private(set) var output = ""

    init(
        _ arguments: [String], environment: [String] = [], width: UInt16 = 80, height: UInt16 = 24
    ) throws {
        // What posix_openpt(3) and its kin do; Swift's Glibc has none of them. See ioctl_tty(2).
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: UInt32 = 0
        guard master >= 0, ioctl(master, UInt(0x4004_5431), &lock) == 0,
            ioctl(master, UInt(0x8004_5430), &number) == 0
        else { throw TestFailure("no terminal: \(errno)") }
        let name = "/dev/pts/\(number)"
        terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // The first terminal that a session's leader opens is its own: tty_ioctl(4).
        posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A test's thread may have signals blocked, and the program would inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let setSession: Int16 = 0x80  // POSIX_SPAWN_SETSID
        posix_spawnattr_setflags(&attributes, setSession | Int16(POSIX_SPAWN_SETSIGMASK))
        pid = try Program.spawn(arguments, environment, &actions, &attributes)
    }

    deinit {
        if !hasEnded {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
        close(master)
        close(terminal)
    }

    /// Whether what is typed is echoed and handed over line by line, as a shell leaves it.
    var isAsBefore: Bool {
        var settings = termios()
        tcgetattr(terminal, &settings)
        return settings.c_lflag & tcflag_t(ICANON) != 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    /// The newest whole screen, without colours.
    var screen: [String] {
        let frames = output.split(separator: "\u{1B}[H", omittingEmptySubsequences: false)
        guard let frame = frames.dropFirst().last(where: { $0.contains("\u{1B}[J") }) else {
            return []
        }
        let whole = frame.prefix(
            upTo: frame.firstRange(of: "\u{1B}[J")?.lowerBound ?? frame.endIndex)
        return whole.split(separator: "\r\n", omittingEmptySubsequences: false).map {
            String($0).replacing(#/\u{1B}\[[0-9]*[mK]/#, with: "")
        }
    }

    func type(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(master, bytes, bytes.count)
    }

    func resize(width: UInt16, height: UInt16) {
        var size = winsize(ws_row: height, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Reads on until `condition` holds; false: it never did.
    func wait(for condition: () -> Bool) -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            read(within: 50)
        }
        return true
    }

    /// The exit code, or minus the signal; nil: it goes on.
    func end() -> Int32? {
        var status: Int32 = 0
        guard wait(for: { self.waited(&status, 0) }) else { return nil }
        hasEnded = true
        read(within: 0)
        return status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
    }

    /// Whether it comes to be stopped, as by Ctrl-Z.
    func isStopped() -> Bool {
        var status: Int32 = 0
        return wait(for: { self.waited(&status, WUNTRACED) }) && status & 0xFF == 0x7F
    }

    private func waited(_ status: inout Int32, _ options: Int32) -> Bool {
        waitpid(pid, &status, WNOHANG | options) == pid
    }

    private func read(within milliseconds: Int32) {
        var input = pollfd(fd: master, events: Int16(POLLIN), revents: 0)
        var wait = milliseconds
        while poll(&input, 1, wait) > 0, input.revents & Int16(POLLIN) != 0 {
            var bytes = [UInt8](repeating: 0, count: 64 << 10)
            let count = Glibc.read(master, &bytes, bytes.count)
            guard count > 0 else { return }
            output += String(decoding: bytes.prefix(count), as: UTF8.self)
            wait = 0
        }
    }
}
