internal import CollectorProtocol
internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// The agent's senses: starts the collector, keeps it running, and carries questions and answers.
final class CollectorLink {
    private unowned let agent: Agent
    private var wire: CollectorWire?
    private var child: Child?
    private var answers: [UInt64: (Report) -> Void] = [:]
    private var onSamples: ((Samples) -> Void)?
    private var inspections: [UInt64: (InspectionResult) -> Void] = [:]
    private var shipment: (id: UInt64, done: (Shipped) -> Void)?
    private var started = Moment.zero
    private var pause = Duration.zero
    private var isEnding = false
    private var lastComplaint: String?
    private var heard = Moment.zero
    /// Questions without an answer in time, since anything was heard of it.
    private var overdue = 0
    private(set) var isReady = false

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
        wire?.send(CollectorRequest(probe: request))
    }

    func cancel(_ id: UInt64) {
        guard answers.removeValue(forKey: id) != nil else { return }
        wire?.send(CollectorRequest(cancel: id))
    }

    /// A question of then was not answered in time. One that is silent altogether hangs: its successor
    /// answers.
    func isOverdue(askedAt asked: Moment) {
        guard isReady, heard < asked else { return }
        overdue += 1
        if overdue >= AgentLimits.collectorOverdueMax { replace(because: "the collector hangs") }
    }

    func sample(_ request: SampleRequest, answer: @escaping (Samples) -> Void) {
        guard isReady else { return }
        onSamples = answer
        wire?.send(CollectorRequest(sample: request))
    }

    /// Calls `answer` at most once, on the loop.
    func inspect(_ request: InspectRequest, answer: @escaping (InspectionResult) -> Void) {
        guard isReady else { return }
        inspections[request.id] = answer
        wire?.send(CollectorRequest(inspect: request))
    }

    /// Calls `done` exactly once, on the loop: also when the collector dies meanwhile.
    func ship(_ request: ShipRequest, done: @escaping (Shipped) -> Void) {
        guard isReady else {
            return done(Shipped(id: request.id, failure: "the collector is not running"))
        }
        shipment = (request.id, done)
        wire?.send(CollectorRequest(ship: request))
    }

    /// Serves `/metrics` there; nil: nowhere.
    func serve(_ port: Port?) {
        guard isReady else { return }
        wire?.send(CollectorRequest(serve: port ?? Port(number: 0)))
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
        let request = SpawnRequest.collector(
            program, at: path, socket: theirs, environment: agent.options.environment)
        do {
            try watch(request.spawn())
            wire = try CollectorWire(
                ours, on: agent.loop, onReply: { [unowned self] in receive($0) },
                onNonsense: { [unowned self] in replace(because: $0) })
        } catch {
            try? ours.close()  // Nothing was written to it.
            throw error
        }
    }

    private func watch(_ child: Child) throws {
        self.child = child
        try agent.reaper.watch(child) { [unowned self] reason in
            guard self.child == child else { return }
            self.child = nil
            lost("the collector \(reason)")
        }
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
        overdue = 0
        answers = [:]
        inspections = [:]
        if let (id, done) = shipment {
            shipment = nil
            done(Shipped(id: id, failure: "the collector died"))
        }
        wire?.close()
        wire = nil
    }

    /// A new one is better than guessing.
    private func replace(because words: String) {
        agent.record(.collectorLost, nil, .error, "\(words), replacing it")
        disconnect()
        if let child { agent.reaper.send(.kill, to: child) }
    }

    private func receive(_ reply: CollectorReply) {
        heard = Clock.now()
        overdue = 0
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
        if let id = reply.scrape { wire?.send(CollectorRequest(page: agent.metricsPage(id))) }
        if let words = reply.serving { agent.collectorServes(words) }
    }
}

extension SpawnRequest {
    /// A collector without rights, which leaves when its socket does.
    fileprivate static func collector(
        _ program: FileDescriptor, at path: String, socket: FileDescriptor,
        environment: [String: String]
    ) -> SpawnRequest {
        var request = SpawnRequest(arguments: [path, "--fd", "3"])
        request.program = .opened(program)
        request.environment = environment.filter { ["PATH", "SWIFT_BACKTRACE"].contains($0.key) }
        request.descriptors = [socket]
        request.error = .descriptor(.standardError)
        request.directory = "/"
        request.confinement.noNewPrivileges = true
        request.diesWithAgent = true
        if geteuid() == 0 {
            request.identity = .collector()
            request.confinement.capabilitiesDropped = ["ALL"]
        }
        return request
    }
}
