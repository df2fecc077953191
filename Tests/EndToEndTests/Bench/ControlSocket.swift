import ControlProtocol
import FoundationEssentials
import Glibc

/// A connection to an agent's control socket, spoken by hand: what a test sends need not make sense.
final class ControlSocket {
    private var descriptor: CInt
    private var received: [UInt8] = []

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(
                descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let descriptor = descriptor
        let result = withUnsafeBytes(of: &address) {
            connect(
                descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t($0.count))
        }
        guard result == 0 else {
            // The object is whole: what is thrown away closes its descriptor.
            throw Failure("cannot connect to '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    deinit { hangUp() }

    func hangUp() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Whether all of it was taken.
    @discardableResult
    func send(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// The next line; nil at the end.
    func line() throws -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeSubrange(...end)
                return line
            }
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(descriptor, &chunk, chunk.count)
            if count == 0 || count < 0 && errno == ECONNRESET { return nil }
            guard count > 0 else { throw Failure("no answer: \(String(cString: strerror(errno)))") }
            received += chunk.prefix(count)
        }
    }

    func reply() throws -> ControlReply {
        guard let line = try line() else { throw Failure("the agent hung up") }
        return try JSONDecoder().decode(ControlReply.self, from: Data(line.utf8))
    }

    /// All of an answer.
    func ask(_ request: ControlRequest) throws -> [ControlReply] {
        let line = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
        guard send(line + "\n") else { throw Failure("the agent takes no request") }
        var replies: [ControlReply] = []
        repeat { replies.append(try reply()) } while replies.last?.last != true
        return replies
    }
}
