internal import ControlProtocol
internal import ControlServer
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import Logs
internal import StackModel
internal import Supervision
internal import SystemPackage

/// Answers that read log files: each on a thread of its own, which owns the connection from then on.
extension Agent {
    func streamLogs(
        _ request: ControlRequest, _ services: [ServiceName], _ connection: ControlConnection
    ) {
        var reading = LogReading(directory: options.logDirectory, services: services)
        reading.since = request.since
        reading.tail = request.tail
        reading.grep = request.grep
        reading.follow = request.follow ?? false
        stream(connection) { [reading] asker in
            reading.run(isCancelled: { asker.isGone }) { record in
                var reply = ControlReply()
                reply.log = record
                return asker.send(reply)
            }
            _ = asker.send(.end())
        }
    }

    func explain(_ named: [ServiceName], _ connection: ControlConnection) {
        let names =
            named.isEmpty ? status().services.filter { !$0.isWell && $0.wanted }.map(\.name) : named
        let explanations = names.compactMap(explanation)
        let directory = options.logDirectory
        let masks = explanations.map { explanation in
            stack?.members[explanation.service.name].map { SecretMask($0.spec) }
        }
        stream(connection) { asker in
            for (var explanation, mask) in zip(explanations, masks) {
                var reading = LogReading(directory: directory, services: [explanation.service.name])
                reading.tail = 20
                reading.run(isCancelled: { asker.isGone }) { record in
                    var record = record
                    record.text = mask?.hidden(in: record.text) ?? record.text
                    explanation.logs.append(record)
                    return true
                }
                var reply = ControlReply()
                reply.why = explanation
                guard asker.send(reply) else { return }
            }
            _ = asker.send(.end(explanations.isEmpty ? "nothing is wrong" : nil))
        }
    }

    private func stream(
        _ connection: ControlConnection, _ work: @escaping @Sendable (Asker) -> Void
    ) {
        guard streams < AgentLimits.streamsMax else {
            return connection.send(
                .failure(
                    .busy, "\(AgentLimits.streamsMax) log streams are under way: end one first"))
        }
        guard let descriptor = connection.detach() else {
            return connection.send(.failure(.busy, "cannot stream now: too many open files"))
        }
        streams += 1
        let inlet = inlet
        let thread = WorkerThread(named: "stream", capacity: 1)
        let box = StreamCount(agent: self)
        thread.post {
            work(Asker(descriptor))
            try? descriptor.close()  // All was sent, or nobody reads.
            inlet.post {
                box.agent?.streams -= 1
                thread.finish()
            }
        }
    }
}

private final class StreamCount: @unchecked Sendable {
    weak var agent: Agent?
    init(agent: Agent) { self.agent = agent }
}

/// Who waits at the other end of a detached connection.
struct Asker: Sendable {
    private let descriptor: FileDescriptor

    /// A reader that is stopped for longer loses the rest of its stream.
    private static let patience = 30

    init(_ descriptor: FileDescriptor) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: Self.patience, tv_usec: 0)
        setsockopt(
            descriptor.rawValue, SOL_SOCKET, SO_SNDTIMEO, &limit,
            socklen_t(MemoryLayout<timeval>.size))
    }

    var isGone: Bool {
        // POLLRDHUP, which Glibc's module lacks.
        var poll = pollfd(fd: descriptor.rawValue, events: 0x2000, revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0
    }

    /// Whether it was taken.
    func send(_ reply: ControlReply) -> Bool {
        // Replies hold nothing unencodable.
        guard let line = try? JSONLines.encode(reply) else { return false }
        var sent = 0
        while sent < line.count {
            let count = line[sent...].withUnsafeBytes {
                Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
