internal import Glibc

/// A connection to an HTTP server of loopback.
final class Browser {
    private let socket: CInt
    private var received: [UInt8] = []
    private(set) var isClosed = false

    init(port: UInt16) throws {
        socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure(words: "cannot connect: error \(errno)") }
    }

    deinit { close(socket) }

    func send(_ text: String) { _ = Glibc.send(socket, text, text.utf8.count, CInt(MSG_NOSIGNAL)) }

    func get(_ path: String = "/metrics", method: String = "GET") {
        send("\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
    }

    /// The next answer: what comes until its text ends with `end`, or the connection is closed.
    func answer(endingWith end: String = "\n", within limit: Duration = .seconds(20)) async throws
        -> String
    {
        let isWhole = await holds(within: limit) {
            take()
            return isClosed || (text.contains("\r\n\r\n") && text.hasSuffix(end))
        }
        guard isWhole else { throw Failure(words: "no answer in time, only '\(text)'") }
        defer { received = [] }
        return text
    }

    func isClosed(within limit: Duration) async -> Bool {
        await holds(within: limit) {
            take()
            return isClosed
        }
    }

    private var text: String { String(decoding: received, as: UTF8.self) }

    private func take() {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        if count > 0 { received += bytes.prefix(count) }
        isClosed = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }
}
