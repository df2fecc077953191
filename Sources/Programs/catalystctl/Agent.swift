internal import ControlClient
internal import ControlProtocol
internal import Glibc
internal import StackModel

/// The agent that is asked, wherever its socket is.
struct Agent {
    /// From the command line.
    let socket: String?

    /// What to type to get at the same agent again.
    var program: String { socket.map { "catalystctl --socket \($0)" } ?? "catalystctl" }

    /// Asks, and calls `each` with every line of the answer.
    ///
    /// An error that the agent answers with is thrown after its line was handed over.
    func ask(
        _ request: ControlRequest, tick: Duration? = nil, whenIdle: () throws -> Void = {},
        each: (ControlReply, _ line: [UInt8]) throws -> Void
    ) throws {
        var refusal: ControlError?
        var client = try ControlClient(socket: path)
        try client.ask(request, tick: tick, whenIdle: whenIdle) { reply, line in
            refusal = reply.error
            try each(reply, line)
        }
        guard let refusal else { return }
        guard refusal.code == .unknownService, request.command != .status,
            // Without the names there is no hint, and the agent's own words are enough.
            let names = try? status().services.map(\.name.text)
        else { throw refusal }
        throw refusal.hinting(at: names, insteadOf: request.services ?? [])
    }

    /// Asks for one thing.
    func answer<Value>(to request: ControlRequest, _ field: (ControlReply) -> Value?) throws
        -> Value
    {
        var value: Value?
        try ask(request) { reply, _ in value = field(reply) ?? value }
        guard let value else { throw ControlClientError(path: path, reason: .malformed) }
        return value
    }

    func status() throws -> StackStatus { try answer(to: ControlRequest(.status)) { $0.status } }

    /// Prints each line of the answer as it came.
    func printJSON(_ request: ControlRequest) throws {
        let output = Output()
        // What has come is shown even if an error follows.
        defer { output.flushOrForget() }
        try ask(request, whenIdle: { try output.flush() }) { _, line in try output.print(line: line)
        }
        try output.flush()
    }

    /// Prints the events of the answer as they come, and at last what came of it.
    func show(_ request: ControlRequest) throws {
        let output = Output()
        defer { output.flushOrForget() }
        var events = EventLines(terminal: .current(), names: request.services ?? [])
        try ask(request, whenIdle: { try output.flush() }) { reply, _ in
            if let event = reply.event { output.print(events.line(event, now: .now())) }
            if reply.error == nil, let message = reply.message { output.print(displayed(message)) }
            try output.flushIfLarge()
        }
        try output.flush()
    }

    /// Asks for a change, and shows what came of it.
    func change(_ request: ControlRequest, isJSON: Bool) throws {
        if isJSON { try printJSON(request) } else { try show(request) }
    }

    /// The part of `status` that is about `services`; all of it where none is named.
    func only(_ services: [ServiceName], of status: StackStatus) throws(ControlError) -> StackStatus
    {
        let names = status.services.map(\.name)
        let known = Set(names)
        if let stranger = services.first(where: { !known.contains($0) }) {
            let error = ControlError(code: .unknownService, message: "no service '\(stranger)'")
            throw error.hinting(at: names.map(\.text), insteadOf: services)
        }
        guard !services.isEmpty else { return status }
        var part = status
        part.services = status.services.filter { services.contains($0.name) }
        return part
    }

    private var path: String {
        if let path = socket ?? environmentVariable("CATALYST_SOCKET"), !path.isEmpty {
            return path
        }
        let own = Self.usualPath(ofUser: geteuid())
        let machines = Self.usualPath(ofUser: 0)
        // Whoever runs none of their own means the machine's.
        return access(own, F_OK) != 0 && access(machines, F_OK) == 0 ? machines : own
    }

    private static func usualPath(ofUser user: UInt32) -> String {
        let runtime = environmentVariable("XDG_RUNTIME_DIR").map { ["XDG_RUNTIME_DIR": $0] } ?? [:]
        return defaultRuntimeDirectory(uid: user, environment: runtime) + "/" + controlSocketName
    }
}

extension ControlError {
    /// Adds the names that were probably meant.
    fileprivate func hinting(at names: [String], insteadOf asked: [ServiceName]) -> ControlError {
        let known = Set(names)
        let hints = asked.filter { !known.contains($0.text) }.compactMap {
            nearest(to: $0.text, among: names)
        }
        let list = hints.map { "'\($0)'" }.joined(separator: " and ")
        let some = names.prefix(20).joined(separator: ", ") + (names.count > 20 ? ", …" : "")
        let hint = hints.isEmpty ? "\nthe services are: \(some)" : ", did you mean \(list)?"
        return ControlError(code: code, message: message + hint)
    }
}
