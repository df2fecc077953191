package import ControlProtocol
internal import Glibc
internal import JSONLines

/// A connection to the agent: ask, then read the answer line by line.
///
/// It blocks; only people's commands use it.
package struct ControlClient: ~Copyable {
    private let path: String
    private let limits: Limits
    private let descriptor: Int32
    private var lines = LineBuffer(lineBytesMax: ControlLimits.replyBytesMax)

    /// How long the operator is kept waiting before being told that the agent is stuck.
    package struct Limits: Sendable {
        /// The agent accepts at once unless its queue of connections is full.
        package var connecting: Duration = .seconds(2)
        /// The agent's loop never blocks: a second is already a fault, ten are a certainty.
        package var answering: Duration = .seconds(10)
        /// `logs` may have to read gigabytes before the first line that matches.
        package var searching: Duration = .seconds(60)

        package init() {}
    }

    package init(socket path: String, limits: Limits = Limits()) throws(ControlClientError) {
        self.path = path
        self.limits = limits
        descriptor = try connected(to: path, within: limits.connecting)
    }

    deinit { close(descriptor) }

    /// Sends `request` and calls `each` with every line of the answer, decoded and as it came.
    /// The newline is not part of it.
    ///
    /// `whenIdle` is called before each wait, and while one lasts each `tick` and after each
    /// signal: the moment to show what has come so far.
    package mutating func ask(
        _ request: ControlRequest, tick: Duration? = nil, whenIdle: () throws -> Void = {},
        each: (ControlReply, _ line: [UInt8]) throws -> Void
    ) throws {
        try send(try JSONLines.encode(request))
        let patience = limits.patience(with: request)
        while true {
            let line = try nextLine(patience: patience, tick: tick, whenIdle: whenIdle)
            let reply = try decoded(line)
            try each(reply, line)
            if reply.last { return }
        }
    }

    private func decoded(_ line: [UInt8]) throws(ControlClientError) -> ControlReply {
        do {
            return try JSONLines.decode(ControlReply.self, from: line)
        } catch {
            throw ControlClientError(path: path, reason: .malformed)
        }
    }

    private func send(_ bytes: [UInt8]) throws(ControlClientError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { rest in
                Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
            } else if errno == EPIPE || errno == ECONNRESET {
                return  // The agent may have said why before it closed: go and read.
            } else if errno != EINTR {
                throw ControlClientError(path: path, reason: .system(errno))
            }
        }
    }

    private mutating func nextLine(
        patience: Duration?, tick: Duration?, whenIdle: () throws -> Void
    ) throws -> [UInt8] {
        let deadline = patience.map { ContinuousClock.now + $0 }
        while true {
            do {
                if let line = try lines.next() { return line }
            } catch {
                throw ControlClientError(path: path, reason: .lineTooLong(bytesMax: error.bytesMax))
            }
            repeat { try whenIdle() } while try !hasInput(until: deadline, within: tick)
            try receive()
        }
    }

    /// False: none yet.
    private func hasInput(
        until deadline: ContinuousClock.Instant?, within tick: Duration?
    ) throws(ControlClientError) -> Bool {
        let left = deadline.map { max(.zero, $0 - .now) }
        let wait = [left, tick].compactMap { $0 }.min().map { ($0 / .milliseconds(1)).rounded(.up) }
        var input = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let count = poll(&input, 1, wait.map { Int32(min($0, 1e9)) } ?? -1)
        if count > 0 { return true }
        if count < 0, errno != EINTR {
            throw ControlClientError(path: path, reason: .system(errno))
        }
        if let deadline, deadline <= .now { throw ControlClientError(path: path, reason: .silent) }
        return false
    }

    private mutating func receive() throws(ControlClientError) {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
            let result = read(descriptor, buffer.baseAddress, buffer.count)
            failure = result < 0 ? errno : 0
            count = max(0, result)
        }
        switch failure {
        case EINTR: return
        case 0 where !bytes.isEmpty: lines.append(bytes)
        case 0, ECONNRESET: throw ControlClientError(path: path, reason: .closed)
        default: throw ControlClientError(path: path, reason: .system(failure))
        }
    }
}

extension ControlClient.Limits {
    /// How long one line of the answer may take; nil: as long as it takes.
    fileprivate func patience(with request: ControlRequest) -> Duration? {
        if request.wait == true || request.follow == true { return nil }
        return request.command == .logs ? searching : answering
    }
}
