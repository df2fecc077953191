import Rollouts
import StackModel
import TestSupport
import Testing

/// One instance takes another's place: what happens to both, and where users are.
struct SwapStories {
    private let limits = Swap.Limits(
        start: .seconds(60), queue: .seconds(5), drain: .seconds(1), oldStop: .seconds(10),
        newStop: .seconds(5))

    @Test func `the new one proves itself, gets the users, and the old one ends when it is done`() {
        expectStory(
            [
                .becameHealthy, .admitRequested(hasOld: true), .retireRequested, .queueSeen(3),
                .queueSeen(0), .alarmRang, .oldExited, .oldLeft,
            ],
            """
            starting   becameHealthy                 → ready      no alarm, tell ready
            ready      admitRequested(hasOld: true)  → serving*   takeOver
            serving*   retireRequested               → emptying*  alarm 5s, lookAtQueue
            emptying*  queueSeen(3)                  → emptying*  lookAtQueue
            emptying*  queueSeen(0)                  → draining*  alarm 1s
            draining*  alarmRang                     → ending*    stopOld, alarm 10s
            ending*    oldExited                     → ending*    killOld, alarm 1s
            ending*    oldLeft                       → over       no alarm, tell settled
            """)
    }

    @Test func `a new one that dies, before or after it was proven, costs users nothing`() {
        for before: [Swap.Event] in [[], [.becameHealthy]] {
            var swap = Swap(limits)
            for event in before { _ = swap.receive(event) }
            #expect(
                swap.receive(.newExited("exited with code 3"))
                    == [
                        .killNew, .setAlarm(.seconds(1)), .tell(.fell("exited with code 3")),
                    ])
            #expect(!swap.isAdmitted)
            #expect(swap.receive(.newLeft) == [.clearAlarm, .tell(.settled)])
        }
    }

    @Test func `users go back when the new one dies or turns bad among them`() {
        for event in [Swap.Event.newExited("x"), .becameUnhealthy("x")] {
            var swap = serving()
            let effects = swap.receive(event)
            #expect(effects.first == .giveBack)
            #expect(effects.last == .tell(.fell("x")))
            #expect(!swap.isAdmitted)
        }
    }

    @Test func `with nothing to go back to the new one stays what it is`() {
        var swap = serving()
        _ = swap.receive(.oldExited)
        _ = swap.receive(.oldLeft)
        #expect(swap.receive(.newExited("x")) == [.clearAlarm, .tell(.fell("x"))])
        #expect(swap.state == .over)
    }

    @Test func `it is never healthy`() {
        var swap = Swap(limits)
        #expect(
            swap.receive(.alarmRang)
                == [
                    .stopNew, .setAlarm(.seconds(5)), .tell(.fell("was not healthy in time")),
                ])
        #expect(swap.receive(.alarmRang) == [.killNew, .setAlarm(.seconds(1))])
    }

    @Test func `an old one that does not stop is killed, again and again`() {
        var swap = serving()
        for event in [Swap.Event.retireRequested, .alarmRang, .alarmRang] {
            _ = swap.receive(event)
        }
        #expect(swap.state == .ending)
        for _ in 0..<3 {
            #expect(swap.receive(.alarmRang) == [.killOld, .setAlarm(.seconds(1))])
        }
        #expect(swap.receive(.oldLeft) == [.clearAlarm, .tell(.settled)])
    }

    @Test func `the service stops altogether at any moment`() {
        let steps: [Swap.Event] = [
            .becameHealthy, .admitRequested(hasOld: true), .retireRequested, .queueSeen(0),
        ]
        for count in 0...steps.count {
            var swap = Swap(limits)
            for event in steps.prefix(count) { _ = swap.receive(event) }
            let effects = swap.receive(.abandoned)
            #expect(
                effects.first == (swap.isAdmitted ? .stopOld : .stopNew), "after \(count) steps")
            #expect(swap.receive(swap.isAdmitted ? .oldLeft : .newLeft).last == .tell(.settled))
        }
    }

    /// Whatever comes in whatever order: it ends when both have, users are where somebody is, and nobody is told
    /// twice that it is over.
    @Test func `any order of events is survived`() {
        let events: [Swap.Event] = [
            .becameHealthy, .becameUnhealthy("x"), .newExited("x"), .oldExited, .queueSeen(0),
            .queueSeen(2), .alarmRang, .admitRequested(hasOld: true), .retireRequested,
            .withdrawRequested, .abandoned,
        ]
        for seed in 0..<2000 {
            var chance = Chance(seed: UInt64(seed))
            var swap = Swap(limits)
            var settled = 0
            var isNewGone = false
            var isOldGone = false
            func take(_ event: Swap.Event) {
                let effects = swap.receive(event)
                settled += effects.filter { $0 == .tell(.settled) }.count
                if effects.contains(.takeOver) { #expect(!isNewGone) }
                if effects.contains(.giveBack) { #expect(!isOldGone) }
            }
            for _ in 0..<20 {
                let event = events[chance.index(below: events.count)]
                // Told once, and true.
                if event == .newExited("x") {
                    if isNewGone { continue }
                    isNewGone = true
                }
                if event == .oldExited {
                    if isOldGone { continue }
                    isOldGone = true
                }
                if isNewGone, [.becameHealthy, .becameUnhealthy("x")].contains(event) { continue }
                if isOldGone, event == .admitRequested(hasOld: true) { continue }
                take(event)
            }
            take(.abandoned)
            take(.newLeft)
            take(.oldLeft)
            take(.retireRequested)
            #expect(settled <= 1, "seed \(seed)")
            #expect(swap.state == .over, "seed \(seed)")
        }
    }

    private func serving() -> Swap {
        var swap = Swap(limits)
        _ = swap.receive(.becameHealthy)
        _ = swap.receive(.admitRequested(hasOld: true))
        return swap
    }

    private func expectStory(
        _ events: [Swap.Event], _ transcript: String, at location: SourceLocation = #_sourceLocation
    ) {
        var swap = Swap(limits)
        var rows: [[String]] = []
        for event in events {
            let before = swap
            let effects = swap.receive(event)
            rows.append([
                before.words, "\(event)", "→ \(swap.words)",
                effects.map(\.words).joined(separator: ", "),
            ])
        }
        expectText(table(rows), transcript, at: location)
    }
}

extension Swap {
    /// `*`: users are at the new one.
    fileprivate var words: String { "\(state)\(isAdmitted ? "*" : "")" }
}

extension Swap.Effect {
    fileprivate var words: String {
        switch self {
        case .setAlarm(let delay): "alarm \(delay.words)"
        case .clearAlarm: "no alarm"
        case .tell(.ready): "tell ready"
        case .tell(.settled): "tell settled"
        case .tell(.fell(let words)): "tell fell: \(words)"
        case .takeOver, .giveBack, .lookAtQueue, .stopNew, .killNew, .stopOld, .killOld: "\(self)"
        }
    }
}
