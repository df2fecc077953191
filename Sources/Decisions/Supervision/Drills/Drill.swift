package import StackModel

/// How a service takes a fault that was injected on purpose: what happened goes in, the report comes out.
package struct Drill: Sendable {
    package enum Event: Equatable, Sendable {
        /// Something was told of a service.
        case told(EventRecord.Kind, ServiceName)
        case probeFailed
        case alerted(Int64)
        /// The service is well, as its `instance`th instance.
        case well(instance: Int)
        case timeIsUp
        /// It cannot go on, for this reason.
        case ended(String)
    }

    package private(set) var report: DrillReport
    private let began: Moment
    private let instance: Int
    private let dependents: Set<ServiceName>

    /// `instance`: the number of the one that gets the fault.
    package init(
        _ report: DrillReport, instance: Int, dependents: [ServiceName], at now: Moment
    ) {
        self.report = report
        self.instance = instance
        self.dependents = Set(dependents)
        began = now
    }

    package mutating func receive(_ event: Event, at now: Moment) {
        guard !report.isOver else { return }
        let elapsed = (now - began).seconds
        switch event {
        case .told(let kind, report.service): told(kind, elapsed)
        case .told(let kind, let name):
            guard dependents.contains(name), Self.isTrouble(kind), !report.affected.contains(name)
            else { return }
            report.affected.append(name)
        case .probeFailed: report.probesFailed += 1
        case .alerted(let id):
            guard report.alert == nil else { return }
            report.alert = id
            report.alertAfter = elapsed
        case .well(let number):
            guard number > instance, report.noticedAfter != nil else { return }
            report.healthyAfter = elapsed
            end(elapsed <= report.bound.seconds ? nil : "it took longer than its bound")
        case .timeIsUp:
            end(
                report.noticedAfter == nil
                    ? "nobody noticed within its bound" : "not healthy again within its bound")
        case .ended(let words): end(words)
        }
    }

    private mutating func told(_ kind: EventRecord.Kind, _ elapsed: Double) {
        switch kind {
        case .exited, .unhealthy, .killed:
            report.noticedAfter = report.noticedAfter ?? elapsed
        case .gaveUp: end("it was given up")
        case .down: end("it is down, and stays down")
        default: break
        }
    }

    private mutating func end(_ failure: String?) {
        report.isOver = true
        report.failure = failure
    }

    /// The agent was killed: the next one has taken over but for these, so many seconds later.
    package static func concluded(
        _ report: DrillReport, after elapsed: Double, without lost: [ServiceName]
    ) -> DrillReport {
        var report = report
        report.noticedAfter = elapsed
        report.affected = lost
        report.isOver = true
        if let first = lost.first {
            report.failure =
                lost.count == 1
                ? "'\(first)' did not run on" : "\(lost.count) services did not run on"
        } else if elapsed > report.bound.seconds {
            report.failure = "it took longer than its bound"
        }
        return report
    }

    private static func isTrouble(_ kind: EventRecord.Kind) -> Bool {
        switch kind {
        case .held, .degraded, .unhealthy, .blocked, .braked, .unknown, .exited, .killed,
            .backingOff, .gaveUp, .startFailed:
            true
        default: false
        }
    }
}
