import Glibc

/// Clients that ask services again and again, and count what goes wrong.
final class Hammer: Sendable {
    enum Manner {
        /// Each request has a connection of its own.
        case anew
        /// A connection is used until the service closes it. A request that a closed connection left without any
        /// answer is sent again, once, as HTTP allows.
        case keptAlive
    }

    /// What became of the requests so far.
    struct Count {
        var answered: [UInt16: Int] = [:]
        /// By reason.
        var failures: [String: Int] = [:]
        /// When the first few failed.
        var moments: [String] = []
        var total: Int { answered.values.reduce(0, +) }
        var refused: Int {
            failures.filter { $0.key.contains("refused") }.values.reduce(0, +)
        }
    }

    private let ports: [UInt16]
    private let count = Guarded(Count())
    private let isOver = Guarded(false)
    private let threads = Guarded<[pthread_t]>([])

    init(_ ports: [UInt16], clients: Int = 2, _ manner: Manner = .anew) {
        self.ports = ports
        for port in ports {
            for _ in 0..<clients {
                let client = Client(port: port, isKeptAlive: manner == .keptAlive) { [self] in
                    note($0, port)
                }
                start(client)
            }
        }
    }

    private func start(_ client: Client) {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                if let argument {
                    Unmanaged<Client>.fromOpaque(argument).takeRetainedValue().work()
                }
                return nil
            }, Unmanaged.passRetained(client).toOpaque())
        if result == 0 { threads.withLock { $0.append(thread) } }
    }

    /// Whether to go on.
    private func note(_ failure: String?, _ port: UInt16) -> Bool {
        count.withLock { count in
            if let failure {
                count.failures[failure, default: 0] += 1
                if count.moments.count < 5 { count.moments.append("\(now()) \(port) \(failure)") }
            } else {
                count.answered[port, default: 0] += 1
            }
        }
        return !isOver.withLock { $0 }
    }

    var soFar: Count { count.withLock { $0 } }

    /// Waits until each service has answered so often again.
    func expectAnswers(_ wanted: Int = 20) throws {
        let before = soFar.answered
        let areThere = holds {
            let now = soFar.answered
            return ports.allSatisfy { now[$0, default: 0] >= before[$0, default: 0] + wanted }
        }
        guard areThere else { throw Failure("no answers: \(soFar)") }
    }

    /// Ends when every client has its last answer.
    @discardableResult
    func stop() -> Count {
        isOver.withLock { $0 = true }
        let open = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in open { pthread_join(thread, nil) }
        return soFar
    }
}

/// Hammers while `body` runs.
func hammering(
    _ ports: [UInt16], clients: Int = 2, _ manner: Hammer.Manner = .anew,
    _ body: (Hammer) throws -> Void
) throws -> Hammer.Count {
    let hammer = Hammer(ports, clients: clients, manner)
    defer { hammer.stop() }
    try hammer.expectAnswers()
    try body(hammer)
    try hammer.expectAnswers()
    return hammer.stop()
}

/// As agents write it.
private func now() -> String {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    var parts = tm()
    gmtime_r(&time.tv_sec, &parts)
    let milliseconds = time.tv_nsec / 1_000_000
    return "\(parts.tm_hour):\(parts.tm_min):\(parts.tm_sec)+\(milliseconds)ms"
}

/// One of them, on a thread of its own.
private final class Client {
    private let port: UInt16
    private let isKeptAlive: Bool
    private let isToGoOn: (String?) -> Bool
    private var descriptor: CInt = -1
    /// So that many of them leave a small machine some time.
    private static let pause: UInt32 = 10_000

    init(port: UInt16, isKeptAlive: Bool, isToGoOn: @escaping (String?) -> Bool) {
        (self.port, self.isKeptAlive, self.isToGoOn) = (port, isKeptAlive, isToGoOn)
    }

    func work() {
        while isToGoOn(failure()) { usleep(Self.pause) }
        hangUp()
    }

    /// Nil: a whole and good answer.
    private func failure() -> String? {
        let isOld = descriptor >= 0
        do {
            let answer = try Self.ask(try connection(), port, isKeptAlive: isKeptAlive)
            if !isKeptAlive || answer.isLast { hangUp() }
            return answer.failure
        } catch {
            hangUp()
            guard isOld, error.isBeforeAnswer else { return error.description }
            return failure()
        }
    }

    private func hangUp() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    private func connection() throws(Loss) -> CInt {
        if descriptor >= 0 { return descriptor }
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Loss("connecting", errno) }
        return descriptor
    }

    private static func ask(_ descriptor: CInt, _ port: UInt16, isKeptAlive: Bool) throws(Loss)
        -> HTTPAnswer
    {
        let connection = isKeptAlive ? "" : "Connection: close\r\n"
        let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(connection)\r\n"
        let sent = send(descriptor, request, request.utf8.count, CInt(MSG_NOSIGNAL))
        guard sent == request.utf8.count else { throw Loss("sending", errno) }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            if let answer = HTTPAnswer(received) { return answer }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else {
                let when = received.isEmpty ? "waiting for the answer" : "reading the answer"
                throw Loss(when, count == 0 ? 0 : errno, isBeforeAnswer: received.isEmpty)
            }
            received += chunk.prefix(count)
        }
    }
}

/// A request that nobody answered.
private struct Loss: Error, CustomStringConvertible {
    let description: String
    var isBeforeAnswer: Bool

    init(_ when: String, _ number: CInt, isBeforeAnswer: Bool = true) {
        let reason = number == 0 ? "connection closed" : String(cString: strerror(number))
        description = "\(when): \(reason.lowercased())"
        // Who waited to the end of its patience need not be asked again.
        self.isBeforeAnswer = isBeforeAnswer && number != EAGAIN
    }
}

/// A whole answer.
private struct HTTPAnswer {
    /// Nil: it is good.
    let failure: String?
    /// The service closes the connection after it.
    let isLast: Bool

    /// Nil: some of it is missing.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
        let lines = head.split(separator: "\r\n")
        let length = lines.first { $0.hasPrefix("content-length:") }?.split(separator: " ").last
        guard let length, let length = Int(length) else {
            (failure, isLast) = ("an answer without a length", true)
            return
        }
        guard bytes.count >= end.upperBound + length else { return nil }
        let isGood = lines.first?.hasPrefix("http/1.1 200") ?? false
        failure = isGood ? nil : "answered '\(lines.first ?? "")'"
        isLast = lines.contains("connection: close")
    }
}
