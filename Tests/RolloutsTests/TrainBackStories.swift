import Rollouts
import StackModel
import Testing

/// The way back: after a failure, and when the operator wants it.
struct TrainBackStories {
    @Test func `a bad one goes back, and all that were rolled before it, newest first`() {
        let record = three().after(rolled: "a", "b")
            .expect(
                [
                    .spawned("c"), .fell("c", "crashed"), .becameReady("c"), .left("c"),
                    .spawned("b"), .becameReady("b"), .left("b"), .becameReady("a"), .left("a"),
                    .adopted,
                ],
                """
                c spawned        → [a done, b done, c probing]
                c fell: crashed  → [a done, b done, c undoing], bring old c
                c ready          → admit c, retire c
                c left           → [undoing; a done, b undoing, c rolled-back], bring old b
                b spawned        → –
                b ready          → admit b, retire b
                b left           → [undoing; a undoing, b rolled-back, c rolled-back], bring old a
                a ready          → admit a, retire a
                a left           → [undoing; a rolled-back, b rolled-back, c rolled-back], adopt old
                adopted          → [failed: c failed: crashed; 3 services are back on old], finished
                """)
        #expect(record.failure?.undone == ["c", "b", "a"])
    }

    @Test func `what was added goes, what was removed comes back`() {
        TrainStory(.deploy, .stopFirst("a", .added), .stopFirst("b", .removed), .canary("c"))
            .with("a") { $0.soak = .zero }
            .after(.began, .becameReady("a"), .left("a"), .left("b"))
            .expect(
                [
                    .fell("c", "never healthy"), .becameReady("c"), .left("c"), .becameReady("b"),
                    .left("b"), .left("a"), .adopted,
                ],
                """
                c fell: never healthy  → [a done, b done, c undoing], bring old c
                c ready                → admit c, retire c
                c left                 → [undoing; a done, b undoing, c rolled-back], bring old b
                b ready                → admit b, retire b
                b left                 → [undoing; a undoing, b rolled-back, c rolled-back], remove a
                a left                 → [undoing; a rolled-back, b rolled-back, c rolled-back], adopt old
                adopted                → [failed: c failed: never healthy; 3 services are back on old], finished
                """)
    }

    @Test func `it turns bad while it soaks, or while the old one drains`() {
        for past: [Train.Event] in [[], [.alarmRang]] {
            var story = TrainStory(.deploy, .canary("a")).after(.began, .becameReady("a"))
            for event in past { story.receive(event) }
            #expect(story.receive(.fell("a", "bad")).last == .bring("a", .old))
        }
    }

    @Test func `it is not back before what was is there again`() {
        var story = TrainStory(.deploy, .canary("a")).after(.began, .fell("a", "bad"))
        #expect(story.receive(.left("a")) == [])
        #expect(story.receive(.becameReady("a")) == [.admit("a"), .retire("a")])
        #expect(story.receive(.fell("a", "too late to matter")) == [])
        #expect(story.receive(.left("a")).last == .adopt(.old))
    }

    @Test func `a pause waits for the operator, who goes on`() {
        three().with("a") { $0.failureAction = .pause }.after(.began)
            .expect(
                [.fell("a", "bad"), .becameReady("a"), .left("a"), .resumeRequested]
                    + .rolled("b") + .rolled("c") + [.adopted],
                """
                a fell: bad  → [a undoing, b waiting, c waiting], bring old a
                a ready      → admit a, retire a
                a left       → [paused; a rolled-back, b waiting, c waiting]
                resume       → [a rolled-back, b starting, c waiting], bring new b
                b spawned    → [a rolled-back, b probing, c waiting]
                b ready      → [a rolled-back, b soaking, c waiting], admit b, alarm 10s
                alarm        → [a rolled-back, b draining, c waiting], retire b
                b left       → [a rolled-back, b done, c starting], bring new c
                c spawned    → [a rolled-back, b done, c probing]
                c ready      → [a rolled-back, b done, c soaking], admit c, alarm 10s
                alarm        → [a rolled-back, b done, c draining], retire c
                c left       → [a rolled-back, b done, c done], adopt new
                adopted      → [failed: a failed: bad; 2 of 3 services rolled to new; a is back on old], finished
                """)
    }

    @Test func `a pause waits for the operator, who gives up`() {
        let record = three().with("b") { $0.failureAction = .pause }.after(rolled: "a")
            .expect(
                [
                    .fell("b", "bad"), .becameReady("b"), .left("b"),
                    .cancelRequested(by: "root"), .becameReady("a"), .left("a"), .adopted,
                ],
                """
                b fell: bad   → [a done, b undoing, c waiting], bring old b
                b ready       → admit b, retire b
                b left        → [paused; a done, b rolled-back, c waiting]
                root cancels  → [undoing; a undoing, b rolled-back, c skipped], bring old a
                a ready       → admit a, retire a
                a left        → [undoing; a rolled-back, b rolled-back, c skipped], adopt old
                adopted       → [cancelled: cancelled by root; b failed: bad; 2 services are back on old], finished
                """)
        #expect(record.cancelledBy == "root")
    }

    @Test func `failures go on as long as they are few`() {
        var story = three()
        for name in ["a", "b", "c"] as [ServiceName] {
            story = story.with(name) { $0.failureRatioMax = 0.34 }
        }
        story.after(.began)
            .expect(
                [
                    .fell("a", "bad"), .becameReady("a"), .left("a"), .fell("b", "bad"),
                    .becameReady("b"), .left("b"), .adopted,
                ],
                """
                a fell: bad  → [a undoing, b waiting, c waiting], bring old a
                a ready      → admit a, retire a
                a left       → [a rolled-back, b starting, c waiting], bring new b
                b fell: bad  → [a rolled-back, b undoing, c waiting], bring old b
                b ready      → admit b, retire b
                b left       → [undoing; a rolled-back, b rolled-back, c skipped], adopt old
                adopted      → [failed: a failed: bad; 2 services are back on old], finished
                """)
    }

    @Test func `what does not come back, and was proven, stays new`() {
        three().after(rolled: "a")
            .expect(
                [
                    .fell("b", "bad"), .becameReady("b"), .left("b"), .fell("a", "no such file"),
                    .becameReady("a"), .alarmRang, .left("a"), .adopted,
                ],
                """
                b fell: bad           → [a done, b undoing, c waiting], bring old b
                b ready               → admit b, retire b
                b left                → [undoing; a undoing, b rolled-back, c skipped], bring old a
                a fell: no such file  → [undoing; a starting, b rolled-back, c skipped], bring new a
                a ready               → [undoing; a soaking, b rolled-back, c skipped], admit a, alarm 10s
                alarm                 → [undoing; a draining, b rolled-back, c skipped], retire a
                a left                → [undoing; a done, b rolled-back, c skipped], adopt old
                adopted               → [failed: b failed: bad; b is back on old; could not go back: a], finished
                """)
    }

    @Test func `what is bad on both sides is given up`() {
        TrainStory(.deploy, .stopFirst("a")).after(.began)
            .expect(
                [.fell("a", "bad"), .fell("a", "no such file"), .left("a"), .adopted],
                """
                a fell: bad           → [a undoing], bring old a
                a fell: no such file  → [a undoing], retire a
                a left                → [undoing; a failed], adopt old
                adopted               → [failed: a failed: bad; not well: a], finished
                """)
    }

    @Test func `a restart that fails stops the train, and has nothing to go back to`() {
        TrainStory(.restart, .stopFirst("a"), .stopFirst("b"), .stopFirst("c")).after(rolled: "a")
            .expect(
                [.spawned("b"), .fell("b", "crashed"), .adopted],
                """
                b spawned        → [a done, b probing, c waiting]
                b fell: crashed  → [a done, b failed, c skipped], adopt new
                adopted          → [failed: b failed: crashed; 1 of 3 services restarted], finished
                """)
    }

    @Test func `a restart beside the old one keeps it when it fails`() {
        TrainStory(.restart, .canary("a"), .canary("b")).after(.began)
            .expect(
                [.fell("a", "crashed"), .becameReady("a"), .left("a"), .adopted],
                """
                a fell: crashed  → [a undoing, b waiting], bring old a
                a ready          → admit a, retire a
                a left           → [a rolled-back, b skipped], adopt new
                adopted          → [failed: a failed: crashed; a is as before], finished
                """)
    }

    @Test func `a cancelled deploy goes back`() {
        three().after(rolled: "a")
            .expect(
                [
                    .spawned("b"), .cancelRequested(by: "root"), .cancelRequested(by: "root"),
                    .becameReady("b"), .left("b"), .becameReady("a"), .left("a"), .adopted,
                ],
                """
                b spawned     → [a done, b probing, c waiting]
                root cancels  → [undoing; a done, b undoing, c skipped], bring old b
                root cancels  → –
                b ready       → admit b, retire b
                b left        → [undoing; a undoing, b rolled-back, c skipped], bring old a
                a ready       → admit a, retire a
                a left        → [undoing; a rolled-back, b rolled-back, c skipped], adopt old
                adopted       → [cancelled: cancelled by root; 2 services are back on old], finished
                """)
    }

    @Test func `what is being removed is gone before it comes back`() {
        TrainStory(.deploy, .stopFirst("a", .removed)).after(.began)
            .expect(
                [
                    .cancelRequested(by: "root"), .left("a"), .becameReady("a"), .left("a"),
                    .adopted,
                ],
                """
                root cancels  → [undoing; a draining]
                a left        → [undoing; a undoing], bring old a
                a ready       → admit a, retire a
                a left        → [undoing; a rolled-back], adopt old
                adopted       → [cancelled: cancelled by root; a is back on old], finished
                """)
    }

    @Test func `a cancelled restart stops where it is`() {
        TrainStory(.restart, .stopFirst("a"), .stopFirst("b")).after(.began)
            .expect(
                [
                    .cancelRequested(by: "root"), .becameReady("a"), .alarmRang, .left("a"),
                    .adopted,
                ],
                """
                root cancels  → [a starting, b skipped]
                a ready       → [a soaking, b skipped], admit a, alarm 10s
                alarm         → [a draining, b skipped], retire a
                a left        → [a done, b skipped], adopt new
                adopted       → [cancelled: cancelled by root; 1 of 2 services restarted], finished
                """)
        TrainStory(.restart, .canary("a"), .canary("b")).after(.began)
            .expect(
                [.cancelRequested(by: "root"), .becameReady("a"), .left("a"), .adopted],
                """
                root cancels  → [a undoing, b skipped], bring old a
                a ready       → admit a, retire a
                a left        → [a rolled-back, b skipped], adopt new
                adopted       → [cancelled: cancelled by root; a is as before], finished
                """)
    }

    private func three() -> TrainStory {
        TrainStory(.deploy, .canary("a"), .canary("b"), .canary("c"))
    }
}

extension TrainStory {
    fileprivate func after(rolled names: ServiceName...) -> TrainStory {
        names.reduce(after(.began)) {
            $0.after(.spawned($1), .becameReady($1), .alarmRang, .left($1))
        }
    }
}
