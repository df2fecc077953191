import Monitoring
import StackModel
import TestSupport
import Testing

/// Random looks, silences, operations, clock jumps and restarts of the book, seed after seed.
struct AlertSeedTests {
    @Test func `the laws of alerts hold for every seed`() {
        var counts: [AlertEvent.Kind: Int] = [:]
        var folded = 0
        for seed in 1...UInt64(1000) {
            var life = RandomLife(seed: seed)
            life.run()
            if let violation = life.laws.violations.first {
                Issue.record("seed \(seed): \(violation)")
                return
            }
            counts.merge(life.laws.counts, uniquingKeysWith: +)
            folded += life.laws.folded
        }
        // The seeds are worth nothing if they do not reach what they are to test.
        for kind in [AlertEvent.Kind.fired, .escalated, .reminded, .resolved] {
            #expect(counts[kind, default: 0] > 300, "\(kind) was seldom told")
        }
        #expect(folded > 300)
    }
}

/// One book in a random world.
private struct RandomLife {
    private static let services: [ServiceName] = ["redis", "news"]
    private static let rules: [(AlertRule, Subject)] =
        services.flatMap { name in
            [AlertRule.serviceDown, .serviceUnhealthy, .serviceGaveUp, .serviceMemory].map {
                ($0, Subject.service(name))
            }
        } + [(.cpuHigh, "@host"), (.databaseAway, "@postgres")]

    private var chance: Chance
    private var keeper: Keeper
    private var now = Moment.zero
    private var operations: [Int: (services: Set<ServiceName>, endedAt: Moment?)] = [:]
    private var nextNumber = 1
    var laws = AlertLaws()

    init(seed: UInt64) {
        chance = Chance(seed: seed)
        keeper = Keeper(settings: Self.settings(&chance))
    }

    private static func settings(_ chance: inout Chance) -> AlertSettings {
        var settings = AlertSettings()
        settings.floodMax = chance.pick(1, 2, 5, 20)
        settings.remindAfter = chance.pick(.zero, .seconds(120), .seconds(1800))
        for rule in [AlertRule.serviceDown, .serviceUnhealthy, .serviceGaveUp] {
            settings.rules[rule] = AlertPolicy(
                chance.pick(.warning, .critical),
                after: chance.pick(.zero, .seconds(5), .seconds(40)),
                hold: chance.pick(.zero, .seconds(20)))
        }
        return settings
    }

    mutating func run() {
        for _ in 0..<30 {
            pass(chance.duration(.zero, chance.pick(.seconds(2), .seconds(20), .seconds(200))))
            act()
        }
        finish()
    }

    /// Everything ends, and the book is empty then.
    private mutating func finish() {
        for id in operations.keys.sorted() { receive(.operationEnded(id)) }
        for silence in keeper.silences { receive(.unsilenced(silence.id)) }
        receive(.maintenanceEnded(by: "root"))
        laws.finish(open: keeper.book.open)
        look(Self.rules.map { Finding($0.0, $0.1, .cleared) })
        pass(.seconds(600))
        laws.finish(open: keeper.book.open)
        if !keeper.book.open.isEmpty { laws.fail("\(keeper.book.open.count) never end") }
        if keeper.book.nextDue != nil { laws.fail("something is due for ever") }
    }

    private mutating func act() {
        switch chance.index(below: 100) {
        case ..<60: look(randomFindings())
        case ..<66: silence()
        case ..<69: if let first = keeper.silences.first { receive(.unsilenced(first.id)) }
        case ..<72: maintain()
        case ..<75: receive(.maintenanceEnded(by: "root"))
        case ..<80: operate()
        case ..<85: endOperation()
        case ..<90: if let id = keeper.book.open.last?.id { receive(.acknowledged(id, by: "me")) }
        case ..<92: leave()
        case ..<96: jump()
        default: restart()
        }
    }

    private mutating func randomFindings() -> [Finding] {
        let calm = chance.happens(40)
        return Self.rules.compactMap { rule, subject in
            guard chance.happens(85) else { return nil }
            let level: Finding.Level =
                calm
                ? .cleared : chance.pick(.raised, .raised, .raised, .between, .cleared, .excused)
            return Finding(
                rule, subject, level, "words", blocked: chance.happens(30) ? ["news"] : [],
                severity: chance.happens(10) ? .critical : nil)
        }
    }

    private mutating func look(_ findings: [Finding]) {
        let pending = keeper.ledger.values.filter { $0.state == .pending }.map(\.key)
        laws.find(findings, pending: Set(pending), at: now)
        receive(.found(findings))
    }

    private mutating func silence() {
        let subject = Subject.service(Self.services[chance.index(below: Self.services.count)])
        let until = keeper.time(now + chance.duration(.seconds(1), .seconds(300)))
        receive(
            .silenced(
                Silence(
                    id: Int64(nextNumber), subjects: chance.happens(30) ? nil : [subject],
                    rule: chance.happens(20) ? .serviceDown : nil, until: until, reason: "me")))
        nextNumber += 1
    }

    private mutating func maintain() {
        let until = keeper.time(now + chance.duration(.seconds(1), .seconds(300)))
        receive(
            .maintenanceBegan(Maintenance(since: keeper.time(now), until: until, reason: "me")))
    }

    private mutating func operate() {
        let names = Set(Self.services.filter { _ in chance.happens(50) })
        operations[nextNumber] = (names, nil)
        receive(.operationBegan(nextNumber, services: names, words: "restart"))
        nextNumber += 1
    }

    private mutating func endOperation() {
        guard let id = operations.filter({ $0.value.endedAt == nil }).keys.min() else { return }
        operations[id]?.endedAt = now
        receive(.operationEnded(id))
    }

    private mutating func leave() {
        let subject = Subject.service(Self.services[chance.index(below: Self.services.count)])
        receive(.left(subject))
        laws.left(subject)
    }

    private mutating func jump() {
        keeper.offset += .seconds(chance.pick(-86_400, -3600, -5, 5, 3600, 86_400))
        receive(.ticked)
    }

    private mutating func restart() {
        now = now + chance.duration(.zero, .seconds(30))
        keeper.restart(at: now)
        operations = [:]
        laws.restarted()
    }

    /// Time goes by as an agent lets it: with a tick whenever one is due.
    private mutating func pass(_ span: Duration) {
        let end = now + span
        while let due = keeper.book.nextDue, due <= end {
            now = max(now, due)
            receive(.ticked)
            if let next = keeper.book.nextDue, next <= now {
                laws.fail("a tick at \(now) changes nothing")
                return
            }
        }
        now = end
    }

    private mutating func receive(_ event: AlertBook.Event) {
        let effects = keeper.receive(event, at: now)
        let time = keeper.time(now)
        let silences = keeper.silences
        let maintenance = keeper.maintenance
        let busy = operations.values.filter { operation in
            operation.endedAt.map { now - $0 < .seconds(5) } ?? true
        }.map(\.services)
        laws.check(effects, at: now, keeper.settings) { alert in
            silences.contains { $0.covers(alert, at: time) }
                || maintenance.map { time < $0.until && alert.rule != .maintenanceOverdue } ?? false
                || busy.contains { alert.subject.service.map($0.contains) ?? false }
        }
        if chance.happens(10) { checkLedger() }
    }

    /// All that the next agent needs is remembered.
    private mutating func checkLedger() {
        let open = keeper.book.open.sorted { $0.id < $1.id }
        let kept = keeper.ledger.values.sorted { $0.id < $1.id }
        guard open.map(\.id) == kept.map(\.id) else {
            return laws.fail("open \(open.map(\.id)), remembered \(kept.map(\.id))")
        }
        for (one, other) in zip(open, kept) {
            var other = other
            other.summary = one.summary
            if one.state == .pending { other.severity = one.severity }
            if one != other { laws.fail("#\(one.id) is \(one), remembered as \(other)") }
        }
    }
}
