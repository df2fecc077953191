internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import Systemd

/// What happened lately, and who is told: journald, or stderr where there is none or a person watches.
///
/// Recording is cheap; telling happens after the turn, so that it never delays a restart.
struct Chronicle {
    private(set) var records: [EventRecord] = []
    private var untold: ArraySlice<EventRecord> = []
    /// Grows from agent to agent.
    private(set) var lastID = UInt64(max(0, Clock.wallTime().nanoseconds / 1000))
    private var journal = Journal()
    private let usesStandardError: Bool
    private let stderrWriter = WorkerThread(named: "stderr", capacity: AgentLimits.announcementsMax)

    init(environment: [String: String]) {
        // Under systemd stderr is the journal itself: saying it twice helps nobody.
        usesStandardError = isatty(2) == 1 || environment["JOURNAL_STREAM"] == nil
    }

    /// The clock may have been put back since: what comes is newer all the same. A killed agent may have told more
    /// than it remembered, though not that much more.
    mutating func goOn(after last: UInt64?) {
        guard let last, last < UInt64(Int64.max / 2) else { return }
        lastID = max(lastID, last + 1_000_000)
    }

    @discardableResult
    mutating func record(
        _ kind: EventRecord.Kind, _ service: ServiceName? = nil,
        _ priority: EventRecord.Priority = .info,
        _ message: String
    ) -> EventRecord {
        lastID += 1
        let record = EventRecord(
            id: lastID, time: Clock.wallTime(), service: service, kind: kind, priority: priority,
            message: message)
        if records.count >= AgentLimits.eventsMax {
            records.removeFirst(AgentLimits.eventsMax / 10)
        }
        records.append(record)
        untold.append(record)
        return record
    }

    /// Tells what was recorded since the last call, and returns it.
    mutating func tell() -> [EventRecord] {
        guard !untold.isEmpty || journal.hasWaiting else { return [] }
        journal.flush()
        let told = Array(untold)
        untold = []
        for record in told {
            let isJournaled = journal.send(record)
            if usesStandardError || !isJournaled { writeToStandardError(record) }
        }
        return told
    }

    /// Tells an alert, as soon as it is durable.
    mutating func tell(_ event: AlertEvent) {
        journal.flush()
        let isJournaled = journal.send(event)
        guard usesStandardError || !isJournaled else { return }
        let subject = event.alert.subject
        write(
            "\(event.time) \(event.priority.word) alert \(event.alert.id) \(event.kind.rawValue): "
                + "\(subject): \(event.message)")
    }

    var hasWaiting: Bool { journal.hasWaiting }

    /// What the journal lacks, for people; nil: nothing.
    var journalNote: String? {
        let lost = "lost \(journal.dropped) entries, 'catalystctl events' has the newest"
        guard journal.hasWaiting else {
            return journal.dropped == 0 ? nil : "the journal has \(lost)"
        }
        let words = "journald takes nothing: \(journal.waitingCount) entries wait for it"
        return words + (journal.dropped == 0 ? "" : ", the journal has \(lost)")
    }

    /// Ends when all is told.
    func finish() { stderrWriter.finish() }

    func lately(of service: ServiceName?, count: Int, since: Timestamp? = nil) -> [EventRecord] {
        records.filter { record in
            (service == nil || record.service == service) && since.map { record.time >= $0 } ?? true
        }.suffix(count)
    }

    private func writeToStandardError(_ record: EventRecord) {
        let subject = record.service.map { "\($0): " } ?? ""
        write("\(record.time) \(record.priority.word) \(subject)\(record.message)")
    }

    private func write(_ line: String) {
        // May block for as long as the terminal is stopped: not on the loop.
        stderrWriter.post {
            var line = line.asOneLine + "\n"
            line.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
        }
    }
}

extension String {
    /// What services and operators say can neither begin a line of ours nor command a terminal.
    fileprivate var asOneLine: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return self
        }
        return unicodeScalars.reduce(into: "") { line, scalar in
            let isControl = scalar.properties.generalCategory == .control
            line += isControl ? scalar.escaped(asASCII: true) : String(scalar)
        }
    }
}

extension EventRecord.Priority {
    var word: String {
        switch self {
        case .critical: "critical"
        case .error: "error"
        case .warning: "warning"
        case .notice: "notice"
        case .info: "info"
        }
    }
}
