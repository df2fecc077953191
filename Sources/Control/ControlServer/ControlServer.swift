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
    /// A connection that had an answer under way is gone.
    package var onClose: (ControlConnection) -> Void = { _ in }

    private let loop: EventLoop
    private let listener: FileDescriptor
    private let path: String
    private let policy: AccessPolicy
    private var connections: [ObjectIdentifier: ControlConnection] = [:]

    /// One operator has a few terminals; a flood must not take the agent's descriptors.
    package static let connectionsMax = 64
    /// A connection that asks nothing for so long is closed.
    package static let idleLimit = Duration.seconds(60)

    /// `listener`: one that listens at `path` already, with those who wait in it.
    package init(
        on loop: EventLoop, path: String, listener: FileDescriptor? = nil, policy: AccessPolicy
    ) throws(SystemError) {
        self.loop = loop
        self.path = path
        self.policy = policy
        // Everyone may connect and is told what is missing; who asks decides.
        self.listener =
            if let listener { listener } else { try UnixSocket.listen(at: path, mode: 0o666) }
        try loop.watch(self.listener, for: .readable) { [unowned self] _ in accept() }
    }

    /// For a program that takes this one's place.
    package var listenerNumber: Int32 { listener.rawValue }

    /// Stops listening and removes the socket. Open answers are cut off.
    package func close() {
        loop.unwatch(listener)
        try? listener.close()  // Nothing is written to a listener.
        for connection in connections.values { connection.close() }
        unlink(path)
    }

    private func accept() {
        // As many as the backlog holds; the loop comes back for more.
        for _ in 0..<64 {
            guard let descriptor = UnixSocket.accept(listener) else { return }
            // Gone already: then nobody hears the refusal.
            let role = (try? UnixSocket.peer(of: descriptor)).map(policy.role) ?? .none
            let connection = ControlConnection(descriptor, of: role, on: loop)
            guard makeRoom() else {
                connection.send(
                    .failure(.busy, "\(Self.connectionsMax) answers are under way: end one first"))
                connection.close()
                continue
            }
            connections[ObjectIdentifier(connection)] = connection
            connection.start(
                idleLimit: Self.idleLimit,
                onLine: { [unowned self, unowned connection] line in receive(line, connection) },
                onClose: { [unowned self, unowned connection] in
                    guard
                        let connection = connections.removeValue(
                            forKey: ObjectIdentifier(connection))
                    else { return }
                    onClose(connection)
                })
        }
    }

    /// Idle connections give way, first those of users who may ask nothing: nobody locks the operator out.
    private func makeRoom() -> Bool {
        guard connections.count >= Self.connectionsMax else { return true }
        let idle = connections.values.filter { !$0.isKept }
            .min { ($0.role, $0.lastHeard) < ($1.role, $1.lastHeard) }
        idle?.close()
        return idle != nil
    }

    private func receive(_ line: [UInt8], _ connection: ControlConnection) {
        let request: ControlRequest
        do {
            request = try JSONLines.decode(ControlRequest.self, from: line)
        } catch {
            connection.send(.failure(.badRequest, "cannot read the request: \(Self.words(error))"))
            return
        }
        guard connection.role >= (request.command.changes ? .operating : .reading) else {
            connection.send(.failure(.notAllowed, Self.refusal(request.command)))
            return
        }
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

    private static func refusal(_ command: ControlRequest.Command) -> String {
        command.changes
            ? "'\(command.rawValue)' changes things: ask as root or as a member of group 'catalyst-admin'"
            : "'\(command.rawValue)': ask as root or as a member of group 'catalyst'"
    }
}
