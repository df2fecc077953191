import Rollouts
import StackModel
import Testing

/// What the stack is in the middle of a rollout, and at its end.
struct SettlementTests {
    private let old = stack(["redis", "news", "scanner", "gone"], version: "1")
    private let new = stack(["redis", "news", "scanner", "fresh"], version: "2")
    private let running = stack(["redis", "news", "scanner", "gone", "fresh"], version: "?")

    private static func stack(_ names: [ServiceName], version: String) -> StackSpec {
        let services = names.map { name in
            var spec = ServiceSpec(name: name, command: ["/bin/\(name)"])
            // Redis does not change.
            if name != "redis" { spec.command.append(version) }
            return spec
        }
        return StackSpec(name: version, services: services)
    }

    private func rollout(_ phases: KeyValuePairs<ServiceName, RolloutStep.Phase>) -> Rollout {
        var rollout = Rollout(
            id: 1, kind: .deploy, state: .running, askedBy: "root",
            startedAt: Timestamp(nanoseconds: 0))
        rollout.steps = phases.map { name, phase in
            var step = RolloutStep(name, .definition, .canary)
            step.phase = phase
            return step
        }
        return rollout
    }

    private func versions(_ stack: StackSpec) -> [String] {
        stack.services.map { "\($0.name) \($0.command.dropFirst().first ?? "–")" }
    }

    @Test func `of a rollout that succeeded everything is new, and what was removed is gone`() {
        let done = rollout(["news": .done, "scanner": .done, "fresh": .done, "gone": .done])
        let settled = done.settled(on: .new, old: old, new: new, running: running, root: "/r")
        #expect(versions(settled) == ["redis –", "news 2", "scanner 2", "fresh 2"])
    }

    @Test func `each service has the definition that its step ended with`() {
        let mixed = rollout([
            "news": .done, "scanner": .rolledBack, "fresh": .skipped, "gone": .skipped,
        ])
        let settled = mixed.settled(on: .new, old: old, new: new, running: running, root: "/r")
        #expect(versions(settled) == ["redis –", "news 2", "scanner 1", "gone 1"])
        #expect(settled.name == "2")
    }

    @Test func `what cannot go back stays as it is`() {
        let stuck = rollout([
            "news": .done, "scanner": .failed, "fresh": .rolledBack, "gone": .skipped,
        ])
        let settled = stuck.settled(on: .old, old: old, new: new, running: running, root: "/r")
        #expect(versions(settled) == ["redis –", "news 2", "scanner ?", "gone 1"])
    }

    @Test func `in the middle users are at what has been admitted`() {
        let middle = rollout([
            "fresh": .done, "news": .soaking, "scanner": .probing, "gone": .waiting,
        ])
        let current = middle.current(old: old, new: new)
        #expect(versions(current) == ["redis –", "news 2", "scanner 1", "gone 1", "fresh 2"])
    }

    @Test func `what is not replaced stays in its release, and is looked after in the new way`() {
        let release = Release(
            id: "1", version: "1.0", source: "somewhere", madeAt: Timestamp(nanoseconds: 0))
        var next = release
        next.id = "2"
        var spec = ServiceSpec(name: "news", command: ["/r/current/run"])
        let before = spec.pinned(to: release, root: "/r")
        spec.healthCheck.retries = 7
        let after = spec.pinned(to: next, root: "/r")
        let settled = rollout([:]).settled(
            on: .new, old: StackSpec(name: "s", services: [before]),
            new: StackSpec(name: "s", services: [after]),
            running: StackSpec(name: "s", services: []), root: "/r")
        #expect(settled.services.first?.command == ["/r/releases/1/run"])
        #expect(settled.services.first?.release == "1")
        #expect(settled.services.first?.healthCheck.retries == 7)
    }

    @Test func `how long steps take is learned from those that went well`() {
        var rollout = rollout(["news": .done, "scanner": .failed])
        for index in rollout.steps.indices {
            rollout.steps[index].startedAt = Timestamp(nanoseconds: 0)
            rollout.steps[index].finishedAt = Timestamp(nanoseconds: 4_000_000_000)
        }
        var longer = rollout
        longer.steps[0].finishedAt = Timestamp(nanoseconds: 8_000_000_000)
        #expect(Rollout.durations(in: [rollout, longer]) == ["news": .seconds(6)])
    }
}
