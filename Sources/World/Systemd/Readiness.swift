internal import Glibc
internal import LinuxSystem
package import SystemPackage

/// What the agent tells the systemd that started it: sd_notify(3). Without one every call does nothing.
package struct Readiness {
    private let socket: FileDescriptor?
    /// How often systemd wants a sign of life; nil: it does not watch. Ping at half of it.
    package let watchdogInterval: Duration?

    /// Reads `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`.
    package init(environment: [String: String]) {
        // Not reachable: then nobody waits for our word either.
        socket = environment["NOTIFY_SOCKET"].flatMap { try? UnixSocket.sender(to: $0) }
        let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        watchdogInterval =
            isOurs
            ? environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap {
                $0 > 0 ? .microseconds($0) : nil
            } : nil
    }

    package var isListenedTo: Bool { socket != nil }

    package func ready(status: String) { send("READY=1\nSTATUS=\(oneLine(status))") }
    package func status(_ words: String) { send("STATUS=\(oneLine(words))") }
    package func stopping() { send("STOPPING=1") }
    package func reloading(at monotonic: Int64) {
        send("RELOADING=1\nMONOTONIC_USEC=\(monotonic / 1000)")
    }
    package func ping() { send("WATCHDOG=1") }

    /// Gives systemd a copy of `descriptor`, for an agent that follows after this one has died: its fd store. It
    /// is kept whatever happens at its other end, until `forget` or an orderly stop of the unit.
    package func keep(_ descriptor: FileDescriptor, named name: String) {
        guard let socket else { return }
        let text = "FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0"
        // A full queue: then it cannot be handed over, which costs only if this agent dies.
        _ = UnixSocket.send(text, with: descriptor, over: socket)
    }

    package func forget(_ name: String) { send("FDSTOREREMOVE=1\nFDNAME=\(name)") }

    private func oneLine(_ words: String) -> String { words.replacing("\n", with: " ") }

    private func send(_ text: String) {
        guard let socket else { return }
        // A full queue means that systemd is busy; the next message says the same.
        _ = Glibc.send(
            socket.rawValue, text, text.utf8.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
    }
}
