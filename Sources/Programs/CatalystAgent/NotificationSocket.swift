internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// One sd_notify(3) message with who sent it.
struct Notification: Equatable {
    var values: [String: String]
    var sender: Int32
    var user: UInt32

    init(_ text: String, sender: Int32, user: UInt32) {
        self.sender = sender
        self.user = user
        values = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
    }
}

/// A service's `NOTIFY_SOCKET`: an abstract address, so that it needs no file, no rights and no tidying up.
struct NotificationSocket {
    let address: String
    let descriptor: FileDescriptor

    /// `kept`: the one that an earlier agent had there, with what was said meanwhile.
    init(
        address: String, kept: FileDescriptor?, on loop: EventLoop,
        _ receive: @escaping (Notification) -> Void
    ) throws(SystemError) {
        self.address = address
        let descriptor = if let kept { kept } else { try UnixSocket.receiver(at: address) }
        self.descriptor = descriptor
        try loop.watch(descriptor, for: .readable, rank: .signsOfLife) { _ in
            for _ in 0..<AgentLimits.notificationsPerTurnMax {
                guard
                    let (bytes, peer) = UnixSocket.receive(
                        from: descriptor, bytesMax: AgentLimits.notificationBytesMax)
                else { return }
                receive(
                    Notification(
                        String(decoding: bytes, as: UTF8.self), sender: peer.pid, user: peer.user))
            }
        }
    }

    func close(on loop: EventLoop) {
        loop.unwatch(descriptor)
        try? descriptor.close()  // Nothing was written to it.
    }
}
