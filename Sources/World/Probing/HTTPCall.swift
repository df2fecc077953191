internal import Glibc
internal import StackModel
internal import TLS

/// One GET over a connection of its own, plain or TLS, all of it before one deadline.
///
/// Blocks its thread.
final class HTTPCall {
    enum Failure: Error, Equatable {
        case refused
        case timedOut
        /// The other side's doing, in words.
        case failed(String)
        /// Ours, in words.
        case unable(String)
    }

    let tls: TLSConnection?
    private let url: HTTPURL
    private let socket: OwnedSocket
    private let deadline: ContinuousClock.Instant

    /// Shakes hands where the URL is https.
    init(
        _ url: HTTPURL, over socket: OwnedSocket, verification: Verification,
        by deadline: ContinuousClock.Instant
    ) throws(Failure) {
        self.url = url
        self.socket = socket
        self.deadline = deadline
        let isEncrypted = url.isEncrypted
        tls = try inCallWords { () throws(TLSError) in
            guard isEncrypted else { return nil }
            return try TLSConnection(
                over: socket.descriptor, to: url.host, verification: verification, by: deadline)
        }
    }

    deinit { tls?.close() }

    /// `authorization`: the value of that header.
    func get(authorization: String?) throws(Failure) {
        var lines = [
            "GET \(url.target) HTTP/1.1", "Host: \(url.authority)",
            "User-Agent: catalyst-collector",
            "Accept: */*", "Connection: close",
        ]
        if let authorization { lines.append("Authorization: \(authorization)") }
        try send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8))
    }

    func answer() throws(Failure) -> HTTPAnswer {
        var bytes: [UInt8] = []
        while true {
            let more = try receive()
            bytes += more
            let answer = HTTPAnswer(
                bytes, isEnd: more.isEmpty, bodyBytesMax: ProbingLimits.bodyBytesMax)
            if answer != .incomplete { return answer }
        }
    }

    /// The status alone: the body is not waited for.
    func answeredStatus() throws(Failure) -> Int {
        var bytes: [UInt8] = []
        while true {
            let more = try receive()
            bytes += more
            if let status = httpStatus(of: bytes) { return status }
            if case .broken(let words) = HTTPAnswer(bytes, isEnd: more.isEmpty, bodyBytesMax: 0) {
                throw .failed(words)
            }
        }
    }

    private func send(_ bytes: [UInt8]) throws(Failure) {
        if let tls {
            return try inCallWords { () throws(TLSError) in try tls.send(bytes, by: deadline) }
        }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket.descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 { sent += count } else { try waitAfterError(for: POLLOUT) }
        }
    }

    /// Nothing at the end.
    private func receive() throws(Failure) -> [UInt8] {
        if let tls {
            return try inCallWords { () throws(TLSError) in
                try tls.receive(upTo: chunk, by: deadline)
            }
        }
        var bytes = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = recv(socket.descriptor, &bytes, bytes.count, 0)
            if count >= 0 { return Array(bytes.prefix(count)) }
            try waitAfterError(for: POLLIN)
        }
    }

    private func waitAfterError(for events: CInt) throws(Failure) {
        guard errno == EAGAIN || errno == EINTR else { throw .failed(words(for: errno)) }
        guard isReady(socket.descriptor, for: events, by: deadline) else { throw .timedOut }
    }
}

/// A socket that is closed when nobody has it any more.
final class OwnedSocket: Sendable {
    let descriptor: CInt
    init(_ descriptor: CInt) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}

private let chunk = 8 << 10

extension HTTPCall.Failure {
    init(_ error: ConnectError) {
        switch error {
        case .unable(let words): self = .unable(words)
        case .refused: self = .refused
        case .timedOut: self = .timedOut
        case .failed(let words): self = .failed(words)
        }
    }

    var words: String {
        switch self {
        case .refused: "connection refused"
        case .timedOut: "no answer in time"
        case .failed(let words), .unable(let words): words
        }
    }
}

private func inCallWords<Value>(
    _ body: () throws(TLSError) -> Value
) throws(HTTPCall.Failure) -> Value {
    do throws(TLSError) { return try body() } catch {
        switch error {
        case .unavailable(let words): throw .unable(words)
        case .timedOut: throw .timedOut
        case .failed(let words): throw .failed(words)
        }
    }
}
