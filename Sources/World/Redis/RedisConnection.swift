internal import CHiredis
internal import Glibc
internal import TLS

/// Why Redis gave no answer, or a bad one. Never holds the password.
package enum RedisError: Error, Equatable {
    case malformedURL
    /// Our own side is at fault, in words.
    case unable(String)
    case refused
    case timedOut
    /// In words: Redis' own (`NOAUTH Authentication required.`) or the connection's.
    case failed(String)
}

extension RedisError {
    /// Whether it is in Redis' own words, which begin with a code: so Redis is there.
    package var isAnswer: Bool {
        guard case .failed(let words) = self, let first = words.first, first.isLetter else {
            return false
        }
        return words.prefix { $0 != " " }.allSatisfy { $0.isASCII && $0.isUppercase }
    }
}

extension RedisError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformedURL:
            "cannot read the URL: it is not of the form 'redis://user:password@host:port/0'"
        case .unable(let words), .failed(let words): words
        case .refused: "connection refused"
        case .timedOut: "no answer in time"
        }
    }
}

/// A conversation with one Redis, all of it before one deadline: hiredis' formatter and parser over
/// a socket that is ours, since the distributions' hiredis speaks no TLS and its timeouts start
/// anew with each call.
///
/// Blocks its thread. Used by one thread at a time.
package final class RedisConnection {
    private let socket: CInt
    private let deadline: ContinuousClock.Instant
    private let replies: RedisReplies
    private var tls: TLSConnection?

    /// Connects, authenticates and selects the database of the URL.
    package init(to url: RedisURL, by deadline: ContinuousClock.Instant) throws(RedisError) {
        self.deadline = deadline
        replies = try RedisReplies()
        do throws(ConnectError) {
            socket = try connectedSocket(to: url.host, url.port, by: deadline)
        } catch {
            throw RedisError(error)
        }
        if let verification = url.verification {
            tls = try inRedisWords { () throws(TLSError) in
                try TLSConnection(
                    over: socket, to: url.host, verification: verification, by: deadline)
            }
        }
        if let password = url.password {
            _ = try ask(["AUTH"] + (url.user.map { [$0] } ?? []) + [password])
        }
        if url.database != 0 { _ = try ask(["SELECT", String(url.database)]) }
    }

    deinit {
        tls?.close()
        close(socket)
    }

    /// Sends a command and returns the text of its answer (nil: none, or not a text). Redis' error
    /// is thrown.
    package func ask(_ command: [String]) throws(RedisError) -> String? {
        try send(formatted(command))
        return try nextReply()
    }

    private func formatted(_ command: [String]) throws(RedisError) -> [UInt8] {
        var pointers: [UnsafePointer<CChar>?] = command.map { UnsafePointer(strdup($0)) }
        defer { for pointer in pointers { free(UnsafeMutableRawPointer(mutating: pointer)) } }
        let lengths = command.map(\.utf8.count)
        var target: UnsafeMutablePointer<CChar>?
        let count = redisFormatCommandArgv(&target, CInt(command.count), &pointers, lengths)
        guard count >= 0, let target else { throw .unable("out of memory") }
        defer { free(target) }
        return UnsafeRawBufferPointer(start: target, count: Int(count)).map { $0 }
    }

    private func nextReply() throws(RedisError) -> String? {
        while true {
            if let text = try replies.next() { return text }
            let bytes = try receive()
            guard !bytes.isEmpty else { throw .failed("connection closed") }
            try replies.feed(bytes)
        }
    }

    private func send(_ bytes: [UInt8]) throws(RedisError) {
        if let tls {
            return try inRedisWords { () throws(TLSError) in try tls.send(bytes, by: deadline) }
        }
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count >= 0 { sent += count } else { try waitAfterError(for: POLLOUT) }
        }
    }

    private func receive() throws(RedisError) -> [UInt8] {
        if let tls {
            return try inRedisWords { () throws(TLSError) in
                try tls.receive(upTo: chunk, by: deadline)
            }
        }
        var bytes = [UInt8](repeating: 0, count: chunk)
        while true {
            let count = recv(socket, &bytes, bytes.count, 0)
            if count >= 0 { return Array(bytes.prefix(count)) }
            try waitAfterError(for: POLLIN)
        }
    }

    private func waitAfterError(for events: CInt) throws(RedisError) {
        guard errno == EAGAIN || errno == EINTR else { throw .failed(words(for: errno)) }
        guard isReady(socket, for: events, by: deadline) else { throw .timedOut }
    }
}

/// `PING`, and everything before it that it needs, within `limit`.
package func ping(_ url: RedisURL, within limit: Duration) throws(RedisError) {
    let connection = try RedisConnection(to: url, by: .now + limit)
    let answer = try connection.ask(["PING"])
    guard answer == "PONG" else {
        throw .failed("PING is answered by '\(answer?.prefix(80) ?? "nothing")'")
    }
}

private let chunk = 8 << 10

extension RedisError {
    fileprivate init(_ error: ConnectError) {
        switch error {
        case .unable(let words): self = .unable(words)
        case .refused: self = .refused
        case .timedOut: self = .timedOut
        case .failed(let words): self = .failed(words)
        }
    }
}

private func inRedisWords<Value>(
    _ body: () throws(TLSError) -> Value
) throws(RedisError) -> Value {
    do throws(TLSError) { return try body() } catch {
        switch error {
        case .unavailable(let words): throw .unable(words)
        case .timedOut: throw .timedOut
        case .failed(let words): throw .failed(words)
        }
    }
}
