import Glibc
import Synchronization

/// A web server on loopback that answers each request by what `answer` makes of it, then hangs up.
final class TinyWeb: Sendable {
    struct Request: Sendable {
        /// `POST /mcp`
        var line: String
        /// All of the head, in lower case.
        var head: String
        var body: String
    }

    let port: UInt16
    var url: String { "http://127.0.0.1:\(port)" }
    private let listener: Int32
    private let asked = Mutex<[Request]>([])

    var requests: [Request] { asked.withLock { $0 } }

    init(_ answer: @escaping @Sendable (Request) -> String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return bind(listener, pointer, size) == 0 && listen(listener, 8) == 0
                && pointer.map { getsockname(listener, $0, &size) } == 0
        }
        guard isBound else { throw TestFailure("cannot listen: \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        startThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                // Children of other tests must not keep it open.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                serve(connection, answer)
                close(connection)
            }
        }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32, _ answer: (Request) -> String) {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        func take() -> Bool {
            guard read(connection, &byte, 1) == 1 else { return false }
            bytes.append(byte)
            return true
        }
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) { if !take() { return } }
        let head = String(decoding: bytes, as: UTF8.self)
        let lower = head.lowercased()
        bytes = []
        let length = lower.firstMatch(of: /content-length: (\d+)/).flatMap { Int($0.1) } ?? 0
        while bytes.count < length { if !take() { return } }
        let request = Request(
            line: head.prefix { $0 != "\r\n" }.split(separator: " ").prefix(2)
                .joined(separator: " "),
            head: lower, body: String(decoding: bytes, as: UTF8.self))
        asked.withLock { $0.append(request) }
        var rest = Array(answer(request).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
