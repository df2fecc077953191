import Foundation
import StackModel
import TestSupport
import Testing

/// Redis or the database fares badly under eight services that need it: in every seed none of the
/// eight is restarted, and all are well again when the cause is over.
struct StormTests {
    @Test(.enabled(if: environment("CATALYST_SEED") == nil), arguments: Storm.Kind.allCases)
    func `nobody is restarted for another's fault`(kind: Storm.Kind) async {
        let first = environment("CATALYST_FIRST_SEED") ?? 1
        let count = (environment("CATALYST_SEEDS") ?? usualSeeds) / 150
        var failed = 0
        for pace in Storm.Pace.allCases {
            for seed in first..<(first + count) {
                if let words = Self.failure(kind, pace, seed: seed) {
                    failed += 1
                    if failed <= 3 { Issue.record("\(words)") }
                }
                await Task.yield()
            }
        }
        #expect(failed == 0)
    }

    private static func failure(_ kind: Storm.Kind, _ pace: Storm.Pace, seed: UInt64) -> String? {
        guard violation(kind, pace, seed: seed, isTraced: false).violation != nil else {
            return nil
        }
        let (trace, violation) = violation(kind, pace, seed: seed, isTraced: true)
        return """
            \(trace.suffix(200).joined(separator: "\n"))
            \(kind), \(pace), seed \(seed): \(violation.map { "\($0)" } ?? "not again")
            """
    }

    private static func violation(
        _ kind: Storm.Kind, _ pace: Storm.Pace, seed: UInt64, isTraced: Bool
    ) -> (trace: [String], violation: Violation?) {
        var chance = Chance(seed: seed)
        let storm = Storm(kind, pace, &chance)
        var machine = SimulatedMachine(storm, chance: chance, isTraced: isTraced)
        do throws(Violation) {
            try machine.weather(storm)
            return (machine.trace ?? [], nil)
        } catch {
            return (machine.trace ?? [], error)
        }
    }
}
