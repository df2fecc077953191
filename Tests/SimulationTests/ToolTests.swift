import StackModel
import Supervision
import TestSupport
import Testing

/// The simulator's own tools: what proves others must be right itself.
struct ToolTests {
    @Test func `a seed gives the same numbers everywhere`() {
        var chance = Chance(seed: 1_234_567)
        let numbers = (0..<5).map { _ in chance.next() }
        #expect(
            numbers == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func `chance stays within its bounds`() {
        var chance = Chance(seed: 1)
        for _ in 0..<1000 {
            let share = chance.share()
            let index = chance.index(below: 7)
            #expect((0..<1).contains(share) && (0..<7).contains(index))
            #expect(
                (.seconds(1) ... .seconds(2)).contains(chance.duration(.seconds(1), .seconds(2))))
            let never = chance.happens(0)
            let always = chance.happens(100)
            #expect(!never && always)
        }
    }

    @Test func `the agenda gives what is due first, and among equals what was added first`() {
        var chance = Chance(seed: 1)
        var agenda = Agenda()
        for number in 0..<500 {
            agenda.add(.alarm("a", number), at: .zero + .seconds(chance.index(below: 20)))
        }
        var last = (due: Moment.zero, number: -1)
        while let (due, happening) = agenda.removeFirst() {
            guard case .alarm(_, let number) = happening else { continue }
            #expect(due > last.due || due == last.due && number > last.number)
            last = (due, number)
        }
        #expect(agenda.count == 0)
    }

    @Test func `a seed is repeated event by event`() throws {
        var first = SimulatedMachine(seed: 7, isTraced: true)
        var second = SimulatedMachine(seed: 7, isTraced: true)
        try first.run()
        try second.run()
        #expect(first.trace == second.trace)
        #expect(first.decided > 10)
    }

    @Test func `a broken law is found`() {
        let redis = ServiceSpec.service("redis")
        let news = ServiceSpec.service("news", needs: [Dependency(on: "redis", .healthy)])
        let stack = Stack(StackSpec(name: "simulated", services: [redis, news]))
        var laws = Laws()
        laws.hear(.began(stopped: []), stack, .zero)
        let isEarlyBroken = isBroken { () throws(Violation) in
            try laws.seeSpawn("news", stack, .zero)
        }
        let isFirstBroken = isBroken { () throws(Violation) in
            try laws.seeSpawn("redis", stack, .zero)
        }
        let isSecondBroken = isBroken { () throws(Violation) in
            try laws.seeSpawn("redis", stack, .zero)
        }
        #expect(isEarlyBroken)
        #expect(!isFirstBroken)
        #expect(isSecondBroken)
        #expect(isBroken { () throws(Violation) in try laws.checkRest(stack, .zero, alarms: [:]) })
    }

    private func isBroken(_ law: () throws(Violation) -> Void) -> Bool {
        do {
            try law()
            return false
        } catch {
            return true
        }
    }
}
