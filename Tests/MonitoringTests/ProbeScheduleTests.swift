import Monitoring
import StackModel
import Testing

struct ProbeScheduleTests {
    private let rules: HealthCheck = {
        var rules = HealthCheck(.tcp(host: "h", port: 1))
        rules.interval = .seconds(10)
        rules.startInterval = .milliseconds(100)
        return rules
    }()

    private func at(_ seconds: Double) -> Moment {
        .zero + .milliseconds(Int64((seconds * 1000).rounded()))
    }

    @Test func `until it is ready an instance is asked often`() {
        var schedule = ProbeSchedule(startedAt: .zero)
        #expect(schedule.next(isReady: false, now: at(0.01), chance: 0.5, rules: rules) == at(0.1))
        #expect(schedule.next(isReady: false, now: at(0.11), chance: 0.5, rules: rules) == at(0.2))
        #expect(schedule.next(isReady: false, now: at(5), chance: 0.5, rules: rules) == at(5))
        #expect(schedule.next(isReady: false, now: at(5.01), chance: 0.5, rules: rules) == at(5.1))
    }

    @Test func `the first regular probe comes after half an interval to a whole one`() {
        for chance in [0, 0.25, 0.5, 0.999] {
            var schedule = ProbeSchedule(startedAt: .zero)
            let next = schedule.next(isReady: true, now: at(3), chance: chance, rules: rules)
            #expect(next == at(3 + 5 + 5 * chance))
        }
    }

    @Test func `the beat does not drift, however long the answers take`() {
        var schedule = ProbeSchedule(startedAt: .zero)
        var due = schedule.next(isReady: true, now: .zero, chance: 0, rules: rules)
        for beat in 1...1000 {
            let answered = due + .milliseconds(beat * 7 % 9000)
            due = schedule.next(isReady: true, now: answered, chance: 0.9, rules: rules)
            #expect(due == at(5 + 10 * Double(beat)))
        }
    }

    @Test func `after a slow answer one probe is due at once, and then the beat again`() {
        var schedule = ProbeSchedule(startedAt: .zero)
        #expect(schedule.next(isReady: true, now: .zero, chance: 0, rules: rules) == at(5))
        #expect(schedule.next(isReady: true, now: at(38), chance: 0, rules: rules) == at(38))
        #expect(schedule.next(isReady: true, now: at(38.1), chance: 0, rules: rules) == at(45))
        #expect(schedule.next(isReady: true, now: at(45), chance: 0, rules: rules) == at(55))
    }

    @Test(arguments: [1, 7, 42, 1234])
    func `no gap is longer than the interval, whatever chance and latency say`(seed: UInt64) {
        var mixed = seed
        func share() -> Double {
            mixed = mixed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(mixed >> 11) / 0x1p53
        }
        var schedule = ProbeSchedule(startedAt: .zero)
        var asked = schedule.next(isReady: true, now: .zero, chance: share(), rules: rules)
        for _ in 0..<2000 {
            let answered = asked + .seconds(25 * share())
            let due = schedule.next(isReady: true, now: answered, chance: share(), rules: rules)
            #expect(due >= answered)
            #expect(due - asked <= .seconds(10) || due == answered)
            asked = due
        }
    }

    @Test func `an interval of nothing does not trap`() {
        var rules = rules
        rules.interval = .zero
        var schedule = ProbeSchedule(startedAt: .zero)
        _ = schedule.next(isReady: true, now: at(1), chance: 0, rules: rules)
        #expect(schedule.next(isReady: true, now: at(2), chance: 0, rules: rules) == at(2))
    }
}
