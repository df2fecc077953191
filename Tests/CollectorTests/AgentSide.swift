internal import CollectorProtocol
internal import Glibc
internal import JSONLines
internal import StackModel

/// The agent's end of a conversation with a real collector.
final class AgentSide {
    let collector: Child
    private let socket: CInt
    private var lines = LineBuffer(lineBytesMax: CollectorLimits.replyBytesMax)

    /// `wrapped`: a command that runs the collector in some other way.
    init(wrapped: [String] = []) async throws {
        var ends: [CInt] = [-1, -1]
        guard
            socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0, &ends)
                == 0
        else {
            throw Failure(words: "no socketpair")
        }
        socket = ends[0]
        defer { close(ends[1]) }
        collector = try Child(
            wrapped + [Child.programs + "/catalyst-collector"], descriptors: [ends[1]: 3])
        guard try await reply().ready == true else { throw Failure(words: "not ready") }
    }

    deinit { close(socket) }

    func hangUp() { shutdown(socket, CInt(SHUT_RDWR)) }

    func send(_ request: CollectorRequest) throws { try send(JSONLines.encode(request)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure(words: "the collector is gone") }
            sent += count
        }
    }

    func ask(
        _ id: UInt64, _ probe: Probe, service: ServiceName = "scanner",
        within timeout: Duration = .seconds(20),
        awaitsListener: Bool = false
    ) throws {
        try send(
            CollectorRequest(
                probe: ProbeRequest(
                    id: id, service: service, probe: probe, timeout: timeout,
                    awaitsListener: awaitsListener)))
    }

    func reply(within limit: Duration = .seconds(20)) async throws -> CollectorReply {
        var line = try lines.next()
        let isWhole = await holds(within: limit) {
            // What fails here is no line in time.
            if line == nil { line = try? receivedLine() }
            return line != nil
        }
        guard isWhole, let line else { throw Failure(words: "no reply in time") }
        return try JSONLines.decode(CollectorReply.self, from: line)
    }

    private func receivedLine() throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        if count > 0 { lines.append(bytes.prefix(count)) }
        return try lines.next()
    }

    func inspect(_ inspection: Inspection, within timeout: Duration = .seconds(20)) async throws
        -> InspectionResult
    {
        try send(
            CollectorRequest(
                inspect: InspectRequest(id: 9, inspection: inspection, timeout: timeout)))
        guard let inspected = try await reply().inspected, inspected.id == 9 else {
            throw Failure(words: "no inspection")
        }
        return inspected.result
    }

    func report() async throws -> ProbeReport {
        guard let report = try await reply().report else { throw Failure(words: "no report") }
        return report
    }
}
