package import StackModel

/// A rollout as a pure function: one service after another, each proven before the next; and back again where that
/// fails. What happened goes in, what to do comes out.
///
/// No clock, no kernel, no log. Its state is the record: an agent that died begins again with the one that the ledger
/// has.
package struct Train: Sendable {
    package enum Event: Equatable, Sendable {
        /// It begins; or goes on, after the agent died: what was under way is done again.
        case began
        /// Nil: it may be rolled. Else why not now, in words.
        case holdAnswered(ServiceName, String?)
        /// Its new instance runs, and is asked.
        case spawned(ServiceName)
        /// The instance that was asked for is there and well; users are not at it yet where it stands beside another.
        case becameReady(ServiceName)
        /// The instance that was asked for failed: before it was ready, or after, while it soaked.
        case fell(ServiceName, String)
        /// What was retired or removed is gone.
        case left(ServiceName)
        /// The definitions that were asked for are in force.
        case adopted
        case alarmRang
        case cancelRequested(by: String)
        /// Go on after a pause.
        case resumeRequested
    }

    /// In this order; what follows `record` only happens when the ledger has it on disk.
    ///
    /// Answers belong to the newest order for a service: to earlier ones, also while a newer one still waits for
    /// the ledger, nobody answers any more.
    package enum Effect: Equatable, Sendable {
        /// Keep the record as it is now.
        case record(Rollout)
        /// Answered by `holdAnswered`.
        case askHold(ServiceName)
        /// Bring an instance of that definition up, beside the one that runs or in its place: answered by `spawned`,
        /// `becameReady` or `fell`. Also for a service that is new, and for one whose replacement is under way,
        /// which is then given up. Where an instance of that definition serves users already, or still, and well, it
        /// is ready; unless that is the one that is to be restarted.
        case bring(ServiceName, Side)
        /// Users go to the new instance from now on; the old one is kept. It may still fall, and has fallen where an
        /// agent that follows another does not find it.
        case admit(ServiceName)
        /// End the old instance, which users have left: answered by `left`; by `fell` where the new one is not there
        /// any more and the old one has the users again: that must not end.
        case retire(ServiceName)
        /// Stop a service that is no longer in the stack: answered by `left`.
        case remove(ServiceName)
        /// The whole stack is as it is on that side, services whose step failed or went back excepted: answered by
        /// `adopted`.
        case adopt(Side)
        case setAlarm(Duration), clearAlarm
        /// It is over, and recorded.
        case finished
        case reportAnomaly(Event)
    }

    /// Before the rollout, or after it.
    package enum Side: String, Sendable { case old, new }

    /// What is outside and changes.
    package struct Surroundings {
        package let time: Timestamp
        /// Whether it serves users well at this moment, and its last answer was good.
        package let isWell: (ServiceName) -> Bool

        package init(time: Timestamp, isWell: @escaping (ServiceName) -> Bool) {
            self.time = time
            self.isWell = isWell
        }
    }

    /// What the one alarm is for.
    enum Alarm { case hold, soak, delay }

    /// What the ledger is to have.
    package internal(set) var record: Rollout
    private let policies: [ServiceName: StepPolicy]
    private var effects: [Effect] = []
    private var recorded: Rollout?
    var now: Timestamp
    /// What the record does not say: an agent that follows finds it out anew.
    var alarm: Alarm?
    var isAwaitingHold = false
    /// How often the end of the soak was put off, as it was not well.
    var respites = 0
    /// What was before is there again; what was new still goes.
    var isBack = false
    var isGivenUp = false
    var isAdopting = false

    /// `policies` of the services that the record's steps are about.
    package init(_ record: Rollout, policies: [ServiceName: StepPolicy]) {
        self.record = record
        self.policies = policies
        now = record.startedAt
    }

    package mutating func receive(_ event: Event, in surroundings: Surroundings) -> [Effect] {
        now = surroundings.time
        effects = []
        switch event {
        case .began: begin()
        case .holdAnswered(let name, _), .spawned(let name), .becameReady(let name),
            .fell(let name, _), .left(let name):
            receive(event, about: name)
        case .adopted: isAdopting ? finish() : then(.reportAnomaly(event))
        case .alarmRang: ring(surroundings)
        case .cancelRequested(let asker): cancel(by: asker)
        case .resumeRequested: resume()
        }
        keepRecord()
        return effects
    }

    /// More is known of a failure: what was seen of it.
    package mutating func attach(_ failure: RolloutFailure) {
        guard let known = record.failure, known.service == failure.service, known.lines.isEmpty,
            known.lastReport == nil
        else { return }
        record.failure = failure
        record.failure?.reason = known.reason
        record.failure?.undone = known.undone
    }

    // What it is made of.

    /// The record comes before what it announces.
    mutating func then(_ effect: Effect) {
        keepRecord()
        effects.append(effect)
    }

    private mutating func keepRecord() {
        guard record != recorded else { return }
        recorded = record
        effects.append(.record(record))
    }

    mutating func set(_ alarm: Alarm, after delay: Duration) {
        self.alarm = alarm
        then(.setAlarm(delay))
    }

    mutating func clearAlarm() {
        guard alarm != nil else { return }
        alarm = nil
        effects.append(.clearAlarm)
    }

    /// The step that is under way, or next.
    var current: Int? {
        switch record.state {
        case .preparing, .running, .undoing: record.steps.firstIndex { !$0.phase.isOver }
        case .paused, .succeeded, .failed, .cancelled: nil
        }
    }

    func policy(of index: Int) -> StepPolicy { policies[record.steps[index].service] ?? .usual }
}
