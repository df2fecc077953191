internal import StackModel

/// What a service is rolled with: its socket, what it is made of, and when not to.
extension ServiceReader {
    /// An address, or `{address, backlog}`.
    mutating func readListen(_ field: Field) {
        guard field.node.mapping != nil else { return readAddress(field) }
        guard var section = field.section() else { return }
        if let address = section.take("address") {
            readAddress(address)
        } else {
            section.fail("has no 'address'")
        }
        draft.spec.backlog = section.take("backlog")?.whole(1...65_535) ?? draft.spec.backlog
        section.finish()
    }

    private mutating func readAddress(_ field: Field) {
        guard let scalar = field.scalar() else { return }
        if scalar.text.hasPrefix("/") || scalar.text.hasPrefix("@") {
            return readSocketPath(scalar, field)
        }
        guard let endpoint = Endpoint(listening: scalar.text), let number = endpoint.port else {
            return field.fail(
                "\(scalar.quoted) is no numeric address and port such as '127.0.0.1:5001',"
                    + " and no socket such as '/run/app.sock'")
        }
        let port = Port(address: endpoint.address, number: number)
        if !port.isLoopback { field.warn("\(scalar.quoted) can be reached from other hosts") }
        draft.claims.insert(
            PortClaim(port: port, place: field.node.place, key: field.key, strength: .declared),
            at: 0)
        listen(on: scalar, field)
    }

    private mutating func readSocketPath(_ scalar: Scalar, _ field: Field) {
        guard scalar.text.utf8.count > 1, !scalar.text.hasSuffix("/") else {
            return field.fail("\(scalar.quoted) is no socket such as '/run/app.sock'")
        }
        guard scalar.text.utf8.count <= socketPathBytesMax else {
            return field.fail(
                "\(scalar.quoted) is longer than a socket's path can be:"
                    + " at most \(socketPathBytesMax) bytes")
        }
        listen(on: scalar, field)
    }

    private mutating func listen(on scalar: Scalar, _ field: Field) {
        draft.spec.listen = scalar.text
        draft.listenPlace = field.node.place
        guard draft.spec.bindsItself else { return }
        field.warn(
            "the agent owns \(scalar.quoted) and hands it over as descriptor 3,"
                + " but the command listens there itself: start it with '--fd 3'")
    }

    func warnOfStartFirst() {
        guard draft.spec.listen == nil else { return }
        for field in draft.startFirst {
            field.warn(
                "'start-first' has no effect without 'x-catalyst.listen':"
                    + " only a socket of the agent's lets two instances run at once")
        }
    }

    /// A command, or `{command, every, limit}`.
    func hold(_ field: Field) -> Hold? {
        guard field.node.mapping != nil else { return holdCommand(field).map(Hold.init) }
        guard var section = field.section() else { return nil }
        let command = section.take("command")
        if command == nil { section.fail("has no 'command'") }
        var hold = Hold(command: command.flatMap(holdCommand) ?? [])
        hold.every = section.take("every")?.duration(atLeast: .milliseconds(100)) ?? hold.every
        hold.limit = section.take("limit")?.duration() ?? hold.limit
        section.finish()
        return hold
    }

    private func holdCommand(_ field: Field) -> [String]? {
        let words = field.command()
        if let words, words.first?.isEmpty ?? true { field.fail("is empty") }
        return words
    }

    func sources(_ field: Field) -> [String] {
        (field.itemsOrOne() ?? []).compactMap { $0.pathInRelease() }
    }
}

extension Field {
    /// A path from a release's directory on that stays inside; without `.` and doubled slashes.
    func pathInRelease() -> String? {
        guard let scalar = scalar(as: "a path") else { return nil }
        let parts = scalar.text.split(separator: "/").filter { $0 != "." }
        if !scalar.text.isEmpty, !scalar.text.hasPrefix("/"), !parts.contains("..") {
            return parts.isEmpty ? "." : parts.joined(separator: "/")
        }
        fail("\(scalar.quoted) must be a path inside the release, such as 'services/news'")
        return nil
    }
}

/// `sun_path` has room for 107; a second socket is made beside it, under a name that is a little longer.
private let socketPathBytesMax = 103

extension ServiceSpec {
    /// Whether its command line certainly says to listen where the agent does.
    fileprivate var bindsItself: Bool {
        guard let listen, !takesSocket else { return false }
        let number = Endpoint(listening: listen)?.port.map(String.init)
        return zip(command, command.dropFirst() + [""]).contains { word, next in
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            let value = parts.count == 2 ? parts[1] : next
            switch parts.first {
            case "--port": return value == number
            case "--bind", "-b": return value == listen || value == "unix:" + listen
            case "--uds": return value == listen
            default: return false
            }
        }
    }

    private var takesSocket: Bool {
        (command + environment.values).contains { text in
            ["--fd", "fd://", "LISTEN_FD"].contains { text.contains($0) }
        }
    }
}
