internal import Glibc
internal import NIOCore
internal import StackModel

/// All that wait to try again, and what a try costs. Confined to one event loop.
final class Crowd {
    var count = 0
    private var cost = Duration.microseconds(20)

    /// About half a percent of the time waited; longer in a crowd, which must not keep the loop from all else.
    func pause(after waited: Duration) -> Duration {
        let own = min(max(ProbingLimits.pauseMin, waited / 200), ProbingLimits.pauseMax)
        return max(own, cost * ProbingLimits.triesCostFactor * count)
    }

    /// A try took so long, on this machine, in its present mood.
    func learn(_ took: Duration) { cost += (took - cost) / 8 }
}

/// Gets a TCP connection: tries each address in turn, once, or again and again while nobody listens
/// yet.
///
/// The socket is connected without a channel: on loopback the answer is there at once, and a
/// refused try costs some 15 us, a tenth of a channel's price. Confined to `loop`.
final class Dial {
    enum Failure: Error, Equatable {
        case refused
        case timedOut
        /// The other side's doing, in words.
        case failed(String)
        /// Ours, in words.
        case unable(String)
    }

    private let addresses: [SocketAddress]
    private let source: SocketAddress?
    private let awaitsListener: Bool
    private let crowd: Crowd
    private let loop: NIOIsolatedEventLoop
    private let began = NIODeadline.now()
    private var index = 0
    private var firstFailure: Failure?
    private var socket: CInt?
    private var isWaiting = false
    private var completion: ((Result<CInt, Failure>) -> Void)?

    /// `completion` is called once, with a connected descriptor that is the callee's to close,
    /// unless cancelled.
    init(
        to addresses: [SocketAddress], from source: SocketAddress?, awaitsListener: Bool,
        among crowd: Crowd,
        on loop: NIOIsolatedEventLoop, completion: @escaping (Result<CInt, Failure>) -> Void
    ) {
        self.addresses = addresses
        self.source = source
        self.awaitsListener = awaitsListener
        self.crowd = crowd
        self.loop = loop
        self.completion = completion
    }

    /// What it means when time is up now.
    var failureSoFar: Failure { socket == nil ? firstFailure ?? .refused : .timedOut }

    func cancel() {
        stopWaiting()
        completion = nil
        hangUp()
    }

    /// Tries, or looks at the try under way; goes on by itself until it is decided.
    func proceed() {
        stopWaiting()
        while completion != nil {
            let start = NIODeadline.now()
            let result = attempt()
            crowd.learn(Duration(NIODeadline.now() - start))
            switch result {
            case .success(let connected?):
                socket = nil
                return finish(.success(connected))
            case .success(nil):
                return pause()
            case .failure(let failure):
                hangUp()
                firstFailure = firstFailure ?? failure
                index += 1
                guard index >= addresses.count else { continue }
                index = 0
                guard awaitsListener, firstFailure == .refused else {
                    return finish(.failure(firstFailure ?? failure))
                }
                firstFailure = nil
                return pause()
            }
        }
    }

    private func finish(_ result: Result<CInt, Failure>) {
        let completion = completion
        self.completion = nil
        completion?(result)
    }

    private func hangUp() {
        if let socket { close(socket) }
        socket = nil
    }

    private func pause() {
        crowd.count += 1
        isWaiting = true
        let pause = crowd.pause(after: Duration(NIODeadline.now() - began))
        // Never cancelled: NIO searches all its timers for one to cancel.
        loop.scheduleTask(in: TimeAmount(pause)) { [weak self] in self?.proceed() }
    }

    private func stopWaiting() {
        guard isWaiting else { return }
        isWaiting = false
        crowd.count -= 1
    }

    /// The connected socket; nil: not decided yet.
    private func attempt() -> Result<CInt?, Failure> {
        do throws(Failure) {
            let current = if let socket { socket } else { try open() }
            guard try isDecided(current) else { return .success(nil) }
            // Trying a port of the ephemeral range that nobody listens on, one meets oneself in the
            // end (RFC 9293, simultaneous open), and would then keep the service from its port.
            if isOwnEcho(current) { throw .refused }
            return .success(current)
        } catch {
            return .failure(error)
        }
    }

    private func open() throws(Failure) -> CInt {
        let address = addresses[index]
        let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
        let kind =
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, kind, CInt(IPPROTO_TCP))
        guard descriptor >= 0 else { throw .unable("cannot open a socket: \(words(for: errno))") }
        socket = descriptor
        if let source {
            var on: CInt = 1
            // The port is chosen by connect, so that one source address has as many ports as
            // destinations allow.
            setsockopt(
                descriptor, IPPROTO_IP_LEVEL, IP_BIND_ADDRESS_NO_PORT, &on,
                socklen_t(MemoryLayout<CInt>.size))
            let bound = source.withSockAddr { Glibc.bind(descriptor, $0, socklen_t($1)) }
            guard bound == 0 else {
                throw .unable("cannot ask from '\(source.ipAddress ?? "")': \(words(for: errno))")
            }
        }
        let connected = address.withSockAddr { Glibc.connect(descriptor, $0, socklen_t($1)) }
        guard connected == 0 || errno == EINPROGRESS else { throw Self.failure(of: errno) }
        return descriptor
    }

    private func isDecided(_ descriptor: CInt) throws(Failure) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&entry, 1, 0) != 0 else { return false }
        var error: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
        guard error == 0 else { throw Self.failure(of: error) }
        return true
    }

    static func failure(of error: CInt) -> Failure {
        switch error {
        case ECONNREFUSED: .refused
        case ETIMEDOUT: .timedOut
        case ECONNRESET, ENETUNREACH, EHOSTUNREACH: .failed(words(for: error))
        default: .unable("cannot connect: \(words(for: error))")
        }
    }

    private func isOwnEcho(_ descriptor: CInt) -> Bool {
        var ends = [sockaddr_storage](repeating: sockaddr_storage(), count: 2)
        var sizes = [socklen_t](repeating: socklen_t(MemoryLayout<sockaddr_storage>.size), count: 2)
        let found = ends.withUnsafeMutableBytes { bytes in
            let size = MemoryLayout<sockaddr_storage>.stride
            guard let own = bytes.baseAddress else { return false }
            return getsockname(descriptor, own.assumingMemoryBound(to: sockaddr.self), &sizes[0])
                == 0
                && getpeername(
                    descriptor, (own + size).assumingMemoryBound(to: sockaddr.self), &sizes[1]) == 0
                && memcmp(own, own + size, Int(sizes[0])) == 0
        }
        return found && sizes[0] == sizes[1]
    }
}

private let IPPROTO_IP_LEVEL: CInt = 0
/// <linux/in.h>, which Glibc's module lacks.
private let IP_BIND_ADDRESS_NO_PORT: CInt = 24

/// `connection refused`: strerror's words in the middle of a sentence.
func words(for error: CInt) -> String {
    guard let text = strerror(error) else { return "error \(error)" }
    let sentence = String(cString: text)
    return sentence.prefix(1).lowercased() + sentence.dropFirst()
}
