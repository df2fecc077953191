import FoundationEssentials
import StackModel
import Testing

struct SpecTests {
    @Test(arguments: [
        ["NONE"], ["NOTIFY"], ["HTTP", "http://127.0.0.1:5001/health"], ["TCP", "127.0.0.1:80"],
        ["TCP", "[::1]:80"],
        ["REDIS", "redis://127.0.0.1"], ["POSTGRES", "postgres://h/d"], ["CMD", "a"],
        ["CMD", "a", "b"],
        ["CMD-SHELL", "a | b"],
    ])
    func `a probe is written as it was read`(test: [String]) {
        #expect(Probe(test: test)?.test == test)
    }

    @Test(arguments: [
        [], [""], ["NONE", "x"], ["HTTP"], ["TCP", "80"], ["TCP", ":80"], ["TCP", "h:0"],
        ["TCP", "h:65536"], ["CMD"],
        ["CMD-SHELL", "a", "b"], ["curl", "x"],
    ])
    func `what is no probe is refused`(test: [String]) {
        #expect(Probe(test: test) == nil)
    }

    @Test func `the longest start and the longest hang follow from the probe's rules`() {
        var check = HealthCheck(.notify)
        check.interval = .seconds(30)
        check.timeout = .seconds(10)
        check.retries = 3
        check.startPeriod = .seconds(40)
        #expect(check.detectionBound == .seconds(100))
        #expect(check.startLimit == .seconds(140))
    }

    @Test func `only what a process is born with needs a new instance`() {
        let old = ServiceSpec(name: "news", command: ["news"])
        func needsNewInstance(_ change: (inout ServiceSpec) -> Void) -> Bool {
            var new = old
            change(&new)
            return new.needsNewInstance(insteadOf: old)
        }
        #expect(needsNewInstance { $0.command.append("-v") })
        #expect(needsNewInstance { $0.environment["A"] = "1" })
        #expect(needsNewInstance { $0.workingDirectory = "/tmp" })
        #expect(needsNewInstance { $0.user = "nobody" })
        #expect(needsNewInstance { $0.confinement.oomScoreAdjustment = 5 })
        #expect(needsNewInstance { $0.healthCheck.probe = .notify })
        #expect(needsNewInstance { $0.logging.driver = .local })
        #expect(!needsNewInstance { _ in })
        #expect(!needsNewInstance { $0.healthCheck = HealthCheck(.tcp(host: "h", port: 1)) })
        #expect(!needsNewInstance { $0.dependencies = [Dependency(on: "redis")] })
        #expect(!needsNewInstance { $0.restart.condition = .always })
        #expect(!needsNewInstance { $0.logging.filesMax = 9 })
        #expect(!needsNewInstance { $0.stopGracePeriod = .zero })
        #expect(needsNewInstance { $0.listen = "127.0.0.1:5001" })
        #expect(!needsNewInstance { $0.backlog = 1 })
        #expect(!needsNewInstance { $0.drain = .zero })
        #expect(!needsNewInstance { $0.hold = Hold(command: ["x"]) })
        #expect(!needsNewInstance { $0.update.order = .startFirst })
        #expect(!needsNewInstance { $0.source = ["services/news"] })
        #expect(!needsNewInstance { $0.resources.limits.memory = .mebibytes(64) })
        #expect(!needsNewInstance { $0.resources.ioWeight = 300 })
    }

    @Test func `a stack survives its way through JSON`() throws {
        var service = ServiceSpec(name: "news", command: ["/bin/news", "-p", "5008"])
        service.environment = ["REDIS_URL": "redis://h"]
        service.dependencies = [Dependency(on: "redis", .healthy, restart: true, isRequired: false)]
        service.healthCheck = HealthCheck(.http(url: "http://127.0.0.1:5008/health"))
        service.restart.attemptsMax = 3
        service.stopSignal = SignalName(number: 34)
        service.ports = [Port(number: 5008)]
        service.resources.limits.memory = .mebibytes(256)
        service.contract.schema = "v5.0 normalized"
        service.listen = "127.0.0.1:5008"
        service.hold = Hold(command: ["test", "-e", "x"])
        service.update.monitor = Seconds(wrappedValue: .milliseconds(1500))
        service.update.order = .startFirst
        service.release = "20261122T210500Z-3f2a91c"
        var spec = StackSpec(name: "catalyst", services: [service])
        spec.alerts.rules[.cpuHigh] = AlertPolicy(.warning, threshold: 0.95)
        spec.alerts.onAlert = ["/bin/page"]
        spec.watch.certificates = ["/etc/ssl/site.pem"]
        spec.rollout.order = ["news"]
        spec.releases.directory = "/opt/catalyst"
        spec.releases.build = ["make"]
        let json = try JSONEncoder().encode(spec)
        #expect(try JSONDecoder().decode(StackSpec.self, from: json) == spec)
    }

    @Test func `a duration beyond all times does not trap`() throws {
        let json = Data(
            #"{"interval": 1e300, "initial": 1e300, "max": 1e300, "jitter": 0.2, "resetAfter": -1e300}"#
                .utf8)
        let backoff = try JSONDecoder().decode(Backoff.self, from: json)
        #expect(backoff.max.nanoseconds == .max)
    }
}
