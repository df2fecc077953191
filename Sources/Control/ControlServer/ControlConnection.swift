package import ControlProtocol
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel
package import SystemPackage

/// One asker: lines in, lines out, never waiting for it. It is served line by line, when the server says so, and
/// what it does not read keeps its next request waiting.
package final class ControlConnection {
    package let descriptor: FileDescriptor
    private let loop: EventLoop
    private let limits: ControlServerLimits
    private var input = LineBuffer(lineBytesMax: ControlLimits.requestBytesMax)
    /// The next request, and the failure to find one.
    private var line: [UInt8]?
    private var excess: LineTooLong?
    private var output: [UInt8] = []
    /// Requests without the last line of their answer.
    private var unanswered = 0
    private var hasHungUp = false
    /// When a request began whose end is still to come.
    private var incompleteSince: Moment?
    private var alarm: AlarmID?
    private var onReady: () -> Void = {}
    private var onClose: () -> Void = {}
    package private(set) var isOpen = true
    private(set) var isKept = false
    private(set) var lastHeard = Clock.now()
    /// The change that was asked for and is not answered yet: the next request waits for it.
    var change: ControlRequest?
    var onAnswer: (ControlRequest, ControlReply?) -> Void = { _, _ in }

    let peer: UnixSocket.Peer?
    let origin: Origin
    let role: AccessPolicy.Role
    /// Of the process that connected; nil: it was not looked at.
    private let startTicks: UInt64?

    /// An asker that reads slower than a stream grows is cut off here: the largest single reply and some.
    private static let outputBytesMax = ControlLimits.replyBytesMax + (1 << 20)

    init(
        _ descriptor: FileDescriptor, of peer: UnixSocket.Peer?, _ role: AccessPolicy.Role,
        from origin: Origin, _ limits: ControlServerLimits, on loop: EventLoop
    ) {
        self.descriptor = descriptor
        self.peer = peer
        self.origin = origin
        self.role = role
        self.limits = limits
        self.loop = loop
        startTicks = role > .none ? peer.flatMap { Proc.entry(of: $0.pid)?.startTicks } : nil
    }

    /// Who asks, as far as it is known; nil: not even the user is.
    package var caller: Caller? { peer.map { Caller($0, startTicks: startTicks) } }

    var outputBytes: Int { output.count }

    /// A whole line is there, and its answer would be taken.
    var isReady: Bool {
        isOpen && (line != nil || excess != nil) && output.isEmpty && change == nil
    }

    /// `onReady`: it may be served; called again until it is.
    func start(onReady: @escaping () -> Void, onClose: @escaping () -> Void) {
        self.onReady = onReady
        self.onClose = onClose
        do throws(SystemError) {
            try loop.watch(descriptor, for: .readable) { [unowned self] in serve($0) }
        } catch {
            return close()
        }
        settle()
    }

    /// The next request, to be answered.
    func next() -> [UInt8]? {
        guard isReady else { return nil }
        if let excess {
            send(.failure(.badRequest, "cannot read the request: \(excess)"))
            close()
            return nil
        }
        defer { line = nil }
        lastHeard = Clock.now()
        unanswered += 1
        return line
    }

    /// Sends a reply, or closes a connection that takes none.
    package func send(_ reply: ControlReply) {
        // Replies hold nothing unencodable.
        guard isOpen, let bytes = try? JSONLines.encode(reply) else { return }
        if reply.last { answered(reply) }
        output += bytes
        flush()
        if output.count > Self.outputBytesMax { close() }
        settle()
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
        loop.cancel(alarm)
        loop.unwatch(descriptor)
        try? descriptor.close()  // What the asker did not read is lost with it.
        if let change { onAnswer(change, nil) }
        change = nil
        onClose()
    }

    /// A stream that only listens is not idle: it ends with its asker.
    package func keepOpen() {
        isKept = true
        settle()
    }

    private func answered(_ reply: ControlReply) {
        unanswered = max(0, unanswered - 1)
        if let change { onAnswer(change, reply) }
        change = nil
    }

    private func serve(_ interest: EventLoop.Interest) {
        let isHeld = self  // A handler may close the connection, and the server then forgets it.
        withExtendedLifetime(isHeld) {
            if interest.contains(.writable) { flush() }
            guard isOpen else { return }
            if line == nil, excess == nil, !hasHungUp {
                receive()
            } else if !interest.isDisjoint(with: .ended) {
                // Nobody is there any more; what was asked before is done all the same.
                guard isReady else { return close() }
                hasHungUp = true
                loop.unwatch(descriptor)
            }
            settle()
        }
    }

    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        // Descriptors that come along are closed by the kernel: read(2) takes none.
        let count = read(descriptor.rawValue, &chunk, chunk.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count >= 0 else { return close() }
        hasHungUp = count == 0
        input.append(chunk.prefix(count))
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
    }

    /// What it waits for from now on, and for how long.
    private func settle() {
        guard isOpen else { return }
        takeLine()
        let isDone = line == nil && excess == nil && output.isEmpty && unanswered == 0 && !isKept
        if hasHungUp, isDone { return close() }
        var interest: EventLoop.Interest = []
        if line == nil, excess == nil, !hasHungUp { interest.insert(.readable) }
        // A wish to write is kept only while something waits: otherwise every turn would report it.
        if !output.isEmpty { interest.insert(.writable) }
        try? loop.setInterest(descriptor, interest)  // What is watched can be.
        setAlarm()
        if isReady { onReady() }
    }

    private func takeLine() {
        guard line == nil, excess == nil else { return }
        do throws(LineTooLong) { line = try input.next() } catch { excess = error }
        incompleteSince = line != nil || input.isEmpty ? nil : incompleteSince ?? Clock.now()
    }

    private func setAlarm() {
        loop.cancel(alarm)
        alarm = nil
        guard !isKept else { return }
        let deadline =
            incompleteSince.map { min($0 + limits.requestTime, lastHeard + limits.idleTime) }
            ?? lastHeard + limits.idleTime
        alarm = loop.setAlarm(at: deadline) { [weak self] in self?.ranOut() }
    }

    private func ranOut() {
        if incompleteSince != nil {
            send(
                .failure(
                    .badRequest,
                    "the request did not end within \(limits.requestTime): send it at once"))
        }
        close()
    }
}
