import Monitoring
import StackModel
import TestSupport

/// How one run of a service behaves: drawn when it is spawned.
struct Behaviour {
    var cannotStart = false
    /// Until it answers well; nil: never.
    var readyAfter: Duration? = .zero
    /// When it ends by itself, and how; nil: it does not.
    var ends: (after: Duration, reason: ExitReason)?
    /// When it stops answering.
    var hangsAfter: Duration?
    /// From then until it answers again by itself; nil: never.
    var recoversAfter: Duration?
    /// From the stop signal to its end; nil: it ignores the signal.
    var stopTakes: Duration? = .milliseconds(50)
    /// Processes that it leaves behind.
    var stragglers = 0
    /// So long a straggler lives on after SIGKILL.
    var deathTakes = Duration.zero
    /// So many kills miss a straggler, because it is born meanwhile.
    var missedKills = 0
    /// Share of its answers that are made up.
    var liesPercent = 0.0
    /// It fails while something that it needs does not work.
    var mindsDependencies = false
    /// It does so by not answering at all.
    var hangsAlong = false
    /// It asks for more time so often.
    var extensions = 0
    /// It feeds a watchdog: NOTIFY only.
    var hasWatchdog = false

    static let deathTakesMax = Duration.seconds(3)
    static let missedKillsMax = 1
    static let extensionMax = Duration.seconds(15)
    static let extensionsMax = 2
}

extension Behaviour {
    /// As a good service is: `isJob` ends well after a while.
    static func good(isJob: Bool, _ chance: inout Chance) -> Behaviour {
        var behaviour = Behaviour()
        behaviour.readyAfter = chance.duration(.milliseconds(10), .seconds(2))
        behaviour.stopTakes = chance.duration(.zero, .milliseconds(300))
        behaviour.mindsDependencies = chance.happens(50)
        behaviour.hangsAlong = chance.happens(30)
        behaviour.hasWatchdog = chance.happens(50)
        if isJob {
            behaviour.ends = (chance.duration(.milliseconds(100), .seconds(3)), .exited(code: 0))
        }
        return behaviour
    }

    /// The same with faults: `percent` of 100 for each kind.
    static func faulty(_ percent: Double, isJob: Bool, _ chance: inout Chance) -> Behaviour {
        var behaviour = good(isJob: isJob, &chance)
        let crash = chance.pick(
            ExitReason.exited(code: 1), .signaled(.kill, coreDumped: false), .exited(code: 0),
            .unknown)
        behaviour.cannotStart = chance.happens(percent / 2)
        if chance.happens(percent) {
            behaviour.ends = (chance.duration(.zero, .milliseconds(500)), crash)
        }
        if chance.happens(percent) {
            behaviour.ends = (chance.duration(.seconds(2), .seconds(150)), crash)
        }
        if chance.happens(percent / 2) { behaviour.readyAfter = nil }
        if chance.happens(percent / 2) {
            behaviour.readyAfter = chance.duration(.seconds(3), .seconds(60))
        }
        if chance.happens(percent) { behaviour.hangsAfter = chance.duration(.zero, .seconds(100)) }
        if chance.happens(50) { behaviour.recoversAfter = chance.duration(.zero, .seconds(60)) }
        if chance.happens(percent) { behaviour.stopTakes = nil }
        if chance.happens(percent) {
            behaviour.stopTakes = chance.duration(.seconds(1), .seconds(20))
        }
        if chance.happens(percent) { behaviour.liesPercent = chance.pick(5, 40, 90) }
        if chance.happens(percent) { behaviour.extensions = 1 + chance.index(below: extensionsMax) }
        if chance.happens(percent) {
            behaviour.stragglers = 1 + chance.index(below: 2)
            behaviour.deathTakes = chance.duration(.zero, deathTakesMax)
            behaviour.missedKills = chance.index(below: missedKillsMax + 1)
        }
        return behaviour
    }
}

/// One run of a service: the processes as they are, and what the shell knows of them.
///
/// A class, because what comes late must be told from what belongs to the instance that runs now.
final class SimulatedInstance {
    let spec: ServiceSpec
    let number: Int
    let started: Moment
    var behaviour: Behaviour

    var mainLives = true
    var stragglers: Int
    var isDying = false
    var isReady = false
    var isHung = false

    var schedule: ProbeSchedule
    /// The question under way; a new one makes answers to the old one worthless.
    var question = 0
    var isAsked = false
    var asked = Moment.zero
    /// Nobody answers the question under way before it answers again.
    var isStuck = false
    /// When it is asked next.
    var due: Moment?
    var isProbed = false
    var truth = Truth()

    init(_ spec: ServiceSpec, number: Int, at now: Moment, _ behaviour: Behaviour) {
        self.spec = spec
        self.number = number
        self.behaviour = behaviour
        started = now
        stragglers = behaviour.stragglers
        schedule = ProbeSchedule(startedAt: now)
    }

    var isEmpty: Bool { !mainLives && stragglers == 0 }
    var answers: Bool { mainLives && isReady && !isHung }

    func stopProbing() {
        question += 1
        isAsked = false
        isProbed = false
        due = nil
    }
}
