internal import CollectorProtocol
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// The agent's senses: starts the collector, keeps it running, and carries questions and answers.
final class CollectorLink {
    private unowned let agent: Agent
    private var connection: FileDescriptor?
    private var child: Child?
    private var input = LineBuffer(lineBytesMax: CollectorLimits.replyBytesMax)
    private var output: [UInt8] = []
    private var answers: [UInt64: (Report) -> Void] = [:]
    private var onSamples: ((Samples) -> Void)?
    private var inspections: [UInt64: (InspectionResult) -> Void] = [:]
    private var shipment: (id: UInt64, done: (Shipped) -> Void)?
    private var started = Moment.zero
    private var pause = Duration.zero
    private var isEnding = false
    private var lastComplaint: String?
    private(set) var isReady = false

    /// Questions that wait for a busy collector. It reads all the time: more means that it hangs.
    private static let outputBytesMax = 4 << 20

    init(agent: Agent) { self.agent = agent }

    func start() {
        started = Clock.now()
        do {
            try spawn()
        } catch {
            lost("cannot start the collector: \(error)")
        }
    }

    /// Calls `answer` at most once, on the loop.
    func ask(_ request: ProbeRequest, answer: @escaping (Report) -> Void) {
        guard isReady, answers.count < CollectorLimits.probesMax else { return }
        answers[request.id] = answer
        send(CollectorRequest(probe: request))
    }

    func cancel(_ id: UInt64) {
        guard answers.removeValue(forKey: id) != nil else { return }
        send(CollectorRequest(cancel: id))
    }

    func sample(_ request: SampleRequest, answer: @escaping (Samples) -> Void) {
        guard isReady else { return }
        onSamples = answer
        send(CollectorRequest(sample: request))
    }

    /// Calls `answer` at most once, on the loop.
    func inspect(_ request: InspectRequest, answer: @escaping (InspectionResult) -> Void) {
        guard isReady else { return }
        inspections[request.id] = answer
        send(CollectorRequest(inspect: request))
    }

    /// Calls `done` exactly once, on the loop: also when the collector dies meanwhile.
    func ship(_ request: ShipRequest, done: @escaping (Shipped) -> Void) {
        guard isReady else {
            return done(Shipped(id: request.id, failure: "the collector is not running"))
        }
        shipment = (request.id, done)
        send(CollectorRequest(ship: request))
    }

    /// Serves `/metrics` there; nil: nowhere.
    func serve(_ port: Port?) {
        guard isReady else { return }
        send(CollectorRequest(serve: port ?? Port(number: 0)))
    }

    /// Ends it: it leaves when its socket does.
    func end() {
        isEnding = true
        disconnect()
        if let child { agent.reaper.send(.terminate, to: child) }
    }

    var pid: Int32? { child?.pid }

    private func spawn() throws {
        let path = agent.options.programDirectory + "/catalyst-collector"
        // Opened here: an unprivileged user may not be allowed to search the way to it.
        let program = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
        defer { try? program.close() }  // Read only.
        let (ours, theirs) = try UnixSocket.pair()
        defer { try? theirs.close() }  // Nothing of ours was written to it.
        var request = SpawnRequest(arguments: [path, "--fd", "3"])
        request.program = .opened(program)
        request.environment = agent.options.environment.filter {
            ["PATH", "SWIFT_BACKTRACE"].contains($0.key)
        }
        request.descriptors = [theirs]
        request.error = .descriptor(.standardError)
        request.directory = "/"
        request.confinement.noNewPrivileges = true
        request.diesWithAgent = true
        if geteuid() == 0 {
            request.identity = .nobody()
            request.confinement.capabilitiesDropped = ["ALL"]
        }
        let child: Child
        do {
            child = try request.spawn()
            self.child = child
            try agent.reaper.watch(child) { [unowned self] reason in
                guard self.child == child else { return }
                self.child = nil
                lost("the collector \(reason)")
            }
            try agent.loop.watch(ours, for: .readable, rank: .signsOfLife) {
                [unowned self] interest in
                serve(interest)
            }
        } catch {
            try? ours.close()  // Nothing was written to it.
            throw error
        }
        connection = ours
        input = LineBuffer(lineBytesMax: CollectorLimits.replyBytesMax)
    }

    private func lost(_ words: String) {
        disconnect()
        guard !isEnding else { return }
        agent.alarms.lookSoon()
        // One that cannot be started at all is told once, not every few seconds.
        if words != lastComplaint {
            agent.record(.collectorLost, nil, .error, "\(words), starting it again")
        }
        lastComplaint = words
        // At once, unless it dies young again and again.
        let livedLong = Clock.now() - started > .seconds(10)
        pause =
            livedLong
            ? .zero : min(AgentLimits.collectorPauseMax, max(.milliseconds(50), pause * 2))
        agent.loop.setAlarm(after: livedLong ? .zero : pause) { [weak self] in
            guard let self, !isEnding, child == nil else { return }
            start()
        }
    }

    private func disconnect() {
        isReady = false
        answers = [:]
        inspections = [:]
        output = []
        if let (id, done) = shipment {
            shipment = nil
            done(Shipped(id: id, failure: "the collector died"))
        }
        guard let connection else { return }
        agent.loop.unwatch(connection)
        try? connection.close()  // What was under way is asked again.
        self.connection = nil
    }

    /// It speaks nonsense or does not read: a new one is better than guessing.
    private func replace(because words: String) {
        agent.record(.collectorLost, nil, .error, "\(words), replacing it")
        disconnect()
        if let child { agent.reaper.send(.kill, to: child) }
    }

    private func send(_ request: CollectorRequest) {
        // Requests are always encodable.
        guard connection != nil, let line = try? JSONLines.encode(request) else { return }
        output += line
        flush()
        if output.count > Self.outputBytesMax {
            replace(because: "the collector does not read its questions")
        }
    }

    private func flush() {
        while let connection, !output.isEmpty {
            let count = Glibc.send(connection.rawValue, output, output.count, Int32(MSG_NOSIGNAL))
            if count < 0 { break }
            output.removeFirst(count)
        }
        guard let connection else { return }
        try? agent.loop.setInterest(
            connection, output.isEmpty ? .readable : [.readable, .writable])
    }

    private func serve(_ interest: EventLoop.Interest) {
        if interest.contains(.writable) { flush() }
        guard let connection else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(connection.rawValue, &chunk, chunk.count)
        if count == 0 {
            // Its exit is told by its pidfd; until then it is as good as gone.
            agent.loop.unwatch(connection)
            return
        }
        guard count > 0 else { return }
        input.append(chunk.prefix(count))
        do {
            while let line = try input.next() {
                receive(try JSONLines.decode(CollectorReply.self, from: line))
            }
        } catch {
            replace(because: "cannot understand the collector: \(error)")
        }
    }

    private func receive(_ reply: CollectorReply) {
        if reply.ready == true {
            isReady = true
            if lastComplaint != nil {
                agent.record(.collectorReady, nil, .notice, "the collector answers again")
            }
            lastComplaint = nil
            agent.collectorBecameReady()
        }
        if let report = reply.report { answers.removeValue(forKey: report.id)?(report.report) }
        if let samples = reply.samples { onSamples?(samples) }
        if let inspected = reply.inspected {
            inspections.removeValue(forKey: inspected.id)?(inspected.result)
        }
        if let shipped = reply.shipped, let (id, done) = shipment, id == shipped.id {
            shipment = nil
            done(shipped)
        }
        if let id = reply.scrape { send(CollectorRequest(page: agent.metricsPage(id))) }
        if let words = reply.serving { agent.collectorServes(words) }
    }
}
