/// Two instances of one service, one of which takes the other's place: the *new* one proves itself unseen, users move
/// over, the *old* one is kept until it is sure that it is not needed, finishes what it began, and ends.
///
/// Pure. Until users are admitted the old instance's life is `Lifecycle`'s business, and afterwards the new one's;
/// this decides over the other of the two, and over where users go.
package struct Swap: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        /// The new one starts, and is asked. Users are at the old one.
        case starting
        /// It is proven.
        case ready
        /// Users are at the new one. The old one is kept.
        case serving
        /// What waits in the old one's queue is still taken from there.
        case emptying
        /// It finishes what it has begun.
        case draining
        /// It was told to stop.
        case ending
        /// The new one goes. Users are at the old one.
        case withdrawing
        case over
    }

    package enum Event: Equatable, Sendable {
        case becameHealthy
        /// In words.
        case becameUnhealthy(String)
        case newExited(String)
        /// Its process tree is empty.
        case newLeft
        case oldExited
        case oldLeft
        /// So many connections wait in the old one's queue.
        case queueSeen(Int)
        case alarmRang
        /// `hasOld`: there is an instance to go back to.
        case admitRequested(hasOld: Bool)
        case retireRequested
        /// Users go back, or stay, at the old one.
        case withdrawRequested
        /// The service is to stop altogether.
        case abandoned
    }

    package enum Effect: Equatable, Sendable {
        /// The new one is the service's instance from now on, and gets the users.
        case takeOver
        /// The old one is the service's instance again.
        case giveBack
        case lookAtQueue
        case stopNew, killNew, stopOld, killOld
        case setAlarm(Duration), clearAlarm
        case tell(Outcome)
    }

    package enum Outcome: Equatable, Sendable {
        case ready
        case fell(String)
        /// One instance is left.
        case settled
    }

    /// How long things may take.
    package struct Limits: Equatable, Sendable {
        /// To be healthy for the first time, from the spawn; nil: for ever.
        package var start: Duration?
        /// For the old one's queue to be empty.
        package var queue: Duration
        package var drain: Duration
        /// From the stop signal to SIGKILL.
        package var oldStop: Duration
        package var newStop: Duration

        package init(
            start: Duration?, queue: Duration, drain: Duration, oldStop: Duration, newStop: Duration
        ) {
            self.start = start
            self.queue = queue
            self.drain = drain
            self.oldStop = oldStop
            self.newStop = newStop
        }
    }

    package private(set) var state: State
    package let limits: Limits
    /// There is an old one to go back to.
    package private(set) var hasOld: Bool
    private static let killAgainAfter = Duration.seconds(1)

    /// The new one was spawned a moment ago; or stands as `state` says, since an earlier agent.
    package init(_ limits: Limits, state: State = .starting, hasOld: Bool = true) {
        self.limits = limits
        self.state = state
        self.hasOld = hasOld
    }

    /// Whether users are at the new one.
    package var isAdmitted: Bool {
        switch state {
        case .serving, .emptying, .draining, .ending: true
        case .starting, .ready, .withdrawing, .over: false
        }
    }

    package mutating func receive(_ event: Event) -> [Effect] {
        switch (state, event) {
        // The new one proves itself, or not.
        case (.starting, .becameHealthy):
            state = .ready
            return [.clearAlarm, .tell(.ready)]
        case (.starting, .alarmRang):
            return withdraw(.stopNew, because: "was not healthy in time")
        case (.starting, .becameUnhealthy(let words)), (.ready, .becameUnhealthy(let words)):
            return withdraw(.stopNew, because: words)
        case (.starting, .newExited(let words)), (.ready, .newExited(let words)):
            return withdraw(.killNew, because: words)
        case (.starting, .withdrawRequested), (.ready, .withdrawRequested), (.starting, .abandoned),
            (.ready, .abandoned):
            return withdraw(.stopNew, because: nil)

        // Users move over, and back.
        case (.ready, .admitRequested(let isOldThere)):
            state = .serving
            hasOld = isOldThere
            return [.takeOver]
        case (.serving, .newExited(let words)):
            return hasOld ? [.giveBack] + withdraw(.killNew, because: words) : leaveAlone(words)
        case (.serving, .becameUnhealthy(let words)):
            return hasOld ? [.giveBack] + withdraw(.stopNew, because: words) : leaveAlone(words)
        case (.serving, .withdrawRequested) where hasOld:
            return [.giveBack] + withdraw(.stopNew, because: nil)

        // The old one goes.
        case (.serving, .retireRequested):
            guard hasOld else { return finish() }
            state = .emptying
            return [.setAlarm(limits.queue), .lookAtQueue]
        case (.emptying, .queueSeen(0)), (.emptying, .alarmRang):
            state = .draining
            return [.setAlarm(limits.drain)]
        case (.emptying, .queueSeen):
            return [.lookAtQueue]
        case (.draining, .alarmRang), (.serving, .abandoned), (.emptying, .abandoned),
            (.draining, .abandoned):
            guard hasOld else { return finish() }
            state = .ending
            return [.stopOld, .setAlarm(limits.oldStop)]
        case (.ending, .alarmRang), (.ending, .oldExited):
            return [.killOld, .setAlarm(Self.killAgainAfter)]
        case (.emptying, .oldExited), (.draining, .oldExited):
            state = .ending
            return [.killOld, .setAlarm(Self.killAgainAfter)]
        case (.serving, .oldExited):
            hasOld = false
            return [.killOld]
        case (.serving, .oldLeft):
            hasOld = false
            return []
        case (.emptying, .oldLeft), (.draining, .oldLeft), (.ending, .oldLeft):
            hasOld = false
            return finish()

        // The new one goes.
        case (.withdrawing, .newExited), (.withdrawing, .alarmRang):
            return [.killNew, .setAlarm(Self.killAgainAfter)]
        case (.withdrawing, .newLeft), (.starting, .newLeft), (.ready, .newLeft):
            return finish()

        // Already so, too late to matter, or the business of the life of whoever has the users.
        case (.over, _), (.withdrawing, _), (.ready, _), (.starting, _), (.serving, _),
            (.emptying, _),
            (.draining, _), (.ending, _):
            return []
        }
    }

    private mutating func withdraw(_ end: Effect, because words: String?) -> [Effect] {
        state = .withdrawing
        let alarm = end == .killNew ? Self.killAgainAfter : limits.newStop
        return [end, .setAlarm(alarm)] + (words.map { [.tell(.fell($0))] } ?? [])
    }

    /// Nobody is left to go back to: the new one is the service's instance, for better or worse.
    private mutating func leaveAlone(_ words: String) -> [Effect] {
        state = .over
        return [.clearAlarm, .tell(.fell(words))]
    }

    private mutating func finish() -> [Effect] {
        state = .over
        return [.clearAlarm, .tell(.settled)]
    }
}
