import Monitoring
import StackModel
import Supervision
import TestSupport

/// A whole stack in virtual time: does what `Stack` decides, makes trouble, and holds every step
/// against the laws.
///
/// It is the agent's shell and the world behind it. Like the agent it decides one event at a time,
/// answers a spawn before it listens to the world again, and drops what belongs to an earlier
/// instance and alarms that were replaced.
struct SimulatedMachine {
    enum Happening {
        case alarm(ServiceName, Int)
        case becomesReady(SimulatedInstance)
        case hangs(SimulatedInstance)
        case recovers(SimulatedInstance)
        case endsByItself(SimulatedInstance, ExitReason)
        case silence(SimulatedInstance)
        case mainEnds(SimulatedInstance, ExitReason)
        case stragglerEnds(SimulatedInstance)
        case question(SimulatedInstance, Int)
        case answer(SimulatedInstance, Int, Report)
        case plea(SimulatedInstance, Duration)
        case database(SimulatedDatabase.State)
        case databaseQuestion(Int)
        case databaseAnswer(Int, Report.Outcome)
        case blow(ServiceName, Blow)
        case order(Order)
        case collectorLeaves, collectorReturns
        case troubleEnds
        case look
        /// Nothing: time has passed.
        case pause
    }

    /// What the operator does.
    enum Order {
        case start([ServiceName]), stop([ServiceName]), restart([ServiceName])
        case editAndReload
        case shutdown, hasten
    }

    var chance: Chance
    var now = Moment.zero
    var stack: Stack
    var laws: Laws
    var agenda = Agenda()
    var instances: [ServiceName: SimulatedInstance] = [:]
    var board = HealthBoard()
    var database: SimulatedDatabase
    /// When the answers of somebody were last seen to be bad or late, or its process ended.
    var seenBad: [Subject: Moment] = [:]
    /// Who was well when it was last looked at.
    var wasWell: Set<ServiceName> = []
    /// The file as it is now.
    var services: [ServiceSpec]
    let faultPercent: Double
    /// Only this happens; nil: anything.
    let storm: Storm?
    var isRaging = false
    /// Nil: nobody looks.
    var book: AlertBook?
    var told: [Told] = []
    var blockedSince: [ServiceName: Moment] = [:]
    var isTroubled = true
    var isCollectorAway = false
    var coverage = Coverage()
    /// One line for each event; nil: nobody reads it.
    var trace: [String]?

    private var alarms: [ServiceName: Int] = [:]
    private var alarmCount = 0
    private var inbox: [Stack.Event] = []
    private var isDeciding = false
    /// How many events were decided.
    private(set) var decided = 0

    init(seed: UInt64, isTraced: Bool) {
        chance = Chance(seed: seed)
        services = SimulatedStacks.any(&chance)
        faultPercent = chance.pick(0, 5, 15, 30, 60)
        storm = nil
        var spec = SimulatedStacks.spec(of: services)
        spec.brake = SimulatedStacks.brake(&chance)
        stack = Stack(spec)
        database = SimulatedDatabase(
            rules: SimulatedDatabase.rules(
                every: chance.duration(.seconds(2), .seconds(20)),
                timeout: chance.duration(.seconds(1), .seconds(5))))
        laws = Laws()
        trace = isTraced ? services.map(description) : nil
    }

    /// The nine in a storm, and no fault but that.
    init(_ storm: Storm, chance: Chance, isTraced: Bool) {
        self.chance = chance
        self.storm = storm
        services = storm.services
        faultPercent = 0
        stack = Stack(SimulatedStacks.spec(of: services))
        database = SimulatedDatabase(rules: storm.databaseRules)
        laws = Laws()
        trace = isTraced ? services.map(description) : nil
    }

    /// Tells the stack what happened, now or after what is being decided.
    mutating func post(_ event: Stack.Event) throws(Violation) {
        inbox.append(event)
        try decideAll()
    }

    /// Tells it what came of a spawn, before anything else.
    mutating func answer(_ name: ServiceName, _ event: Lifecycle.Event) throws(Violation) {
        inbox.insert(.happened(name, event), at: 0)
        try decideAll()
    }

    private mutating func decideAll() throws(Violation) {
        guard !isDeciding else { return }
        isDeciding = true
        while !inbox.isEmpty { try decide(inbox.removeFirst()) }
        isDeciding = false
        try laws.checkRest(stack, now, alarms: alarms)
        try checkPatience()
    }

    private mutating func decide(_ event: Stack.Event) throws(Violation) {
        decided += 1
        laws.hear(event, stack, now)
        coverage.note(event, before: stack)
        let effects = stack.receive(
            event, in: Lifecycle.Surroundings(now: now, chance: chance.share()))
        if trace != nil { remark(words(of: event, effects)) }
        coverage.note(effects, after: stack)
        for effect in effects {
            try laws.see(effect, because: event, stack, now)
        }
        try laws.checkStep(event, stack, effects, now)
        for effect in effects { try perform(effect) }
        try noticeWellness()
    }

    private func words(of event: Stack.Event, _ effects: [Stack.Effect]) -> String {
        let done = effects.compactMap { effect -> String? in
            switch effect {
            case .service(let name, let order): "\(name): \(order.words)"
            case .transitioned(let name, _, let state, _): "\(name) → \(state.words)"
            case .adjusted(let name): "adjust \(name)"
            case .removed(let name): "remove \(name)"
            case .restartAbandoned(let name, _): "abandon at \(name)"
            case .braked(let name): "brake \(name)"
            case .finished: "finished"
            }
        }
        return "\(event.words)  " + done.joined(separator: ", ")
    }

    /// Adds a line to the trace.
    mutating func remark(_ words: String) {
        guard trace != nil else { return }
        let time = (now - .zero).words
        let indent = String(repeating: " ", count: max(0, 9 - time.count))
        trace?.append("\(indent)\(time)  \(words)")
    }

    private mutating func perform(_ effect: Stack.Effect) throws(Violation) {
        switch effect {
        case .service(let name, .spawn): try spawn(name)
        case .service(let name, .sendStopSignal): sendStopSignal(name)
        case .service(let name, .killTree): try killTree(name)
        case .service(let name, .setAlarm(let delay)):
            alarmCount += 1
            alarms[name] = alarmCount
            agenda.add(.alarm(name, alarmCount), at: now + delay)
        case .service(let name, .clearAlarm): alarms[name] = nil
        case .transitioned(let name, _, .stopping(.policy(.unhealthy), _), let cause):
            try checkJustice(name, cause)
        case .service(_, .reportAnomaly), .transitioned, .restartAbandoned, .braked, .finished:
            break
        case .adjusted(let name): adjustProbing(name)
        case .removed(let name): alarms[name] = nil
        }
    }

    /// Delivers what is due; nil when there is nothing left to happen.
    mutating func advance() throws(Violation) -> Moment? {
        guard let (due, happening) = agenda.removeFirst() else { return nil }
        now = due
        switch happening {
        case .alarm(let name, let number):
            guard alarms[name] == number else { break }
            alarms[name] = nil
            try post(.happened(name, .alarmRang))
        case .becomesReady(let instance): try becomesReady(instance)
        case .hangs(let instance): if isTroubled { hangs(instance) }
        case .recovers(let instance): recovers(instance)
        case .silence(let instance):
            if instance.isHung, isCurrent(instance), instance.mainLives { try lost(instance) }
        case .endsByItself(let instance, let reason):
            if isTroubled || SimulatedStacks.isJob(instance.spec) { try mainEnds(instance, reason) }
        case .mainEnds(let instance, let reason): try mainEnds(instance, reason)
        case .stragglerEnds(let instance):
            if instance.stragglers > 0 { instance.stragglers -= 1 }
            try checkEmptiness(instance)
        case .question(let instance, let number):
            if instance.question == number, isCurrent(instance) { ask(instance) }
        case .answer(let instance, let number, let report):
            if instance.question == number, isCurrent(instance) { try answered(instance, report) }
        case .plea(let instance, let more):
            // Also from what is left of it when the main process is gone.
            if isCurrent(instance) { try post(.happened(instance.spec.name, .extended(more))) }
        case .database(let state): databaseBecomes(state)
        case .databaseQuestion(let number): if database.question == number { askDatabase() }
        case .databaseAnswer(let number, let outcome):
            if database.question == number { try databaseAnswered(outcome) }
        case .blow(let name, let blow): try strike(name, blow)
        case .order(let order): try obey(order)
        case .collectorLeaves: isCollectorAway = true
        case .collectorReturns: collectorReturns()
        case .troubleEnds: try endTrouble()
        case .look: look()
        case .pause: break
        }
        return now
    }

    func isCurrent(_ instance: SimulatedInstance) -> Bool {
        instances[instance.spec.name] === instance
    }
}
