import Rollouts
import StackModel
import Testing

/// Which services are rolled, why, how and in which order.
struct PlanTests {
    @Test func `what is made of something else is rolled, dependents first`() {
        let stack = stack("redis", "news", "scanner")
        var request = deploy(from: stack, to: stack)
        request.newDigests = ["redis": "1", "news": "2", "scanner": "2"]
        #expect(words(plan(request)) == ["scanner source", "news source"])
        #expect(plan(request).unchanged == ["redis"])
        request.oldDigests["redis"] = nil
        #expect(words(plan(request)) == ["scanner source", "news source", "redis source"])
    }

    @Test func `the order of the stack's rollout goes first`() {
        var stack = stack("a", "b", "c", "d")
        stack.rollout.order = ["b", "d"]
        var request = deploy(from: stack, to: stack)
        request.all = true
        #expect(words(plan(request)) == ["b asked", "d asked", "c asked", "a asked"])
    }

    @Test func `new services first, removed ones last`() {
        var new = stack("a", "x", "y")
        new.services[1].dependencies = [Dependency(on: "y")]
        var old = stack("a", "p", "q", "r")
        old.services[1].dependencies = [Dependency(on: "q")]
        var request = deploy(from: old, to: new)
        request.startOrder = ["a", "y", "x"]
        request.newDigests["a"] = "2"
        #expect(
            words(plan(request))
                == ["y added", "x added", "a source", "r removed", "p removed", "q removed"])
        request.asked = ["x"]
        #expect(words(plan(request)) == ["y added", "x added"])
        #expect(plan(request).unchanged == ["a", "p", "q", "r"])
        request.asked = ["a", "q"]
        #expect(words(plan(request)) == ["a source", "q removed"])
    }

    @Test func `another definition is a reason, another release's path is none`() {
        let (first, second) = (release("1"), release("2"))
        var spec = ServiceSpec(name: "a", command: ["/srv/current/run"])
        var old = StackSpec(name: "s", services: [spec.pinned(to: first, root: "/srv")])
        spec.healthCheck.interval = .seconds(7)
        var new = StackSpec(name: "s", services: [spec.pinned(to: second, root: "/srv")])
        #expect(words(plan(deploy(from: old, to: new))) == [])
        #expect(plan(deploy(from: old, to: new)).unchanged == ["a"])
        new.services[0].command.append("--fast")
        new.services[0].environment["MODE"] = "fast"
        let step = plan(deploy(from: old, to: new)).steps.first
        #expect(step?.change == .definition)
        #expect(step?.keys == ["command", "environment.MODE", "healthcheck"])
        old.rollout.soak = .seconds(1)
        #expect(plan(deploy(from: old, to: new)).stackKeys == ["rollout"])
    }

    @Test func `what the operator has stopped keeps its instance, which is none`() {
        let stack = stack("a", "b")
        var request = deploy(from: stack, to: stack)
        request.newDigests = ["a": "2", "b": "2"]
        request.wanted = ["b"]
        #expect(words(plan(request)) == ["b source"])
        #expect(plan(request).unchanged == ["a"])
    }

    @Test func `a restart takes what was asked for, as it was asked for`() {
        let stack = stack("a", "b", "c")
        var request = deploy(from: stack, to: stack)
        request.kind = .restart
        request.asked = ["c", "x", "a"]
        #expect(words(plan(request)) == ["c asked", "a asked"])
        #expect(plan(request).unchanged == ["b"])
    }

    @Test func `it takes as long as lately, or what the settings say`() {
        var stack = stack("a", "b")
        stack.services[0].update.delay = .seconds(4)
        var request = deploy(from: stack, to: stack)
        request.all = true
        request.durations = ["b": .seconds(20)]
        // Three seconds to start, a soak of ten, a second to drain, the delay.
        #expect(plan(request).expected == .seconds(20 + 3 + 10 + 1 + 4))
        #expect(plan(request).guessed == 1)
    }

    @Test(
        arguments: [
            (Probe.http(url: "http://localhost:5001/health"), nil),
            (.http(url: "http://127.0.0.1:5001"), nil), (.tcp(host: "127.0.0.1", port: 5001), nil),
            (.notify, nil), (.none, nil),
            (
                .http(url: "http://127.0.0.1/health"),
                "its health check asks 127.0.0.1:80, not the address that it listens on"
            ),
            (
                .tcp(host: "10.0.0.7", port: 5001),
                "its health check asks 10.0.0.7:5001, not the address that it listens on"
            ),
            (
                .shell("curl -f localhost:5001"),
                "its health check is a command, which cannot be asked apart from the running instance"
            ),
        ] as [(Probe, String?)])
    func `a candidate is asked apart where its probe can be`(probe: Probe, reason: String?) {
        let step = step { $0.healthCheck.probe = probe }
        #expect(step?.way == (reason == nil ? .canary : .handOver))
        #expect(step?.wayReason == reason)
    }

    @Test(
        arguments: [
            ("127.0.0.1:5001", true, RolloutStep.Way.canary, nil),
            (
                "127.0.0.1:5001", false, .handOver,
                "the kernel does not let the agent choose who gets a connection"
            ),
            ("[::1]:5001", true, .handOver, "IPv6 has no second loopback address"),
            (
                "/run/a.sock", true, .handOver,
                "a Unix socket's callers have no address to choose by"
            ),
            (
                "0.0.0.0:5001", true, .handOver,
                "probes can be told from users on loopback only: it listens on 0.0.0.0"
            ),
            (nil, true, .stopFirst, nil),
        ] as [(String?, Bool, RolloutStep.Way, String?)])
    func `the socket decides how`(
        listen: String?, canSteer: Bool, way: RolloutStep.Way, reason: String?
    ) {
        let step = step(canSteer: canSteer) { $0.listen = listen }
        #expect(step?.way == way)
        #expect(step?.wayReason == reason)
    }

    @Test func `stop-first where the file says so, each way its own`() {
        #expect(step { $0.update.order = .stopFirst }?.way == .handOver)
        #expect(step { $0.rollback.order = .stopFirst }?.way == .canary)
        let back = step(.rollback) { $0.rollback.order = .stopFirst }
        #expect(back?.way == .handOver)
        #expect(back?.wayReason == "its rollback_config says stop-first")
    }

    @Test func `a socket that changes cannot be handed over`() {
        let old = stack("a")
        var new = old
        new.services[0].listen = "127.0.0.1:5002"
        let step = plan(deploy(from: old, to: new)).steps.first
        #expect(step?.way == .stopFirst)
        #expect(
            step?.wayReason
                == "it listens on 127.0.0.1:5002, and until now on no socket of the agent's")
    }

    // The stacks.

    private func stack(_ names: ServiceName...) -> StackSpec {
        StackSpec(
            name: "s", services: names.map { ServiceSpec(name: $0, command: ["/bin/\($0)"]) })
    }

    private func release(_ id: String) -> Release {
        Release(id: id, version: id, source: "/src", madeAt: Timestamp(nanoseconds: 0))
    }

    private func deploy(from old: StackSpec, to new: StackSpec) -> PlanRequest {
        var request = PlanRequest(kind: .deploy, old: old, new: new, root: "/srv")
        request.startOrder = new.services.map(\.name)
        request.wanted = Set((old.services + new.services).map(\.name))
        for name in request.wanted {
            (request.oldDigests[name], request.newDigests[name]) = ("1", "1")
        }
        return request
    }

    private func step(
        _ kind: Rollout.Kind = .deploy, canSteer: Bool = true, _ change: (inout ServiceSpec) -> Void
    ) -> RolloutStep? {
        var spec = ServiceSpec(name: "a", command: ["/bin/a"])
        spec.listen = "127.0.0.1:5001"
        spec.healthCheck = HealthCheck(.tcp(host: "127.0.0.1", port: 5001))
        change(&spec)
        let stack = StackSpec(name: "s", services: [spec])
        var request = deploy(from: stack, to: stack)
        request.kind = kind
        request.all = true
        request.canSteer = canSteer
        return plan(request).steps.first
    }

    private func words(_ plan: RolloutPlan) -> [String] {
        plan.steps.map { "\($0.service) \($0.change.rawValue)" }
    }
}
