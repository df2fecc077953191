package import ControlProtocol
internal import Glibc
internal import JSONLines
package import LinuxSystem
package import SystemPackage

/// One asker: lines in, lines out, never waiting for it.
package final class ControlConnection {
    package let descriptor: FileDescriptor
    private let loop: EventLoop
    private var input = LineBuffer(lineBytesMax: ControlLimits.requestBytesMax)
    private var output: [UInt8] = []
    private var idleAlarm: AlarmID?
    private var onClose: () -> Void = {}
    package private(set) var isOpen = true
    let role: AccessPolicy.Role
    private(set) var lastHeard = Clock.now()

    /// An asker that reads slower than a stream grows is cut off here: the largest single reply and some.
    private static let outputBytesMax = ControlLimits.replyBytesMax + (1 << 20)

    /// Who asks; nil when they are gone.
    package var peer: UnixSocket.Peer? { try? UnixSocket.peer(of: descriptor) }

    init(_ descriptor: FileDescriptor, of role: AccessPolicy.Role, on loop: EventLoop) {
        self.descriptor = descriptor
        self.role = role
        self.loop = loop
    }

    func start(
        idleLimit: Duration, onLine: @escaping ([UInt8]) -> Void, onClose: @escaping () -> Void
    ) {
        self.onClose = onClose
        do throws(SystemError) {
            try loop.watch(descriptor, for: .readable) { [unowned self] interest in
                serve(interest, idleLimit, onLine)
            }
        } catch {
            close()
            return
        }
        setIdleAlarm(idleLimit)
    }

    /// Sends a reply, or closes a connection that takes none.
    package func send(_ reply: ControlReply) {
        // Replies hold nothing unencodable.
        guard isOpen, let line = try? JSONLines.encode(reply) else { return }
        output += line
        flush()
        if output.count > Self.outputBytesMax { close() }
    }

    /// Gives the socket to the caller, blocking, and forgets it: for answers that are streamed by a thread.
    package func detach() -> FileDescriptor? {
        guard isOpen, output.isEmpty else { return nil }
        let flags = fcntl(descriptor.rawValue, F_GETFL)
        guard let copy = try? descriptor.duplicate(),
            fcntl(copy.rawValue, F_SETFL, flags & ~O_NONBLOCK) == 0
        else { return nil }  // Out of descriptors: the caller tells the asker.
        _ = fcntl(copy.rawValue, F_SETFD, FD_CLOEXEC)
        close()
        return copy
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        loop.cancel(idleAlarm)
        loop.unwatch(descriptor)
        try? descriptor.close()  // What the asker did not read is lost with it.
        onClose()
    }

    private func serve(
        _ interest: EventLoop.Interest, _ idleLimit: Duration, _ onLine: ([UInt8]) -> Void
    ) {
        let isHeld = self  // A handler may close the connection, and the server then forgets it.
        withExtendedLifetime(isHeld) {
            if interest.contains(.writable) { flush() }
            guard isOpen, interest != .writable else { return }
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            let count = read(descriptor.rawValue, &chunk, chunk.count)
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { return close() }
            lastHeard = Clock.now()
            setIdleAlarm(idleLimit)
            input.append(chunk.prefix(count))
            do throws(LineTooLong) {
                while isOpen, let line = try input.next() { onLine(line) }
            } catch {
                send(.failure(.badRequest, "cannot read the request: \(error)"))
                close()
            }
        }
    }

    private func flush() {
        while isOpen, !output.isEmpty {
            let count = Glibc.send(descriptor.rawValue, output, output.count, Int32(MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return close() }
                break
            }
            output.removeFirst(count)
        }
        guard isOpen else { return }
        // A wish to write is kept only while something waits: otherwise every turn would report it.
        try? loop.setInterest(descriptor, output.isEmpty ? .readable : [.readable, .writable])
    }

    /// A stream that only listens is not idle: it ends with its asker.
    package func keepOpen() {
        loop.cancel(idleAlarm)
        idleAlarm = nil
        isKept = true
    }
    private(set) var isKept = false

    private func setIdleAlarm(_ limit: Duration) {
        loop.cancel(idleAlarm)
        guard !isKept else { return }
        idleAlarm = loop.setAlarm(after: limit) { [weak self] in self?.close() }
    }
}
