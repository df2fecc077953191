import StackModel
import Testing

@testable import StackFile

/// Loads files of `units/` with an empty `.env`: one that lies beside them must not matter here.
private func reference(
    _ names: [String] = ["stack.yaml"], environment: [String: String] = [:]
) throws -> (stack: StackSpec?, errors: [Problem], warnings: [Problem]) {
    let folder = try StackFolder([".env": ""])
    return StackSource(
        files: names.map { "\(unitsPath)/\($0)" }, environment: environment,
        envFile: folder.path + "/.env"
    ).load()
}

@Test func `the reference has the nine as documented`() throws {
    let (loaded, errors, warnings) = try reference()
    #expect(errors.lines == [])
    #expect(warnings.lines == [])
    let stack = try #require(loaded)
    let rows = stack.services.map { service in
        let ports = service.ports.map { "\($0.number)" }.joined()
        let needs = service.dependencies.map { "\($0.service)(\($0.condition.rawValue))" }
        return "\(service.name) \(ports) \(needs.joined(separator: " "))"
            .replacing("(service_healthy)", with: "+")
    }
    #expect(
        rows == [
            "redis 6379 ",
            "news 5008 redis+",
            "orchestration 5000 redis+",
            "scanner 5001 news+",
            "pattern 5002 redis+",
            "technical 5003 redis+",
            "risk-manager 5004 redis+",
            "trading 5005 scanner+ pattern+ technical+",
            "reporting 5009 trading+",
        ])
    #expect(
        stack.rollout.order == [
            "reporting", "news", "trading", "risk-manager", "technical", "pattern", "scanner",
            "orchestration",
        ])
    #expect(stack.rollout.soak == .seconds(10))
    #expect(stack.rollout.failureAction == .rollback)
}

@Test func `the eight are probed, limited and logged as documented`() throws {
    let stack = try #require(try reference().stack)
    for service in stack.services.dropFirst() {
        let port = try #require(service.ports.first).number
        var check = HealthCheck(.http(url: "http://127.0.0.1:\(port)/health"))
        (check.interval, check.timeout) = (.seconds(30), .seconds(10))
        (check.retries, check.startPeriod) = (3, .seconds(40))
        #expect(service.healthCheck == check)
        #expect(service.resources.limits.cpus == 1)
        #expect(service.resources.limits.memory == .mebibytes(1024))
        #expect(service.resources.reservations.cpus == 0.25)
        #expect(service.resources.reservations.memory == .mebibytes(256))
        #expect(service.command.contains(["--fd", "3"]))
        #expect(service.listen == "127.0.0.1:\(port)")
        #expect(service.source.count == 3)
        #expect(service.environment["DATABASE_URL"] == "")
    }
    for service in stack.services {
        #expect(service.logging == LogPolicy())
        #expect(service.restart.condition == .always)
        #expect(service.user == "catalyst-\(service.name)")
        let isolation = service.confinement.isolation
        #expect(isolation?.writable == ["/var/lib/catalyst/\(service.name)"])
    }
}

@Test func `redis keeps its data, on loopback, and is asked every ten seconds`() throws {
    let redis = try #require(try reference().stack?.services.first)
    #expect(redis.command.first == "redis-server")
    for words in [
        ["--bind", "127.0.0.1"], ["--appendonly", "yes"], ["--maxmemory", "256mb"],
        ["--maxmemory-policy", "allkeys-lru"],
    ] {
        #expect(redis.command.contains(words))
    }
    #expect(redis.healthCheck.probe == .redis(url: "redis://127.0.0.1:6379"))
    #expect(redis.healthCheck.interval == .seconds(10))
}

@Test func `the stand-ins run the nine anywhere, without another user`() throws {
    let (loaded, errors, warnings) = try reference(
        ["stack.yaml", "stack.standin.yaml"],
        environment: ["CATALYST_STANDIN": "/opt/a b/standin", "CATALYST_DATA": "/srv/my data"])
    #expect(errors.lines == [])
    #expect(warnings.lines == [])
    let stack = try #require(loaded)
    #expect(stack.services.count == 9)
    for service in stack.services {
        #expect(service.user == nil)
        #expect(service.workingDirectory == "/srv/my data")
    }
    #expect(stack.services[0].command.contains(["--dir", "/srv/my data"]))
    #expect(
        stack.services[3].command == [
            "/opt/a b/standin", "--name", "scanner", "--fd", "3", "--redis",
            "redis://127.0.0.1:6379",
        ])
    #expect(stack.services.map(\.listen) == (try reference().stack?.services.map(\.listen)))
    #expect(stack.releases == ReleasePolicy())
    #expect(
        stack.services.map(\.healthCheck) == (try reference().stack?.services.map(\.healthCheck)))
}

@Test func `each service is made of its own folder and what all share`() throws {
    let stack = try #require(try reference().stack)
    #expect(stack.releases.directory == "/opt/catalyst")
    #expect(stack.releases.build?.prefix(2) == ["/bin/sh", "-ec"])
    for service in stack.services.dropFirst() {
        let module = service.name.text.replacing("-", with: "_")
        let own = "services/\(module)"
        #expect(service.source == [own, "services/common", "requirements.txt"])
        #expect(service.command.contains("services.\(module).main:app"))
        #expect(service.workingDirectory == "/opt/catalyst/current")
    }
}

@Test func `the reference's examples in comments can be taken as they are`() throws {
    let text = uncommented(try TextFile.read("\(unitsPath)/stack.yaml").bytes)
    let outcome = try load(text, environment: ["DATABASE_URL": "postgresql://h/d"])
    #expect(outcome.errors == [])
    #expect(outcome.warnings == [])
    let stack = try #require(outcome.stack)
    #expect(stack.alerts.onAlert?.count == 1)
    #expect(stack.alerts.rules[.diskHigh]?.severity == .critical)
    #expect(stack.watch.frontDoor != nil && stack.watch.backups != nil)
    #expect(stack.brake == BrakePolicy())
    #expect((stack.database, stack.metrics) == (nil, .standardMetrics))
    #expect(stack.freeze.count == 1)
    #expect(stack.services.dropFirst().allSatisfy { $0.contract.version == "release" })
    #expect(stack.services.filter { $0.hold != nil }.map(\.name) == ["trading"])
}

/// With the keys that stand in comments.
func uncommented(_ bytes: [UInt8]) -> String {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .map { line in
            line.wholeMatch(of: /(\ \ +)# ( *[a-z_-]+:( .*)?)/).map { String($0.1 + $0.2) }
                ?? String(line)
        }.joined(separator: "\n")
}
