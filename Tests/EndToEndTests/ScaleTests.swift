import ControlProtocol
import Glibc
import StackModel
import Testing

/// Many services, other people's services, ordinary users.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct ScaleTests {
    @Test func `200 services start and stop without a hitch`() throws {
        let services = (1...200).map { number in
            Piece.sleeper(
                "s\(number)", more: number % 10 == 1 ? "" : "depends_on: [s\(number - 1)]")
        }
        try withAgent("services:\n" + services.joined()) { agent in
            try agent.expectAllWell()
            let started = try agent.events().filter { $0.kind == .started }
            #expect(started.count == 200)
            let (first, last) = (try #require(started.first), try #require(started.last))
            #expect(last.time - first.time < .seconds(60))
            #expect(try agent.events().allSatisfy { $0.priority >= .notice || $0.service == nil })
            #expect(try agent.catalystctl("status", "--json").status == 0)
        }
    }

    @Test(
        .enabled("FastAPI and uvicorn are not there and cannot be installed") {
            FastAPI.python != nil
        })
    func `a plain uvicorn application with the documented health body is run as it stands`() throws
    {
        let python = try #require(FastAPI.python)
        let folder = try Folder()
        let ports = try (0..<2).map { _ in try freePort() }
        try folder.write(FastAPI.application, to: "main.py")
        func service(_ name: String, _ port: UInt16, _ test: String) -> String {
            """
              \(name):
                command: [\(python), -m, uvicorn, "main:app", --host, 127.0.0.1, --port, "\(port)"]
                working_dir: \(folder.path)
                environment: {PYTHONUNBUFFERED: "1"}
                healthcheck: {test: [\(test)], interval: 500ms, timeout: 5s, retries: 2, start_period: 40s}
                restart: always

            """
        }
        let stack = Piece.stack(
            service("scanner", ports[0], "HTTP, 'http://127.0.0.1:\(ports[0])/health'")
                + "    x-catalyst: {contract: {service: scanner, schema: v5.0 normalized, freshness: 60s}}\n",
            service("news", ports[1], "CMD, curl, -f, 'http://localhost:\(ports[1])/health'"))
        try withAgent(in: folder, { _ in stack }) { agent in
            try agent.expectAllWell()
            try agent.expectLog("Uvicorn running", of: "scanner")
            try http("POST", port: ports[0], "/break")
            try agent.expect("scanner", "is replaced") { $0.restarts == 1 && $0.health == .healthy }
            #expect(
                try agent.events(of: "scanner").contains {
                    $0.kind == .unhealthy && $0.message.contains("HTTP status 500")
                })
        }
    }

    /// Needs root to give a service another user.
    @Test(.enabled(if: geteuid() == 0)) func `a service and its probe run as its user, confined`()
        throws
    {
        let more = """
            user: nobody
            working_dir: /tmp
            cap_drop: [ALL]
            security_opt: ["no-new-privileges:true"]
            ulimits: {nofile: 77}
            oom_score_adj: 123
            healthcheck: {test: [CMD-SHELL, "id -un; test $$(id -u) != 0"], interval: 200ms, timeout: 5s, retries: 1}
            """
        let script =
            "id -un; ulimit -n; cat /proc/self/oom_score_adj; grep NoNewPrivs /proc/self/status; exec sleep 1000"
        try withAgent(Piece.stack(Piece.shell("one", script, more: more))) { agent in
            try agent.expectAllWell()
            try agent.expectLog("NoNewPrivs", of: "one")
            let lines = try agent.ask(ControlRequest(.logs)).compactMap(\.log?.text)
            #expect(lines == ["nobody", "77", "123", "NoNewPrivs:\t1"])
            #expect(user(of: try agent.pid(of: "one")) == 65534)
            #expect(
                try agent.ask(ControlRequest(.why, services: ["one"])).first?.why?.lastReport?.body
                    == "nobody\n")
        }
    }

    /// Needs root to become an ordinary user; run as one, every other test shows the same.
    @Test(.enabled(if: geteuid() == 0 && isInstalled("setpriv"), "needs root and setpriv"))
    func `an ordinary user runs a stack with XDG directories`() throws {
        let folder = try Folder()
        chmod(folder.path, 0o777)
        let port = try freePort()
        for name in ["catalystd", "catalystctl", "catalyst-collector", "catalyst-standin"] {
            #expect(
                try run(["cp", "\(Program.folder)/\(name)", folder.path], in: folder).status == 0)
        }
        try folder.write(
            Piece.stack(Piece.web("news", port: port), Piece.sleeper("other"))
                .replacing(Program.folder, with: folder.path), to: "stack.yaml")
        let variables = [
            "XDG_RUNTIME_DIR=\(folder.path)/run", "XDG_STATE_HOME=\(folder.path)/state",
            "HOME=/nonexistent",
        ]
        let become = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        let path = ["PATH=/usr/bin:/bin"]
        let agent = try Program(
            become + ["\(folder.path)/catalystd", "--stack", "\(folder.path)/stack.yaml"],
            in: folder,
            environment: variables + path)
        func catalystctl(_ words: String...) throws -> Outcome {
            try run(
                become + ["\(folder.path)/catalystctl"] + words, in: folder,
                environment: variables + path)
        }
        let isWell = try holds { try catalystctl("status").status == 0 } as Bool
        #expect(isWell, "\(agent.errors)")
        #expect(access("\(folder.path)/run/catalyst/control.sock", F_OK) == 0)
        let family = ProcessEntry.descendants(of: agent.pid)
        #expect(family.count >= 3)
        #expect(family.allSatisfy { user(of: $0.pid) == 65534 })
        #expect(try catalystctl("restart", "news").status == 0)
        agent.signal(SIGTERM)
        #expect(agent.exitCode(within: .seconds(20)) == 0)
        #expect(holds { family.allSatisfy { !$0.isAlive } })
    }
}
