import Glibc
import Testing

@testable import Systemd

/// sd_notify(3), against a socket of the test's own.
struct ReadinessTests {
    @Test func `systemd hears what sd_notify would say`() throws {
        let systemd = try Listener()
        let readiness = Readiness(environment: ["NOTIFY_SOCKET": systemd.path])
        readiness.ready(status: "9 of 9\nservices")
        #expect(systemd.text() == "READY=1\nSTATUS=9 of 9 services")
        readiness.status("8 of 9 services are well")
        #expect(systemd.text() == "STATUS=8 of 9 services are well")
        readiness.ping()
        #expect(systemd.text() == "WATCHDOG=1")
        readiness.reloading(at: 1_234_567_890)
        #expect(systemd.text() == "RELOADING=1\nMONOTONIC_USEC=1234567")
        readiness.stopping()
        #expect(systemd.text() == "STOPPING=1")
        #expect(systemd.text() == nil)
    }

    @Test func `an abstract address works as well`() throws {
        let systemd = try Listener(at: "@catalyst-systemd-\(getpid())")
        Readiness(environment: ["NOTIFY_SOCKET": systemd.path]).ping()
        #expect(systemd.text() == "WATCHDOG=1")
    }

    @Test func `without systemd nothing happens`() {
        for environment in [[:], ["NOTIFY_SOCKET": "/nowhere/notify"], ["NOTIFY_SOCKET": ""]] {
            let readiness = Readiness(environment: environment)
            readiness.ready(status: "well")
            #expect(readiness.watchdogInterval == nil)
        }
    }

    @Test func `a systemd that does not read holds nobody up`() throws {
        let systemd = try Listener()
        let readiness = Readiness(environment: ["NOTIFY_SOCKET": systemd.path])
        for _ in 0..<10_000 { readiness.ping() }
        #expect(systemd.text() == "WATCHDOG=1")
    }

    @Test func `the watchdog is ours only where it names us`() {
        func interval(_ environment: [String: String]) -> Duration? {
            Readiness(environment: environment).watchdogInterval
        }
        #expect(interval(["WATCHDOG_USEC": "30000000"]) == .seconds(30))
        #expect(
            interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"]) == .seconds(30))
        #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "soon"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "0"]) == nil)
    }
}
