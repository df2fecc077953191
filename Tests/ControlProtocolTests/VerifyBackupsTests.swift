import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

/// Backups and monitoring: what is found, and what it means.
struct VerifyBackupsTests {
    @Test func `backups are new, whole, and go on`() {
        func standings(_ change: (inout BackupsFacts) -> Void) -> [Aspect.Standing] {
            var facts = BackupsFacts(
                newest: .found("config-a.tar.gz", age: .seconds(3600), problem: nil),
                timer: .next("Tue 2026-11-24 00:00:00 UTC"),
                snapshot: .taken(age: .seconds(86_400)))
            change(&facts)
            return facts.aspects.map(\.standing)
        }
        #expect(standings { _ in } == [.met, .met, .met])
        #expect(
            standings { $0.newest = .found("a", age: .seconds(3 * 86_400), problem: nil) }.first
                == .unmet)
        #expect(
            standings { $0.newest = .found("a", age: .zero, problem: "'x' differs") }.first
                == .unmet)
        #expect(standings { $0.newest = .missing("/b") }.first == .unmet)
        #expect(standings { $0.newest = .unconfigured }.first == .unmet)
        #expect(standings { $0.newest = .unknown }.first == .unchecked)
        #expect(standings { $0.newest = .forbidden("/b") }.first == .unchecked)
        #expect(standings { $0.timer = .off("disabled") }[1] == .unmet)
        #expect(standings { $0.timer = .unknown("no systemd") }[1] == .unchecked)
        #expect(standings { $0.snapshot = .taken(age: .seconds(9 * 86_400)) }[2] == .unmet)
        #expect(standings { $0.snapshot = .none(hasTool: false) }[2] == .unchecked)
        #expect(standings { $0.snapshot = .none(hasTool: true) }[2] == .unmet)
        #expect(standings { $0.snapshot = .unreadable }[2] == .unmet)
        #expect(standings { $0.snapshot = .forbidden }[2] == .unchecked)
    }

    @Test(arguments: [
        (
            "enabled", "active", "Tue 2026-11-24 00:00:00 UTC",
            BackupsFacts.Timer.next("Tue 2026-11-24 00:00:00 UTC")
        ),
        ("enabled", "inactive", "", .off("enabled, but not active")),
        ("disabled", "inactive", "", .off("disabled")), ("", "inactive", "", .off("not enabled")),
        ("enabled", "active", "", .unknown("systemd does not say when it runs next")),
    ])
    func `a timer is enabled, active, and has a next run`(
        _ file: String, _ active: String, _ next: String, _ timer: BackupsFacts.Timer
    ) {
        let text = """
            NextElapseUSecRealtime=\(next)
            LoadState=loaded
            ActiveState=\(active)
            UnitFileState=\(file)

            """
        #expect(BackupsFacts.Timer(properties: text) == timer)
        let missing = text.replacing("=loaded", with: "=not-found")
        #expect(BackupsFacts.Timer(properties: missing) == .off("not installed"))
    }

    @Test func `an alert goes the whole way, and each way is named`() {
        let served = answer(200, "catalyst_up 1\n")
        func facts(
            _ journal: MonitoringFacts.Arrival, _ database: MonitoringFacts.Arrival?,
            _ metrics: DoorReply?
        ) -> [Aspect] {
            MonitoringFacts(
                raised: .success("durable"), journal: journal, database: database,
                metrics: metrics
            ).aspects
        }
        #expect(
            facts(.arrived, .arrived, served) == [
                .met("a test alert is in the ledger"), .met("in journald"), .met("in Postgres"),
                .met("/metrics answers"),
            ])
        #expect(facts(.arrived, nil, served).count == 3)
        #expect(facts(.absent("late"), nil, served)[1].standing == .unmet)
        #expect(facts(.unknown("no journald"), nil, served)[1].standing == .unchecked)
        #expect(facts(.arrived, .absent("late"), served)[2].standing == .unmet)
        #expect(facts(.arrived, nil, nil).last?.standing == .unchecked)
        #expect(facts(.arrived, nil, .failure("refused")).last?.standing == .unmet)
        #expect(facts(.arrived, nil, answer(200, "hello")).last?.standing == .unmet)
    }

    @Test func `an alert that is not raised goes no way`() {
        func standings(_ failure: Failure) -> [Aspect.Standing] {
            MonitoringFacts(
                raised: .failure(failure), journal: nil, database: nil,
                metrics: answer(200, "catalyst_up 1")
            ).aspects.map(\.standing)
        }
        #expect(standings(Failure("not on disk", .unhealthy)) == [.unmet, .met])
        #expect(standings(Failure("no agent", .noAgent)) == [.unmet])
        #expect(standings(Failure("you may not", .notAllowed)) == [.unchecked])
    }
}
