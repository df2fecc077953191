internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// journald over its native protocol: datagrams of fields, sent without ever waiting.
///
/// libsystemd's call blocks its caller while journald is stalled, and cannot say that none is there;
/// this does neither. What journald does not take now waits here, up to `waitingMax`, for `flush()`;
/// beyond that it is counted and dropped.
package struct Journal {
    package static let socketPath = "/run/systemd/journal/socket"
    /// A stalled journald is restarted by its watchdog within minutes; by then this many of our lines are plenty.
    package static let waitingMax = 1000
    /// Below the default `net.core.wmem_max`; only a log line could be longer, and is cut.
    package static let datagramBytesMax = 128 << 10
    /// Where no journald is, it is looked for so often: a look costs a system call with each event.
    static let lookAgainAfter = Duration.seconds(1)

    private let path: String
    private var socket: FileDescriptor?
    /// Nil: at once.
    private var nextLook: Moment?
    private var waiting: [[UInt8]] = []
    package private(set) var dropped = 0

    package init(socketPath: String = Journal.socketPath) {
        path = socketPath
        connect()
    }

    /// Whether a journald was there when it was looked for last.
    package var isConnected: Bool { socket != nil }
    package var hasWaiting: Bool { !waiting.isEmpty }
    package var waitingCount: Int { waiting.count }

    /// Sends fields, or keeps them until `flush()`. False: nobody is there to take them.
    package mutating func send(_ fields: [(name: String, value: String)]) -> Bool {
        connect()
        guard socket != nil else { return false }
        let datagram = Self.encode(fields)
        if waiting.isEmpty, deliver(datagram) { return true }
        guard socket != nil else { return false }
        if waiting.count < Self.waitingMax { waiting.append(datagram) } else { dropped += 1 }
        return true
    }

    /// Sends what waits, as far as it goes.
    package mutating func flush() {
        connect()
        let sent = waiting.prefix { deliver($0) }.count
        waiting.removeFirst(sent)
    }

    private mutating func connect() {
        guard socket == nil else { return }
        let now = Clock.now()
        if let nextLook, now < nextLook { return }
        // No journald is an ordinary case: the caller has stderr.
        socket = try? UnixSocket.sender(to: path)
        nextLook = socket == nil ? now + Self.lookAgainAfter : nil
    }

    private mutating func deliver(_ datagram: [UInt8]) -> Bool {
        guard let socket else { return false }
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        if Glibc.send(socket.rawValue, datagram, datagram.count, flags) >= 0 { return true }
        guard errno != EAGAIN, errno != EWOULDBLOCK, errno != ENOBUFS else { return false }
        // journald was restarted: its socket is a new one. Too long: nothing will ever make it fit.
        let isTooLong = errno == EMSGSIZE
        if isTooLong { dropped += 1 }
        try? socket.close()  // Nothing is buffered in it.
        self.socket = nil
        connect()
        if isTooLong { return true }
        return self.socket.map { Glibc.send($0.rawValue, datagram, datagram.count, flags) >= 0 }
            ?? false
    }

    /// systemd's JOURNAL_NATIVE_PROTOCOL: `NAME=value\n`, or with newlines `NAME\n`, a 64-bit length, the value, `\n`.
    static func encode(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields {
            let value = value.utf8.prefix(datagramBytesMax / 2)
            bytes += name.utf8
            if value.contains(UInt8(ascii: "\n")) {
                bytes.append(UInt8(ascii: "\n"))
                withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }
}
