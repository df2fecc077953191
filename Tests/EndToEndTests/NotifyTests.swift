import ControlProtocol
import Glibc
import StackModel
import Testing

/// Services that say themselves how they are: sd_notify(3).
@Suite(
    .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: isInstalled("python3"), "python3 is not installed"))
struct NotifyTests {
    @Test func `READY makes it ready, STATUS is shown, and dependents wait for it`() throws {
        let body = """
            notify('STATUS=loading models')
            while not os.path.exists('go'): time.sleep(0.01)
            notify('READY=1\\nSTATUS=serves 3 models')
            time.sleep(1000)
            """
        let dependent = Piece.sleeper(
            "after", more: "depends_on: {one: {condition: service_healthy}}")
        try withNotifier(body, and: dependent) { agent in
            try agent.expect("one", "says its status") { $0.statusText == "loading models" }
            #expect(try agent.service("one").state == .starting)
            #expect(try agent.service("after").state == .held)
            try agent.folder.write("", to: "go")
            try agent.expectAllWell()
            #expect(try agent.service("one").statusText == "serves 3 models")
        }
    }

    @Test func `a watchdog that falls silent is noticed`() throws {
        let body = """
            notify('READY=1')
            while True:
                notify('WATCHDOG=1')
                open('beating', 'w').close()
                time.sleep(float(os.environ['WATCHDOG_USEC']) / 2e6)
            """
        try withNotifier(body) { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "one")
            // Silence before the first beat is no silence.
            #expect(holds { agent.folder.text(of: "beating") != nil })
            _ = try agent.status()
            let stopped = Timestamp.now()
            kill(pid, SIGSTOP)
            let event = try agent.event(.unhealthy, of: "one")
            #expect(event.time - stopped <= .milliseconds(1000))
            try agent.expect("one", "is replaced") { $0.pid != pid && $0.health == .healthy }
        }
    }

    @Test func `a service that triggers its watchdog is replaced`() throws {
        let body = """
            notify('READY=1')
            if not os.path.exists('once'):
                open('once', 'w').close()
                notify('WATCHDOG=trigger')
            time.sleep(1000)
            """
        try withNotifier(body) { agent in
            try agent.expect("one", "is replaced") { $0.restarts == 1 && $0.health == .healthy }
        }
    }

    @Test func `MAINPID names the process that counts`() throws {
        let body = """
            pid = os.fork()
            if pid:
                notify('MAINPID=%d\\nREADY=1' % pid)
                time.sleep(0.2)
                os._exit(0)
            time.sleep(1000)
            """
        try withNotifier(body) { agent in
            try agent.expectAllWell()
            let first = try agent.event(.started, of: "one")
            #expect(
                holds { !first.message.contains("\(pidOrZero(agent))") && !agent.isRunning(first) })
            let main = try agent.pid(of: "one")
            #expect(isAlive(main))
            #expect(try agent.service("one").restarts == 0)
            kill(main, SIGKILL)
            try agent.expect("one", "is restarted") { $0.restarts == 1 && $0.state == .up }
        }
    }

    @Test func `EXTEND_TIMEOUT_USEC gives more time to start`() throws {
        // Without it the start would be over after 2.9 s.
        let body = """
            notify('EXTEND_TIMEOUT_USEC=20000000')
            time.sleep(3.2)
            notify('READY=1')
            time.sleep(1000)
            """
        try withNotifier(body, startPeriod: "2s") { agent in
            try agent.expectAllWell()
            #expect(try agent.service("one").restarts == 0)
        }
    }

    @Test func `a start without a word is over after its time`() throws {
        try withNotifier("time.sleep(1000)", startPeriod: "0s") { agent in
            let started = try agent.event(.started, of: "one")
            let stopping = try agent.event(.stopping, of: "one")
            #expect(stopping.message == "stopping: did not become ready in time")
            #expect((900...1300).contains((stopping.time - started.time).milliseconds))
            try agent.expect("one", "is restarted") { $0.restarts > 0 }
        }
    }

    @Test func `a stranger is not listened to`() throws {
        try withNotifier("time.sleep(1000)") { agent in
            try agent.expect("one", "runs") { $0.pid != nil }
            let address = "catalyst/\(agent.identity)/one"
            let code =
                "import socket; s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.sendto(b'STATUS=I am one', b'\\0\(address)'); import time; time.sleep(0.5)"
            #expect(try run([python, "-c", code], in: agent.folder).status == 0)
            #expect(try agent.service("one").statusText == nil)
        }
    }

    /// A service `one` that says what `body` says; 0.6 s without a sign of life is too long.
    private func withNotifier(
        _ body: String, and others: String..., startPeriod: String = "20s",
        test: (RunningAgent) throws -> Void
    ) throws {
        let program = """
            import os, socket, time
            def notify(text):
                address = os.environ['NOTIFY_SOCKET']
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                    s.sendto(text.encode(), address.replace('@', '\\0', 1))

            """
        let folder = try Folder()
        try withAgent(
            in: folder,
            { folder in
                try folder.write(program + body, to: "one.py")
                return "services:\n" + others.joined(separator: "\n") + """

                      one:
                        command: [\(python), \(folder.path)/one.py]
                        working_dir: \(folder.path)
                        restart: always
                        healthcheck: {test: [NOTIFY], interval: 300ms, timeout: 300ms, retries: 2, start_period: \(startPeriod)}
                    """
            }, test)
    }

    private func pidOrZero(_ agent: RunningAgent) -> pid_t { (try? agent.pid(of: "one")) ?? 0 }
}

extension RunningAgent {
    /// Whether the process of a `started` event is still there.
    func isRunning(_ started: EventRecord) -> Bool {
        let digits = started.message.split(separator: "pid ").last?.prefix { $0.isNumber } ?? ""
        return pid_t(digits).map(isAlive) ?? false
    }
}
