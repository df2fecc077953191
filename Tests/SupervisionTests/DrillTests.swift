import StackModel
import Supervision
import TestSupport
import Testing

/// When a fault may be injected, and what is said of how it was taken.
struct DrillTests {
    @Test func `a crash that is noticed and over within its bound has passed`() {
        let report = outcome(
            .crash, (0, .told(.held, "reader")), (1, .told(.exited, "news")),
            (1, .told(.blocked, "reader")), (1, .told(.exited, "stranger")),
            (2, .alerted(7)), (2, .probeFailed), (3, .well(instance: 2)),
            (4, .told(.gaveUp, "news")))
        #expect(report.hasPassed)
        #expect(report.noticedAfter == 1 && report.healthyAfter == 3)
        #expect(report.affected == ["reader"])
        #expect(report.alert == 7 && report.alertAfter == 2 && report.probesFailed == 1)
    }

    @Test func `the instance that got the fault does not prove that all is well`() {
        let report = outcome(.hang, (1, .well(instance: 1)), (2, .told(.unhealthy, "news")))
        #expect(!report.isOver && report.noticedAfter == 2)
    }

    @Test func `what is given up, late or never noticed has failed`() {
        func verdict(_ steps: (Int, Drill.Event)...) -> String {
            outcome(.crash, steps).verdict
        }
        #expect(
            verdict((1, .told(.exited, "news")), (2, .told(.gaveUp, "news")))
                == "failed: it was given up")
        #expect(verdict((10, .timeIsUp)) == "failed: nobody noticed within its bound")
        #expect(
            verdict((1, .told(.exited, "news")), (10, .timeIsUp))
                == "failed: not healthy again within its bound")
        #expect(
            verdict((1, .told(.exited, "news")), (11, .well(instance: 2)))
                == "failed: it took longer than its bound")
        #expect(verdict((1, .ended("it left the stack"))) == "failed: it left the stack")
        #expect(verdict((1, .told(.exited, "news"))) == "under way")
    }

    @Test func `the agent's death has passed if all ran on, and the next one came in time`() {
        let report = DrillReport(
            service: nil, fault: .agent, askedBy: "root", injected: Timestamp(nanoseconds: 0),
            bound: .seconds(5))
        let passed = Drill.concluded(report, after: 0.3, without: [])
        #expect(passed.hasPassed && passed.noticedAfter == 0.3)
        #expect(
            Drill.concluded(report, after: 6, without: []).verdict
                == "failed: it took longer than its bound")
        let lost = Drill.concluded(report, after: 0.3, without: ["news"])
        #expect(lost.verdict == "failed: 'news' did not run on" && lost.affected == ["news"])
        #expect(
            Drill.concluded(report, after: 0.3, without: ["news", "reader"]).verdict
                == "failed: 2 services did not run on")
    }

    @Test func `the agent is killed only where somebody starts it again`() {
        #expect(obstacle(.agent, on: nil) == nil)
        #expect(obstacle(.agent, on: nil) { $0.hasManager = false }?.contains("systemd") == true)
        #expect(obstacle(.agent, on: nil) { $0.maintenanceLeft = nil } != nil)
        #expect(
            Self.stack(.service("news"), []).drillBound(of: .agent, on: nil, at: .zero)
                == .seconds(5))
    }

    @Test func `with all well in a maintenance nothing speaks against it`() {
        #expect(obstacle() == nil)
        #expect(obstacle(.hang) == nil)
    }

    @Test func `each refusal says its cause, and the way out`() {
        #expect(obstacle { $0.maintenanceLeft = nil }?.contains("maintenance start --for") == true)
        #expect(
            obstacle { $0.maintenanceLeft = .seconds(1) }?.hasPrefix("the maintenance ends in 1 s")
                == true)
        #expect(
            obstacle { $0.freeze = "rollouts are frozen until 16:00" }
                == "rollouts are frozen until 16:00: drill when it is over")
        #expect(
            obstacle { $0.operation = "rollout 3 is under way" }
                == "rollout 3 is under way: wait until it is over")
        #expect(obstacle { $0.alert = 5 }?.contains("catalystctl alerts show 5") == true)
        #expect(obstacle(.hang) { $0.isProbing = false }?.contains("collector") == true)
        #expect(obstacle(.crash) { $0.isProbing = false } == nil)
    }

    @Test func `a service that would not come back is left alone`() {
        #expect(
            obstacle(of: .service("news") { $0.restart.condition = .never })?
                .contains("would stay down") == true)
        #expect(
            obstacle(of: .service("news") { $0.restart.attemptsMax = 0 })?
                .contains("is given up") == true)
        #expect(
            obstacle(.hang, of: .service("news", probed: .none))?
                .contains("give it a healthcheck") == true)
        #expect(
            obstacle(.hang, of: .service("news") { $0.onUnhealthy = .alert })?
                .contains("on_unhealthy: alert") == true)
    }

    @Test func `nothing is injected while another is unwell, or the brake would hold it`() {
        let ill = [Stack.Event.judged("reader", .unhealthy, hung: false)]
        #expect(obstacle(after: ill)?.contains("'reader' is not well already") == true)
        let worn: [Stack.Event] = [
            .judged("news", .unhealthy, hung: false), .happened("news", .exited(.unknown)),
            .happened("news", .emptied), .judged("news", .healthy, hung: false),
        ]
        #expect(obstacle(.hang, after: worn) == nil)
        #expect(obstacle(.crash, after: worn, brake: 1) == nil)
        #expect(
            obstacle(.hang, after: worn, brake: 1)?.contains("the brake would hold") == true)
    }

    @Test func `the bound of a hang is that of its detection and of a start`() {
        let stack = Self.stack(.service("news"), [])
        let crash = stack.drillBound(of: .crash, on: "news", at: .zero)
        let hang = stack.drillBound(of: .hang, on: "news", at: .zero)
        let check = ServiceSpec.service("news").healthCheck
        #expect(crash == check.startLimit + .seconds(5))
        #expect(hang - crash == check.detectionBound + check.detectionBound / 20)
    }

    private func outcome(_ fault: DrillFault, _ steps: (Int, Drill.Event)...) -> DrillReport {
        outcome(fault, steps)
    }

    private func outcome(_ fault: DrillFault, _ steps: [(Int, Drill.Event)]) -> DrillReport {
        let report = DrillReport(
            service: "news", fault: fault, askedBy: "root", injected: Timestamp(nanoseconds: 0),
            bound: .seconds(10))
        var drill = Drill(report, instance: 1, dependents: ["reader"], at: .zero)
        for (second, event) in steps { drill.receive(event, at: .zero + .seconds(second)) }
        return drill.report
    }

    private func obstacle(
        _ fault: DrillFault = .crash, on name: ServiceName? = "news",
        of news: ServiceSpec = .service("news"), after events: [Stack.Event] = [],
        brake restarts: Int = 3,
        _ change: (inout DrillScene) -> Void = { _ in }
    ) -> String? {
        var scene = DrillScene()
        scene.maintenanceLeft = .seconds(3600)
        change(&scene)
        return Self.stack(news, events, brake: restarts)
            .obstacle(to: fault, on: name, in: scene, at: .zero + .seconds(100))
    }

    /// Both are well before `events`.
    private static func stack(_ news: ServiceSpec, _ events: [Stack.Event], brake restarts: Int = 3)
        -> Stack
    {
        var spec = StackSpec(name: "drill", services: [news, .service("reader")])
        spec.brake.restarts = restarts
        var stack = Stack(spec)
        let well = ["news", "reader"].map { Stack.Event.judged($0, .healthy, hung: false) }
        var inbox = [.began(stopped: [])] + well + events
        while !inbox.isEmpty {
            let effects = stack.receive(
                inbox.removeFirst(),
                in: Lifecycle.Surroundings(now: .zero + .seconds(100), chance: 0))
            let spawned = effects.compactMap { effect -> Stack.Event? in
                guard case .service(let name, .spawn) = effect else { return nil }
                let hasProbe = stack.members[name]?.spec.healthCheck.probe != Probe.none
                return .happened(name, .spawned(saysWhenReady: hasProbe))
            }
            inbox = spawned + inbox
        }
        return stack
    }
}
