import Foundation
import TestSupport
import Testing

/// So many reach every row of the table, with some to spare.
let usualSeeds: UInt64 = 1000

/// The whole stack in virtual time, seed after seed. `scripts/simulate` runs more of them, or one
/// again.
struct SeedTests {
    private struct Failure {
        let seed: UInt64
        let violation: Violation
    }

    private struct Outcome {
        var failures: [Failure] = []
        var coverage = Coverage()
        var events = 0
    }

    private static let failuresMax = 3

    @Test(.enabled(if: environment("CATALYST_SEED") == nil))
    func `every law holds for every seed, and every row of the table is reached`() async {
        let first = environment("CATALYST_FIRST_SEED") ?? 1
        let count = environment("CATALYST_SEEDS") ?? usualSeeds
        let outcome = await Self.run(first..<(first + count))
        for failure in outcome.failures.prefix(Self.failuresMax) {
            Issue.record("\(Self.story(of: failure.seed))")
        }
        #expect(outcome.failures.isEmpty, "\(outcome.failures.count) of \(count) seeds failed")
        if count >= usualSeeds {
            let unreached = outcome.coverage.unreached
            #expect(unreached.isEmpty, "no seed reached \(unreached)")
        }
        print("simulated \(count) seeds from \(first): \(outcome.events) events")
    }

    @Test(.enabled(if: environment("CATALYST_SEED") != nil))
    func `the laws hold for the given seed`() {
        guard let seed = environment("CATALYST_SEED") else { return }
        let (story, violation) = Self.traced(seed)
        print(story)
        if let violation { Issue.record("\(violation)") }
    }

    private static func run(_ seeds: Range<UInt64>) async -> Outcome {
        let lanes = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
        return await withTaskGroup(of: Outcome.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var outcome = Outcome()
                    for seed in stride(
                        from: seeds.lowerBound + lane, to: seeds.upperBound, by: Int(lanes))
                    {
                        attempt(seed, &outcome)
                        // Other tests wait for conditions with a limit, on the same few threads.
                        await Task.yield()
                    }
                    return outcome
                }
            }
            var all = Outcome()
            for await part in group {
                all.failures += part.failures
                all.coverage.merge(part.coverage)
                all.events += part.events
            }
            all.failures.sort { $0.seed < $1.seed }
            return all
        }
    }

    private static func attempt(_ seed: UInt64, _ outcome: inout Outcome) {
        var machine = SimulatedMachine(seed: seed, isTraced: false)
        do throws(Violation) {
            try machine.run()
        } catch {
            outcome.failures.append(Failure(seed: seed, violation: error))
        }
        outcome.coverage.merge(machine.coverage)
        outcome.events += machine.decided
    }

    private static let traceLinesMax = 200

    private static func story(of seed: UInt64) -> String {
        let (story, _) = traced(seed)
        return story
    }

    /// What happened, the last lines of it, and what is wrong.
    private static func traced(_ seed: UInt64) -> (story: String, Violation?) {
        var machine = SimulatedMachine(seed: seed, isTraced: true)
        var violation: Violation?
        do throws(Violation) {
            try machine.run()
        } catch {
            violation = error
        }
        let isAlone = environment("CATALYST_SEED") != nil
        var lines = isAlone ? machine.trace ?? [] : (machine.trace ?? []).suffix(traceLinesMax)
        lines.append(violation.map { "\($0)" } ?? "all laws hold")
        lines.append("again: scripts/simulate --seed \(seed)")
        return (lines.joined(separator: "\n"), violation)
    }
}

func environment(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }
}
