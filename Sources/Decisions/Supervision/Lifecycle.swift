package import StackModel

/// One service's life as a pure function: what happened goes in, what to do comes out.
///
/// No clock, no kernel, no log: the agent has those. Whether the service is *wanted*, and whether
/// what it needs is there, is the stack's business; this knows only what is. A service has one
/// alarm; setting it replaces it.
package enum Lifecycle {
    package enum State: Equatable, Sendable {
        /// Not running and not trying to.
        case down(Rest)
        /// Would run: waits for the stack's permission.
        case held(History)
        /// Running, not ready yet.
        case starting(History)
        case up(History)
        /// Asked to end; its process tree is not empty yet.
        case stopping(Next, History)
        /// Ended by itself, or out of time; what is left is being killed.
        case clearing(ExitReason, Next, History)
        /// Between an end and the next start.
        case waiting(History)
        /// Given up; tried again slowly, if at all.
        case failed(History)
    }

    /// Why a service rests.
    package enum Rest: Equatable, Sendable {
        /// Never started, or stopped on request.
        case stopped
        /// It ran to its end, and its restart policy is content.
        case ended(ExitReason)
    }

    /// What follows when the process tree is empty.
    package enum Next: Equatable, Sendable {
        case rest
        /// Start again at once: somebody asked for it.
        case startAgain
        /// As the restart policy says.
        case policy(ExitReason)
    }

    package enum Event: Equatable, Sendable {
        case startRequested, stopRequested, restartRequested
        /// What it needs is there.
        case permitted
        /// `false`: it has no way to say that it is ready, and counts as such.
        case spawned(saysWhenReady: Bool)
        case spawnFailed(String)
        case becameReady
        /// Through its own fault, so that it must be replaced. `hung`: it does not answer at all.
        case becameUnhealthy(hung: Bool)
        /// The main process is gone.
        case exited(ExitReason)
        /// So is all that it started.
        case emptied
        /// It asked for more time to start or to stop.
        case extended(Duration)
        case alarmRang
        /// The operator is in a hurry.
        case hastened
        /// Another instance, which is well, took the place of the one there was.
        case tookOver
        /// An instance that an earlier agent started runs. `false`: it counts as ready.
        case found(saysWhenReady: Bool)
    }

    package enum Effect: Equatable, Sendable {
        /// Answered with `spawned` or `spawnFailed` before the world is listened to again.
        case spawn
        case sendStopSignal
        case killTree
        case setAlarm(Duration), clearAlarm
        case reportAnomaly(State, Event)
    }

    /// What is outside and changes: the time, and chance in 0..<1 for the jitter.
    package struct Surroundings: Sendable {
        package let now: Moment
        package let chance: Double
        package init(now: Moment, chance: Double) {
            self.now = now
            self.chance = chance
        }
    }

    /// A killed tree that is still there is killed again so often: new processes may have been born
    /// meanwhile.
    package static let killAgainAfter = Duration.seconds(1)

    /// Decides what follows from `event`.
    package static func step(
        _ state: State, _ event: Event, policy: LifePolicy, in surroundings: Surroundings
    ) -> (State, [Effect]) {
        switch (state, event) {
        // Going up.
        case (.down, .startRequested), (.down, .restartRequested), (.failed, .startRequested),
            (.failed, .restartRequested):
            return (.held(History()), [.clearAlarm])
        case (.waiting(let history), .startRequested), (.waiting(let history), .restartRequested),
            (.waiting(let history), .alarmRang), (.failed(let history), .alarmRang):
            return (.held(history), [.clearAlarm])
        case (.held(let history), .permitted):
            return (.starting(history), [.spawn])
        case (.held(let history), .found(saysWhenReady: true)):
            return (.starting(history), [policy.startLimit.map { .setAlarm($0) } ?? .clearAlarm])
        case (.held(let history), .found(saysWhenReady: false)):
            return (.up(history), [.setAlarm(policy.restart.backoff.resetAfter)])
        case (.starting(let history), .spawned(saysWhenReady: true)):
            return (.starting(history), [policy.startLimit.map { .setAlarm($0) } ?? .clearAlarm])
        case (.starting(let history), .spawned(saysWhenReady: false)),
            (.starting(let history), .becameReady):
            return (.up(history), [.setAlarm(policy.restart.backoff.resetAfter)])
        case (.up(let history), .alarmRang):
            return (.up(history.forgiven(by: policy.restart)), [])
        case (.starting, .extended(let more)):
            return (state, policy.startLimit == nil ? [] : [.setAlarm(more)])

        // Its place is taken: whatever became of the instance before is no longer its life.
        case (.down(.ended), .tookOver), (.held, .tookOver), (.starting, .tookOver),
            (.up, .tookOver), (.waiting, .tookOver),
            (.failed, .tookOver), (.clearing(_, .policy, _), .tookOver),
            (.clearing(_, .startAgain, _), .tookOver), (.stopping(.policy, _), .tookOver),
            (.stopping(.startAgain, _), .tookOver):
            return (.up(History()), [.setAlarm(policy.restart.backoff.resetAfter)])

        // Coming down.
        case (.starting(let history), .stopRequested), (.up(let history), .stopRequested):
            return (.stopping(.rest, history), [.sendStopSignal, .setAlarm(policy.stopLimit)])
        case (.starting(let history), .restartRequested), (.up(let history), .restartRequested):
            return (
                .stopping(.startAgain, history), [.sendStopSignal, .setAlarm(policy.stopLimit)]
            )
        case (.starting(let history), .becameUnhealthy(let hung)),
            (.up(let history), .becameUnhealthy(let hung)):
            return (
                .stopping(.policy(.unhealthy), history),
                [.sendStopSignal, .setAlarm(hung ? policy.hangLimit : policy.stopLimit)]
            )
        case (.starting(let history), .alarmRang):
            // A limit that a reload took away counts no more.
            guard policy.startLimit != nil else { return (state, []) }
            return (
                .stopping(.policy(.unhealthy), history),
                [.sendStopSignal, .setAlarm(policy.hangLimit)]
            )
        case (.stopping(let next, let history), .alarmRang),
            (.stopping(let next, let history), .hastened):
            return (.clearing(.unknown, next, history), [.killTree, .setAlarm(killAgainAfter)])
        case (.starting(let history), .hastened), (.up(let history), .hastened):
            return (.clearing(.unknown, .rest, history), [.killTree, .setAlarm(killAgainAfter)])
        case (.clearing, .alarmRang), (.clearing, .hastened):
            return (state, [.killTree, .setAlarm(killAgainAfter)])
        case (.stopping, .extended(let more)):
            return (state, [.setAlarm(more)])
        case (.stopping(_, let history), .stopRequested):
            return (.stopping(.rest, history), [])
        case (.stopping(_, let history), .startRequested),
            (.stopping(_, let history), .restartRequested):
            return (.stopping(.startAgain, history), [])
        case (.clearing(let reason, _, let history), .stopRequested):
            return (.clearing(reason, .rest, history), [])
        case (.clearing(let reason, _, let history), .startRequested),
            (.clearing(let reason, _, let history), .restartRequested):
            return (.clearing(reason, .startAgain, history), [])
        case (.held, .stopRequested), (.waiting, .stopRequested), (.failed, .stopRequested),
            (.held, .hastened), (.waiting, .hastened), (.failed, .hastened):
            return (.down(.stopped), [.clearAlarm])

        // Falling over.
        case (.starting(let history), .exited(let reason)), (.up(let history), .exited(let reason)):
            return (
                .clearing(reason, .policy(reason), history), [.killTree, .setAlarm(killAgainAfter)]
            )
        case (.starting(let history), .spawnFailed(let words)):
            return settle(.policy(.notStarted(words)), history, policy: policy, in: surroundings)
        case (.stopping(let next, let history), .emptied),
            (.clearing(_, let next, let history), .emptied):
            return settle(next, history, policy: policy, in: surroundings)

        // Already so, or too late to matter.
        case (.held, .startRequested), (.held, .restartRequested), (.starting, .startRequested),
            (.up, .startRequested), (.stopping, .exited), (.clearing, .exited), (.down, .hastened),
            (.up, .becameReady),
            (.up, .extended), (.clearing, .extended):
            return (state, [])

        // Cannot happen: there is no process, or no alarm, or the stack asks no such thing. Carry
        // on if it does.
        case (.down, _), (.held, _), (.waiting, _), (.failed, _), (.starting, .permitted),
            (.starting, .emptied),
            (.starting, .found),
            (.up, .permitted), (.up, .spawned), (.up, .spawnFailed), (.up, .emptied), (.up, .found),
            (.stopping, .permitted), (.stopping, .spawned), (.stopping, .spawnFailed),
            (.stopping, .becameReady), (.stopping, .becameUnhealthy), (.stopping, .tookOver),
            (.stopping, .found), (.clearing, .permitted),
            (.clearing, .spawned), (.clearing, .spawnFailed), (.clearing, .becameReady),
            (.clearing, .becameUnhealthy), (.clearing, .tookOver), (.clearing, .found):
            return (state, [.reportAnomaly(state, event)])
        }
    }

    /// The process tree is empty: what now?
    private static func settle(
        _ next: Next, _ history: History, policy: LifePolicy, in surroundings: Surroundings
    ) -> (State, [Effect]) {
        switch next {
        case .rest: return (.down(.stopped), [.clearAlarm])
        case .startAgain: return (.held(History()), [.clearAlarm])
        case .policy(let reason):
            guard policy.restart.wantsRestart(after: reason) else {
                return (.down(.ended(reason)), [.clearAlarm])
            }
            let attempted = history.attempted(at: surroundings.now, policy: policy.restart)
            if attempted.wasGivenUp {
                let slowRetry = policy.restart.slowRetry
                return (
                    .failed(attempted), [slowRetry > .zero ? .setAlarm(slowRetry) : .clearAlarm]
                )
            }
            let pause = policy.restart.backoff.pause(before: attempted, chance: surroundings.chance)
            return pause > .zero
                ? (.waiting(attempted), [.setAlarm(pause)]) : (.held(attempted), [.clearAlarm])
        }
    }
}

/// What of a service's spec decides over its life.
package struct LifePolicy: Equatable, Sendable {
    package var restart: RestartPolicy
    /// To become ready, from the spawn; nil: for ever.
    package var startLimit: Duration?
    /// From the stop signal to SIGKILL.
    package var stopLimit: Duration
    /// The same for an instance that answers nothing: a stop signal seldom helps, and somebody
    /// waits.
    package var hangLimit: Duration

    package init(
        restart: RestartPolicy, startLimit: Duration?, stopLimit: Duration, hangLimit: Duration
    ) {
        self.restart = restart
        self.startLimit = startLimit
        self.stopLimit = stopLimit
        self.hangLimit = hangLimit
    }

    /// A hung instance gets a twentieth of the time its detection took, at least 100 ms, so that
    /// hang found and replaced stays within a tenth of the configured bound.
    package init(_ spec: ServiceSpec) {
        let patience = max(.milliseconds(100), spec.healthCheck.detectionBound / 20)
        self.init(
            restart: spec.restart,
            startLimit: spec.onUnhealthy == .restart ? spec.healthCheck.startLimit : nil,
            stopLimit: spec.stopGracePeriod, hangLimit: min(spec.stopGracePeriod, patience))
    }
}

extension ExitReason {
    /// The end of an instance that we ended because it was unhealthy.
    package static let unhealthy = ExitReason.notStarted("was unhealthy")
}
