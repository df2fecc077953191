import ControlProtocol
import StackModel

extension Sample {
    static let releaseID = "20261122T135000Z-3f2a91c"

    static var release: Release {
        var release = Release(
            id: releaseID, version: "5.4.0", source: "/srv/app", madeAt: earlier(600))
        release.revision = "3f2a91c0de"
        release.digests = ["scanner": "aa11"]
        release.hasStack = true
        return release
    }

    static func step(
        _ service: ServiceName, _ phase: RolloutStep.Phase, _ change: RolloutStep.Change = .source,
        _ way: RolloutStep.Way = .canary, since: Double? = nil, until: Double? = nil
    ) -> RolloutStep {
        var step = RolloutStep(service, change, way)
        step.phase = phase
        step.startedAt = since.map(earlier)
        step.finishedAt = until.map(earlier)
        return step
    }

    static func rollout(
        _ steps: [RolloutStep], _ state: Rollout.State = .running, _ kind: Rollout.Kind = .deploy
    ) -> Rollout {
        var rollout = Rollout(
            id: 12, kind: kind, state: state, askedBy: "root", startedAt: earlier(70))
        rollout.release = kind == .restart ? nil : releaseID
        rollout.steps = steps
        return rollout
    }

    /// The first is over, the second soaks, the third waits.
    static var rolling: Rollout {
        rollout([
            step("reporting", .done, since: 64, until: 40),
            step("scanner", .soaking, since: 38),
            step("news", .waiting, .definition, .stopFirst),
        ])
    }

    /// The second failed, and the first went back with it.
    static var rolledBack: Rollout {
        var second = step("scanner", .rolledBack, since: 38, until: 10)
        second.problem = "exited with code 3 while starting"
        var rollout = rollout(
            [
                step("reporting", .rolledBack, since: 64, until: 6), second,
                step("news", .skipped, .definition, .stopFirst),
            ], .failed)
        rollout.previousRelease = "20261120T090000Z-11c0ffe"
        rollout.reason = "feed fix"
        rollout.finishedAt = earlier(6)
        rollout.message = "scanner failed; all is back on 20261120T090000Z-11c0ffe"
        var failure = RolloutFailure(
            service: "scanner", reason: "exited with code 3 while starting")
        failure.lastReport = Report(.failed(.refused), latency: .milliseconds(2), body: "{}")
        failure.lines = [log("scanner", "ModuleNotFoundError: No module named 'numpy'")]
        failure.likelyCause = "a Python module is missing: does the build install it?"
        failure.undone = ["reporting", "scanner"]
        rollout.failure = failure
        return rollout
    }

    static var plan: RolloutPlan {
        var first = step("reporting", .waiting)
        first.way = .handOver
        first.wayReason = "it listens on an IPv6 address"
        var second = step("news", .waiting, .definition, .stopFirst)
        second.keys = ["command", "environment.FEED"]
        second.wayReason = "it does not take a socket"
        var plan = RolloutPlan(
            kind: .deploy,
            steps: [first, second, step("scanner", .waiting), step("new", .waiting, .added)])
        plan.release = release
        plan.previousRelease = "20261120T090000Z-11c0ffe"
        plan.unchanged = ["redis", "orchestration"]
        plan.stackKeys = ["alerts.on_alert"]
        plan.expected = .seconds(250)
        plan.guessed = 2
        plan.obstacles = ["the freeze window 'Mon-Fri 09:30-16:00 America/New_York' is open"]
        return plan
    }

    static var rolloutReplies: [ControlReply] {
        func reply(_ change: (inout ControlReply) -> Void) -> ControlReply {
            var reply = ControlReply.end()
            change(&reply)
            return reply
        }
        var preparing = rollout([], .preparing, .rollback)
        preparing.id = 13
        preparing.cancelledBy = "root"
        var codes = [ControlError.Code.frozen, .unknownRelease, .unknownRollout].map {
            ControlReply.failure($0, "so it is")
        }
        codes[0].rollout = rolledBack
        var busy = trouble
        busy.host.rollout = rolling
        let phases = RolloutStep.Phase.allCases.map { step("news", $0) }
        return codes + [
            reply { $0.rollout = rolling }, reply { $0.rollout = rolledBack },
            reply { $0.rollout = preparing },
            reply { $0.rollout = rollout(phases, .undoing, .restart) },
            reply { $0.plan = plan },
            reply { $0.release = ReleaseReply(release, isCurrent: true, services: ["scanner"]) },
            reply { $0.output = "Compiling" }, reply { $0.path = "/s/snapshot-1.sqlite" },
            reply { $0.status = busy },
        ]
    }
}
