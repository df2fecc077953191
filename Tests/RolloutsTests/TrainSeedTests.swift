import StackModel
import Testing

/// Rollouts on simulated machines, with the crash of every party at every step. A seed is a whole story: one that
/// fails is told.
struct TrainSeedTests {
    @Test(arguments: 0..<4)
    func `at the end each service runs once, as the record says`(share: Int) {
        var deaths = 0
        for seed in UInt64(share) * 1500..<UInt64(share + 1) * 1500 {
            var rollout = SimulatedRollout(seed: seed, isTracing: false)
            do throws(SimulatedRollout.Violation) {
                try rollout.run()
                deaths += rollout.deaths
            } catch {
                var told = SimulatedRollout(seed: seed, isTracing: true)
                try? told.run()
                Issue.record("seed \(seed): \(error)\n\(told.trace.joined(separator: "\n"))")
                return
            }
        }
        #expect(deaths > 100)
    }
}
