import Rollouts
import StackModel
import Testing

/// The way forward, and what stops it.
struct TrainStories {
    @Test func `one after another, each proven before the next`() {
        TrainStory(.deploy, .canary("a"), .canary("b")).with("a") { $0.delay = .seconds(5) }
            .expect(
                [.began] + .rolled("a") + [.alarmRang] + .rolled("b") + [.adopted],
                """
                began      → [a starting, b waiting], bring new a
                a spawned  → [a probing, b waiting]
                a ready    → [a soaking, b waiting], admit a, alarm 10s
                alarm      → [a draining, b waiting], retire a
                a left     → [a done, b waiting], alarm 5s
                alarm      → [a done, b starting], bring new b
                b spawned  → [a done, b probing]
                b ready    → [a done, b soaking], admit b, alarm 10s
                alarm      → [a done, b draining], retire b
                b left     → [a done, b done], adopt new
                adopted    → [succeeded: 2 services rolled to new], finished
                """)
    }

    @Test func `without a soak the old one goes at once`() {
        TrainStory(.restart, .stopFirst("a", .asked)).with("a") { $0.soak = .zero }
            .expect(
                [.began, .spawned("a"), .becameReady("a"), .left("a"), .adopted],
                """
                began      → [a starting], bring new a
                a spawned  → [a probing]
                a ready    → [a soaking], admit a, [a draining], retire a
                a left     → [a done], adopt new
                adopted    → [succeeded: 1 service restarted], finished
                """)
    }

    @Test func `new services come first, removed ones go last`() {
        TrainStory(.deploy, .stopFirst("a", .added), .canary("b"), .stopFirst("c", .removed))
            .with("b") { $0.soak = .zero }
            .expect(
                [.began] + .rolled("a") + [
                    .spawned("b"), .becameReady("b"), .left("b"), .left("c"),
                ]
                    + [.adopted],
                """
                began      → [a starting, b waiting, c waiting], bring new a
                a spawned  → [a probing, b waiting, c waiting]
                a ready    → [a soaking, b waiting, c waiting], admit a, alarm 10s
                alarm      → [a draining, b waiting, c waiting], retire a
                a left     → [a done, b starting, c waiting], bring new b
                b spawned  → [a done, b probing, c waiting]
                b ready    → [a done, b soaking, c waiting], admit b, [a done, b draining, c waiting], retire b
                b left     → [a done, b done, c draining], remove c
                c left     → [a done, b done, c done], adopt new
                adopted    → [succeeded: 3 services rolled to new], finished
                """)
    }

    @Test func `nothing to do is done at once`() {
        TrainStory(.deploy).expect(
            [.began, .adopted],
            """
            began    → [], adopt new
            adopted  → [succeeded: nothing had to be changed], finished
            """)
    }

    @Test func `a hold is asked again until it lets go`() {
        held().expect(
            [
                .began, .holdAnswered("a", "not now"), .alarmRang,
                .holdAnswered("a", "not now"), .alarmRang, .holdAnswered("a", nil),
            ],
            """
            began            → [a waiting], ask hold of a
            a held: not now  → [a held], alarm 5s
            alarm            → ask hold of a
            a held: not now  → alarm 5s
            alarm            → ask hold of a
            a free           → [a starting], bring new a
            """)
    }

    @Test func `a hold that lasts too long is a failure, of a service that was not touched`() {
        let record = held().with("a") { $0.hold?.limit = .seconds(5) }
            .expect(
                [
                    .began, .holdAnswered("a", "not now"), .alarmRang,
                    .holdAnswered("a", "not now"), .adopted,
                ],
                """
                began            → [a waiting], ask hold of a
                a held: not now  → [a held], alarm 5s
                alarm            → ask hold of a
                a held: not now  → [undoing; a rolled-back], adopt old
                adopted          → [failed: a failed: held for 6s: not now; a is back on old], finished
                """)
        #expect(record.failure?.reason == "held for 6s: not now")
    }

    @Test func `who is not well when its soak ends gets a little more time`() {
        var story = TrainStory(.deploy, .canary("a")).after(
            .began, .spawned("a"), .becameReady("a"))
        story.unwell = ["a"]
        story.receive(.alarmRang)
        #expect(story.receive(.alarmRang) == [.setAlarm(.seconds(1))])
        story.unwell = []
        let effects = story.receive(.alarmRang)
        #expect(effects.last == .retire("a"))
    }

    @Test func `who does not become well for minutes after its soak goes back`() {
        var story = TrainStory(.deploy, .canary("a")).after(
            .began, .spawned("a"), .becameReady("a"))
        story.unwell = ["a"]
        for _ in 0...300 { story.receive(.alarmRang) }
        #expect(story.train?.record.steps[0].phase == .undoing)
        #expect(
            story.train?.record.failure?.reason
                == "was not well at the end of its soak, nor long after it")
    }

    @Test func `what is too late is ignored, what cannot be is reported`() {
        var story = TrainStory(.deploy, .canary("a"), .canary("b"))
            .after(.began, .spawned("a"), .becameReady("a"), .alarmRang, .left("a"))
        for late in [
            Train.Event.spawned("a"), .becameReady("a"), .fell("a", "late"), .left("a"),
            .holdAnswered("a", nil), .resumeRequested, .alarmRang, .left("b"),
        ] {
            #expect(story.receive(late) == [], "\(late)")
        }
        for impossible in [Train.Event.adopted, .left("x"), .fell("x", "who is that?")] {
            #expect(story.receive(impossible) == [.reportAnomaly(impossible)])
        }
    }

    @Test func `what was seen of a failure is added to it`() {
        var story = TrainStory(.deploy, .canary("a"))
            .after(.began, .spawned("a"), .fell("a", "exited with code 3"))
        guard var train = story.train else { return }
        var seen = RolloutFailure(service: "a", reason: "exited with code 3")
        seen.likelyCause = "a Python module is missing"
        train.attach(seen)
        #expect(train.record.failure?.likelyCause == "a Python module is missing")
        train.attach(RolloutFailure(service: "b", reason: "something else"))
        #expect(train.record.failure?.service == "a")
        story.receive(.becameReady("a"))
    }

    private func held() -> TrainStory {
        TrainStory(.deploy, .canary("a")).with("a") { $0.hold = Hold(command: ["/bin/hold"]) }
    }
}
