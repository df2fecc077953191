import StackModel
import TestSupport

/// One thing that several services need fares badly, and nothing else: what the operator must get is
/// one cause, not nine.
struct Storm {
    enum Kind: CaseIterable {
        case killed, killedAgainAndAgain, hangs, stalls, doesNotStart
        case databaseAway, databaseHangs, databaseFlaps
    }

    enum Pace: CaseIterable {
        /// 30 s, 10 s, 3; Redis is asked every 10 s.
        case documented
        /// 1 s, 1 s, 3.
        case fast
        /// Each has its own; often those who need are asked more often than what they need.
        case mixed
    }

    let kind: Kind
    let pace: Pace
    let services: [ServiceSpec]
    let databaseRules: HealthCheck

    init(_ kind: Kind, _ pace: Pace, _ chance: inout Chance) {
        self.kind = kind
        self.pace = pace
        services = SimulatedStacks.nine.map { name, needs in
            var spec = ServiceSpec(name: name, command: ["/bin/\(name)"])
            spec.dependencies = needs.map { Dependency(on: $0, .healthy) }
            spec.healthCheck = Self.check(of: name, pace, &chance)
            spec.restart = RestartPolicy.always()
            if name != "redis" { spec.environment["DATABASE_URL"] = "postgres://db/catalyst" }
            return spec
        }
        databaseRules =
            pace == .mixed
            ? SimulatedDatabase.rules(
                every: chance.duration(.seconds(1), .seconds(30)),
                timeout: chance.duration(.milliseconds(500), .seconds(10)))
            : SimulatedDatabase.usualRules
    }

    private static func check(
        of name: ServiceName, _ pace: Pace, _ chance: inout Chance
    ) -> HealthCheck {
        var check = HealthCheck(.tcp(host: "h", port: 1))
        switch pace {
        case .documented:
            check.interval = name == "redis" ? .seconds(10) : .seconds(30)
            check.timeout = .seconds(10)
            check.startPeriod = .seconds(40)
        case .fast:
            check.interval = .seconds(1)
            check.timeout = .seconds(1)
        case .mixed:
            check.interval = chance.duration(.milliseconds(500), .seconds(30))
            check.timeout = chance.duration(.milliseconds(200), .seconds(10))
            check.retries = 1 + chance.index(below: 4)
            check.startPeriod = chance.pick(.zero, .seconds(5), .seconds(40))
        }
        return check
    }

    /// Nobody can overlook it: it is no spell between two questions.
    var isVisible: Bool { kind != .stalls && kind != .databaseFlaps }

    /// Redis starts or does not; all others are good, and need what they need.
    func behaviour(
        of spec: ServiceSpec, isRaging: Bool, _ chance: inout Chance
    ) -> Behaviour {
        var behaviour = Behaviour.good(isJob: false, &chance)
        behaviour.mindsDependencies = true
        if kind == .doesNotStart, spec.name == "redis", isRaging {
            behaviour.cannotStart = chance.happens(50)
            behaviour.ends = (chance.duration(.zero, .milliseconds(500)), .exited(code: 1))
        }
        return behaviour
    }

    var lasts: Duration { pace == .fast ? .seconds(25) : .seconds(60) }
    /// In which everybody is asked.
    var turn: Duration { pace == .fast ? .seconds(3) : .seconds(30) }
}

/// What befalls a running service.
enum Blow {
    case killed, hangs
    case hangsFor(Duration)
}
