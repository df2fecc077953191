import Rollouts
import StackModel
import Testing

/// The agent died, and another goes on with what the ledger has.
struct TrainBeginningStories {
    @Test(arguments: [
        (RolloutStep.Phase.waiting, Train.Effect.bring("a", .new)), (.starting, .bring("a", .new)),
        (.probing, .bring("a", .new)), (.soaking, .admit("a")), (.draining, .retire("a")),
        (.undoing, .bring("a", .old)), (.done, .bring("b", .new)), (.rolledBack, .bring("b", .new)),
    ])
    func `what was under way is done again`(phase: RolloutStep.Phase, again: Train.Effect) {
        var story = TrainStory(.deploy, .canary("a"), .canary("b"))
            .with { $0.steps[0].phase = phase }
        let effects = story.receive(.began)
        guard case .record(let record)? = effects.first else {
            Issue.record("nothing is recorded before \(effects)")
            return
        }
        #expect(
            record.steps[0].phase == (phase == .waiting || phase == .probing ? .starting : phase))
        #expect(effects.dropFirst().first == again)
    }

    @Test func `a hold is asked again`() {
        var story = TrainStory(.deploy, .canary("a")).with { $0.steps[0].phase = .held }
            .with("a") { $0.hold = Hold(command: ["/bin/hold"]) }
        #expect(story.receive(.began).last == .askHold("a"))
    }

    @Test func `a pause stays one`() {
        var story = TrainStory(.deploy, .canary("a"), .canary("b")).with {
            $0.steps[0].phase = .rolledBack
            $0.state = .paused
        }
        #expect(story.receive(.began) == [.record(story.record)])
        #expect(story.receive(.resumeRequested).last == .bring("b", .new))
    }

    @Test func `going back goes on`() {
        TrainStory(.deploy, .canary("a"), .canary("b")).with {
            $0.state = .undoing
            ($0.steps[0].phase, $0.steps[1].phase) = (.done, .rolledBack)
            $0.cancelledBy = "root"
        }.expect(
            [.began, .becameReady("a"), .left("a"), .adopted],
            """
            began    → [undoing; a undoing, b rolled-back], bring old a
            a ready  → admit a, retire a
            a left   → [undoing; a rolled-back, b rolled-back], adopt old
            adopted  → [cancelled: cancelled by root; 2 services are back on old], finished
            """)
    }

    @Test func `only the end was missing`() {
        for phase in [RolloutStep.Phase.done, .rolledBack] {
            var story = TrainStory(.deploy, .canary("a")).with {
                $0.state = phase == .done ? .running : .undoing
                $0.steps[0].phase = phase
            }
            #expect(story.receive(.began).last == .adopt(phase == .done ? .new : .old))
        }
        var story = TrainStory(.deploy, .canary("a")).with { $0.state = .succeeded }
        #expect(story.receive(.began).last == .finished)
    }
}
