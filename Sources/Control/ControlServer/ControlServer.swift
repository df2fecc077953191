package import ControlProtocol
internal import Glibc
internal import JSONLines
package import LinuxSystem
internal import StackModel
package import SystemPackage

/// Accepts requests at a Unix socket, knows who asks, and sends the replies. It decides nothing.
package final class ControlServer {
    /// A whole, allowed request. Answer through the connection.
    package var onRequest: (ControlRequest, ControlConnection) -> Void = { _, _ in }
    /// A change was answered, with the last line of the answer; nil: whoever asked for it did not wait.
    package var onAnswer: (ControlRequest, ControlReply?, ControlConnection) -> Void = { _, _, _ in
    }
    /// A request that its asker may not make, and why.
    package var onRefusal: (ControlRequest, String, ControlConnection) -> Void = { _, _, _ in }
    /// A connection that had an answer under way is gone.
    package var onClose: (ControlConnection) -> Void = { _ in }
    /// A connection cannot be accepted for want of descriptors.
    package var onExhaustion: (String) -> Void = { _ in }
    /// Where a process comes from that connected, and may ask as far as its user goes.
    package var origin: (UnixSocket.Peer) -> Origin = { _ in .outside }

    private let loop: EventLoop
    private let listener: FileDescriptor
    private let path: String
    private let policy: AccessPolicy
    private let limits: ControlServerLimits
    private var connections: [ObjectIdentifier: ControlConnection] = [:]
    /// With a request each, in the order of their turns.
    private var ready: [ControlConnection] = []
    private var turn: AlarmID?
    private var isListening = true

    /// `listener`: one that listens at `path` already, with those who wait in it.
    package init(
        on loop: EventLoop, path: String, listener: FileDescriptor? = nil, policy: AccessPolicy,
        limits: ControlServerLimits = ControlServerLimits()
    ) throws(SystemError) {
        self.loop = loop
        self.path = path
        self.policy = policy
        self.limits = limits
        // Everyone may connect and is told what is missing; who asks decides.
        self.listener =
            if let listener { listener } else { try UnixSocket.listen(at: path, mode: 0o666) }
        // After those who have a place: nobody gives way with a request that was not read yet.
        try loop.watch(self.listener, for: .readable, rank: .signsOfDeath) { [unowned self] _ in
            accept()
        }
    }

    /// For a program that takes this one's place.
    package var listenerNumber: Int32 { listener.rawValue }

    /// Stops listening and removes the socket. Open answers are cut off.
    package func close() {
        isListening = false
        loop.cancel(turn)
        loop.unwatch(listener)
        try? listener.close()  // Nothing is written to a listener.
        for connection in connections.values { connection.close() }
        unlink(path)
    }

    private func accept() {
        // The loop comes back for more.
        for _ in 0..<limits.connectionsReserved {
            do {
                guard let descriptor = try UnixSocket.accept(listener) else { return }
                seat(descriptor)
            } catch {
                return exhausted(error)
            }
        }
    }

    /// Out of descriptors. A question is worth more than a stream, which can be followed again: who
    /// was heard longest ago gives way, unless it waits for a change. Without a pause the loop would
    /// turn for nothing.
    private func exhausted(_ error: SystemError) {
        onExhaustion("\(error)")
        let others = connections.values.filter { !$0.isReady && $0.change == nil }
        let oldest = others.sorted { $0.lastHeard < $1.lastHeard }.prefix(limits.exhaustionRelief)
        for connection in oldest { connection.close() }
        guard oldest.isEmpty else { return }
        try? loop.setInterest(listener, [])  // What is watched can be.
        loop.setAlarm(after: limits.exhaustionPause) { [weak self] in
            guard let self, isListening else { return }
            try? loop.setInterest(listener, .readable)  // As above.
        }
    }

    private func seat(_ descriptor: FileDescriptor) {
        // Gone already: then nobody hears the refusal.
        let peer = try? UnixSocket.peer(of: descriptor)
        let (origin, role) = peer.map { place($0, descriptor) } ?? (.gone, .none)
        let connection = ControlConnection(
            descriptor, of: peer, role, from: origin, limits, on: loop)
        let places = Places(limits: limits)
        switch places.answer(to: guest(connection), among: connections.map(seated)) {
        case .welcome: break
        case .inPlace(let id): connections[id]?.close()
        case .full(let words):
            connection.send(.failure(.busy, words))
            return connection.close()
        }
        connections[ObjectIdentifier(connection)] = connection
        connection.onAnswer = { [unowned self, unowned connection] in onAnswer($0, $1, connection) }
        connection.start(
            onReady: { [unowned self, unowned connection] in enqueue(connection) },
            onClose: { [unowned self, unowned connection] in
                guard let gone = connections.removeValue(forKey: ObjectIdentifier(connection))
                else { return }
                ready.removeAll { $0 === gone }
                onClose(gone)
            })
    }

    private func place(
        _ peer: UnixSocket.Peer, _ descriptor: FileDescriptor
    ) -> (Origin, AccessPolicy.Role) {
        let role = policy.role(of: peer)
        guard role > .none else { return (.outside, .none) }
        let origin = origin(peer)
        if case .service = origin { return (origin, .none) }
        // In another process namespace it has no pid here.
        guard peer.pid > 0 else { return (origin, role) }
        // Looked at before: what was seen was its own.
        return (UnixSocket.isPeerAlive(descriptor, peer) ? origin : .gone, role)
    }

    private func guest(_ connection: ControlConnection) -> Places.Guest {
        let user = connection.peer?.user ?? .max
        return Places.Guest(
            role: connection.role, user: user,
            isPrivileged: connection.role == .operating && policy.isPrivileged(user))
    }

    private func seated(
        _ id: ObjectIdentifier, _ connection: ControlConnection
    ) -> Places.Seated<ObjectIdentifier> {
        Places.Seated(
            id: id, guest: guest(connection), isBusy: isBusy(connection),
            order: Int(clamping: connection.lastHeard.nanoseconds))
    }

    private func isBusy(_ connection: ControlConnection) -> Bool {
        connection.isKept || connection.isReady
    }

    /// Served after all that is ready in this turn: in the order of their coming, one request each.
    private func enqueue(_ connection: ControlConnection) {
        guard !ready.contains(where: { $0 === connection }) else { return }
        ready.append(connection)
        if turn == nil { turn = loop.setAlarm(after: .zero) { [weak self] in self?.serve() } }
    }

    private func serve() {
        let began = Clock.now()
        repeat {
            guard !ready.isEmpty else { break }
            let connection = ready.removeFirst()
            if let line = connection.next() { receive(line, connection) }
            boundOutput(connection)
        } while Clock.now() - began < limits.turnTime
        // Meanwhile all else has as much time.
        let pause = Clock.now() - began
        turn = ready.isEmpty ? nil : loop.setAlarm(after: pause) { [weak self] in self?.serve() }
    }

    /// Askers that do not read: each has a bound of its own, all together have this one.
    private func boundOutput(_ connection: ControlConnection) {
        guard connection.outputBytes > 0 else { return }
        let all = connections.values.reduce(0) { $0 + $1.outputBytes }
        guard all > limits.outputBytes else { return }
        connections.values.max { $0.outputBytes < $1.outputBytes }?.close()
    }

    private func receive(_ line: [UInt8], _ connection: ControlConnection) {
        let request: ControlRequest
        do {
            request = try JSONLines.decode(ControlRequest.self, from: line)
        } catch {
            connection.send(.failure(.badRequest, "cannot read the request: \(Self.words(error))"))
            return
        }
        if let refusal = refusal(of: request.command, connection) {
            onRefusal(request, refusal, connection)
            return connection.send(.failure(.notAllowed, refusal))
        }
        if request.changes { connection.change = request }
        onRequest(request, connection)
    }

    /// A decoding error as a sentence, without the type names of its description.
    private static func words(_ error: any Error) -> String {
        switch error {
        case DecodingError.dataCorrupted(let what): what.debugDescription
        case DecodingError.keyNotFound(let key, _): "'\(key.stringValue)' is missing"
        case DecodingError.typeMismatch(_, let what), DecodingError.valueNotFound(_, let what):
            "\(what.codingPath.map { "'\($0.stringValue)': " }.joined())\(what.debugDescription)"
        default: "\(error)"
        }
    }
}
