internal import Glibc
internal import StackModel

/// The terminal's second screen, without echo and line by line: left again on every way out.
struct FullScreen: ~Copyable {
    private let output = Output()
    private let hasKeys: Bool

    init() {
        before.initialize(to: termios())
        hasKeys = tcgetattr(STDIN_FILENO, before) == 0
        for number in deadly { catchSignal(number, leaveAndDie) }
        catchSignal(SIGTSTP, leaveAndStop)
        // Only so that a wait for keys ends early.
        catchSignal(SIGWINCH) { _ in }
        enterScreen()
    }

    func leave() { leaveScreen() }

    func draw(_ lines: [String]) throws {
        let height = Terminal.current().height
        output.write(Array("\u{1B}[H".utf8))
        let text = lines.prefix(height).map { $0 + "\u{1B}[K" }.joined(separator: "\n")
        output.write(Array((text + "\u{1B}[J").utf8))
        try output.flush()
    }

    /// What was pressed; empty: nothing in that time, or something else needs a drawing.
    func keys(within time: Duration) throws -> [Key] {
        var input = pollfd(fd: hasKeys ? STDIN_FILENO : -1, events: Int16(POLLIN), revents: 0)
        let count = poll(&input, 1, Int32(min(time.milliseconds, Int64(Int32.max))))
        guard count > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 256)
        let length = read(STDIN_FILENO, &bytes, bytes.count)
        if length < 0, errno == EINTR { return [] }
        // The terminal has gone.
        guard length > 0 else { return [.quit, .quit] }
        return Key.keys(in: Array(bytes.prefix(length)))
    }
}

/// How the terminal was. Set before any signal can ask for it, read by nobody else afterwards.
nonisolated(unsafe) private let before = UnsafeMutablePointer<termios>.allocate(capacity: 1)

private let deadly = [
    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP,
]

private func catchSignal(_ number: Int32, _ action: @escaping @convention(c) (Int32) -> Void) {
    var request = sigaction()
    request.__sigaction_handler.sa_handler = action
    sigaction(number, &request, nil)
}

// Of these only what signal-safety(7) allows: write, tcsetattr, signal, raise.

private func leaveAndDie(_ number: Int32) {
    leaveScreen()
    signal(number, SIG_DFL)
    raise(number)
}

private func leaveAndStop(_ number: Int32) {
    leaveScreen()
    raise(SIGSTOP)
    enterScreen()
}

private func enterScreen() {
    var settings = before.pointee
    settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
    tcsetattr(STDIN_FILENO, TCSANOW, &settings)
    put("\u{1B}[?1049h\u{1B}[?25l")
}

private func leaveScreen() {
    put("\u{1B}[?25h\u{1B}[?1049l")
    tcsetattr(STDIN_FILENO, TCSANOW, before)
}

private func put(_ text: StaticString) {
    _ = write(STDOUT_FILENO, text.utf8Start, text.utf8CodeUnitCount)
}
