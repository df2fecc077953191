import ControlProtocol
import FoundationEssentials
import Glibc
import StackModel
import Testing

/// Who is told of alerts, and what.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct NotifierTests {
    @Test func `a crash loop is one alert that escalates, told with evidence and without secrets`()
        throws
    {
        let folder = try Folder()
        let told = try Told(in: folder)
        let script = """
            echo "connecting to $DATABASE_URL"; echo "password is $ADMIN_PASSWORD" >&2; \
            printf 'x%.0s' $(seq 490); echo $ADMIN_PASSWORD; \
            echo redis wants sesame-opens; echo Traceback: no such table >&2; exit 7
            """
        let service = Piece.shell(
            "news", script,
            more: """
                environment:
                  ADMIN_PASSWORD: hunter2-and-more
                  DATABASE_URL: postgresql://news:swordfish-9@127.0.0.1:1/news
                healthcheck: {test: [REDIS, "redis://:sesame-opens@127.0.0.1:1"], interval: 1s}
                deploy: {restart_policy: {condition: any, max_attempts: 6, window: 60s}}
                x-catalyst: {backoff: {initial: 200ms, max: 300ms}, retry_failed_every: 1h}
                """
        )
        let stack = Piece.stack(service) + told.settings(rules: "service-down: {for: 0s}")
        try withAgent(in: folder, { _ in stack }) { agent in
            let alert = try agent.alert(about: "news") { $0.rule == .serviceGaveUp }
            try agent.expectTold(.escalated, of: alert.id)
            #expect(try agent.alerts(all: true).map(\.id) == [alert.id])
            let life = try agent.life(of: alert.id)
            #expect(life.count { $0.kind == .fired } == 1)
            let rules = life.filter { $0.kind == .fired || $0.kind == .escalated }.map(\.alert.rule)
            #expect(
                rules.contains(.serviceCrashLooping) && rules.last == .serviceGaveUp, "\(rules)")

            let wasTold = try holds {
                try told.events().contains { $0.alert.rule == .serviceGaveUp }
            }
            #expect(wasTold, "\(told.texts)")
            let last = try #require(try told.events().last { $0.alert.rule == .serviceGaveUp })
            #expect(last.alert.id == alert.id && last.kind == .escalated)
            #expect(last.alert.evidence.exit == .exited(code: 7))
            let lines = last.alert.evidence.lines.map(\.text)
            #expect(lines.contains("Traceback: no such table"), "\(lines)")
            #expect(lines.contains { $0.hasPrefix("connecting to postgresql://news:") })
            #expect(last.alert.evidence.suggestions.contains { $0.hasPrefix("catalystctl ") })

            let why = try agent.catalystctl("why", "news").output
            #expect(why.contains("Traceback"), "\(why)")
            let shown = try agent.catalystctl("alerts", "show", "\(alert.id)").output
            #expect(shown.contains("Traceback"), "\(shown)")
            let places = try [
                "on_alert": told.texts.joined(), "stderr": agent.program.errors, "why": why,
                "show": shown, "events": agent.catalystctl("events", "--json").output,
                "why --json": agent.catalystctl("why", "news", "--json").output,
                "show --json": agent.catalystctl("alerts", "show", "\(alert.id)", "--json").output,
                "alerts": agent.catalystctl("alerts", "--all", "--json").output,
                "status": agent.catalystctl("status", "--json").output,
            ]
            let ledger = ["", "-wal"].compactMap { folder.text(of: "state/ledger.sqlite\($0)") }
            #expect(ledger.contains { $0.contains("Traceback") })
            for (place, text) in places.merging(["ledger": ledger.joined()], uniquingKeysWith: +) {
                // The beginning of one is not to be seen either, where a line is cut.
                for secret in ["hunter2", "swordfish", "sesame-opens"] {
                    #expect(!text.contains(secret), "\(secret) in \(place): \(text)")
                }
            }
        }
    }

    @Test func `a command that hangs is killed at its limit, and keeps nobody else`() throws {
        let folder = try Folder()
        let told = try Told(
            in: folder,
            begin:
                "mkdir hung 2>/dev/null && { sleep 10000 & echo $$ $! > pid~; mv pid~ pid; wait; }")
        let stack =
            Piece.stack(Piece.sleeper("one")) + told.settings(more: "on_alert_timeout: 4s")
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("alerts", "test", "--count", "6").status == 0)
            let othersAreTold = try holds { try told.events().count == 5 }
            #expect(othersAreTold, "\(told.texts.count)")
            let pids = (folder.text(of: "pid") ?? "").split(whereSeparator: \.isWhitespace)
                .compactMap { pid_t($0) }
            #expect(pids.count == 2)
            try agent.event(.notifierFailed) { $0.message.contains("no answer in time") }
            #expect(holds { pids.allSatisfy { !isAlive($0) } }, "it and its children are gone")
        }
    }

    @Test func `a command that fails is an alert of its own, which resolves`() throws {
        let folder = try Folder()
        let told = try Told(in: folder, begin: "[ -e mended ] || { echo cannot send >&2; exit 3; }")
        let stack =
            Piece.stack(Piece.sleeper("one")) + told.settings(rules: "notifier-failing: {hold: 0s}")
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            #expect(try agent.catalystctl("alerts", "test", "--count", "4").status == 0)
            let alert = try agent.alert(about: "@agent") { $0.rule == .notifierFailing }
            let first = try agent.event(.notifierFailed)
            #expect(first.message.hasSuffix("exit code 3: cannot send"), "\(first.message)")
            try folder.write("", to: "mended")
            #expect(try agent.catalystctl("alerts", "test").status == 0)
            try agent.expectResolved(alert.id)
            #expect(try holds { try told.events().contains { $0.kind == .test } })
        }
    }

    @Test func `of a flood a few are told, the others counted; what lasts is told again`() throws {
        let folder = try Folder()
        let told = try Told(in: folder)
        let services = (1...8).map { Piece.shell("news\($0)", "exit 1") }
        let settings = told.settings(
            rules: "service-down: {for: 0s}",
            more: "flood: {max: 3, window: 3s}\n    remind_after: 10s")
        let stack = "services:\n" + services.joined(separator: "\n") + settings
        try withAgent(in: folder, { _ in stack }) { agent in
            let folded = try agent.event(.alertsFolded)
            #expect(folded.message.hasPrefix("5 more alerts "), "\(folded.message)")
            let open = try agent.alerts()
            #expect(open.count == 8)
            let first = try #require(open.first { !agent.told(of: $0.id).isEmpty })
            let wereTold = try holds { try told.events().count { $0.kind == .fired } == 3 }
            #expect(wereTold, "\(told.texts)")
            try agent.expectTold(.reminded, of: first.id)
        }
    }
}

/// An `on_alert` command that keeps what it is told, each in a file.
private struct Told {
    let folder: Folder
    private let script: String

    init(in folder: Folder, begin: String = ":") throws {
        self.folder = folder
        script = try folder.script(
            "#!/bin/sh\ncd \(folder.path)\n\(begin)\ncat > told.$$~ && mv told.$$~ told.$$\n",
            "on-alert")
    }

    func settings(rules: String = "", more: String = "") -> String {
        """
        x-catalyst:
          metrics: off
          database: off
          alerts:
            on_alert: [\(script)]
            rules: {\(rules)}
            \(more)

        """
    }

    var texts: [String] {
        names(in: folder.path).filter { $0.hasPrefix("told.") && !$0.hasSuffix("~") }
            .compactMap(folder.text)
    }

    /// In the order of their times.
    func events() throws -> [AlertEvent] {
        try texts.map { try JSONDecoder().decode(AlertEvent.self, from: Data($0.utf8)) }
            .sorted { $0.time < $1.time }
    }
}
