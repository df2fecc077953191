import Glibc

/// Sends a request to a service on loopback and returns the whole answer. `source`: where it comes from; from
/// `127.0.0.2` a candidate is reached, whether it has users or not.
@discardableResult
func http(
    _ method: String, port: UInt16, _ path: String, from source: String? = nil
) throws -> String {
    try HTTPCall(method, port: port, path, from: source).answer()
}

/// A request on its way.
final class HTTPCall {
    private let descriptor: CInt

    init(_ method: String, port: UInt16, _ path: String, from source: String? = nil) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        if let source {
            withAddress(source, 0) { _ = bind(descriptor, $0, size) }
        }
        let result = withAddress("127.0.0.1", port) { connect(descriptor, $0, size) }
        let request =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        guard result == 0, send(descriptor, request, request.utf8.count, CInt(MSG_NOSIGNAL)) > 0
        else { throw Failure("cannot ask port \(port): \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    /// All that comes, until nothing does for ten seconds.
    func answer() -> String {
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            answer += chunk.prefix(count)
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

private func withAddress<Result>(
    _ host: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>) -> Result
) -> Result {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr(host)
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0) }
    }
}
