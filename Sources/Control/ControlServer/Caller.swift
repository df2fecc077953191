internal import LinuxSystem

/// Who asks, as far as the kernel knows it.
package struct Caller: Equatable, Sendable {
    package let user: UInt32
    package let pid: Int32
    /// Of the user database on this machine.
    package let userName: String?
    /// Nil: it is gone, or may not be looked at.
    package let program: String?
    package let terminal: String?
    /// Who logged in, where that is somebody else (`sudo`).
    package let login: String?

    package init(
        user: UInt32, pid: Int32, userName: String? = nil, program: String? = nil,
        terminal: String? = nil, login: String? = nil
    ) {
        self.user = user
        self.pid = pid
        self.userName = userName
        self.program = program
        self.terminal = terminal
        self.login = login
    }

    /// `startTicks`: of the process that was seen when it connected; with others the pid is somebody else's by now.
    init(_ peer: UnixSocket.Peer, startTicks: UInt64?) {
        let entry = Proc.entry(of: peer.pid)
        let isSame = startTicks == nil || entry?.startTicks == startTicks
        let login = isSame ? Proc.loginUser(of: peer.pid) : nil
        self.init(
            user: peer.user, pid: peer.pid, userName: UserDatabase.name(of: peer.user),
            program: isSame ? Proc.name(of: peer.pid) : nil,
            terminal: isSame ? Proc.terminal(of: peer.pid) : nil,
            login: login.flatMap { $0 == peer.user ? nil : UserDatabase.name(of: $0) ?? "\($0)" })
    }

    /// `alice (pid 7)`.
    package var words: String { "\(shownUser) (pid \(pid))" }

    /// `alice (uid 1000, 'catalystctl' on pts/0, pid 7)`.
    package var fullWords: String {
        var facts: [String] = []
        if user != 0, userName != nil { facts.append("uid \(user)") }
        if let login { facts.append("logged in as \(login.plain)") }
        let place = terminal.map { " on \($0)" } ?? ""
        facts.append("\(program.map { "'\($0.plain)'" } ?? "a program that is gone")\(place)")
        facts.append("pid \(pid)")
        return "\(shownUser) (\(facts.joined(separator: ", ")))"
    }

    private var shownUser: String { userName.map(\.plain) ?? "user \(user)" }
}

extension String {
    /// A process names itself: what it says can neither end our quotes nor command a terminal.
    fileprivate var plain: String {
        String(
            unicodeScalars.map { ("\u{20}"..."\u{7E}") ~= $0 && $0 != "'" ? Character($0) : "?" })
    }
}
