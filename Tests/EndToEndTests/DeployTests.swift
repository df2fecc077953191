import ControlProtocol
import Glibc
import StackModel
import Testing

/// Releases put in each other's place, under load: nothing is lost, and only what changed is touched.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct DeployTests {
    private typealias Part = Source.Part

    @Test func `services run from the release that was deployed`() throws {
        try withDeployed { agent, source, first in
            let release = try #require(first.release)
            #expect(first.kind == .deploy && first.previousRelease == nil)
            let added = first.steps.filter { $0.change == .added }
            #expect(added.map(\.service) == Source.names, "those that others need come first")
            #expect(source.current == release)
            try agent.expect(Source.names, in: release, of: source)
            for port in source.ports {
                #expect(try http("GET", port: port, "/health").contains(#""version":"1.0.0""#))
            }
            let known = try #require(try agent.releases().first)
            #expect(known.release.id == release && known.isCurrent)
            #expect(Set(known.services).isSuperset(of: Source.names))
            let page = try agent.catalystctl("releases")
            #expect(page.status == 0 && page.output.contains(release), "\(page)")
            let list = try agent.catalystctl("rollouts")
            #expect(list.status == 0 && list.output.contains("deploy"), "\(list)")
        }
    }

    @Test func `only what has changed is rolled`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            let again = try agent.deploy(source)
            #expect(again.steps.isEmpty, "\(again.story)")
            #expect(again.release == first.release)
            #expect(try agent.pids() == before)
            #expect(try agent.releases().count == 1)

            try source.write("2.0.0", ["scanner": Part(flags: ["--lines hello"])], soak: "200ms")
            var second: Rollout?
            let count = try hammering(source.ports) { _ in second = try agent.deploy(source) }
            #expect(count.failures.isEmpty, "\(count)")
            let rollout = try #require(second)
            #expect(rollout.steps.map(\.service) == ["scanner"], "\(rollout.story)")
            #expect(rollout.steps.first?.change == .source)
            #expect(rollout.steps.first?.way == .canary)
            #expect(rollout.previousRelease == first.release)
            #expect(source.current == rollout.release)
            try agent.expect(["scanner"], in: rollout.release, of: source)
            try agent.expect(["base", "front"], in: first.release, of: source)
            let after = try agent.pids()
            #expect(after.filter { $0.key != "scanner" } == before.filter { $0.key != "scanner" })
            let health = try http("GET", port: source.ports[1], "/health")
            #expect(health.contains(#""version":"2.0.0""#))
            #expect(try agent.alerts(all: true).isEmpty)
        }
    }

    @Test func `a release brings its own stack, and a rollback the former one`() throws {
        try withDeployed(more: [Piece.sleeper("gone")]) { agent, source, first in
            let gone = try agent.pid(of: "gone")
            let before = try agent.pids()
            let changed = "    environment: {LEVEL: high}\n"
            try source.write(
                "2.0.0", ["front": Part(definition: changed)], more: [Piece.sleeper("fresh")])
            let count = try hammering(source.ports) { _ in
                let rollout = try agent.deploy(source)
                #expect(rollout.steps.map(\.service) == ["fresh", "front", "gone"])
                #expect(rollout.steps.map(\.change) == [.added, .definition, .removed])
                #expect(rollout.steps[1].keys.contains("environment.LEVEL"), "\(rollout.steps)")
                try agent.expect(["front"], in: rollout.release, of: source)
                try agent.expectOneEach(["fresh", "bystander"])
                #expect(!isAlive(gone))
                #expect(try !agent.status().services.contains { $0.name == "gone" })

                let outcome = try agent.catalystctl("rollback")
                #expect(outcome.status == 0, "\(outcome)")
                let back = try #require(try agent.rollouts().first)
                #expect(back.kind == .rollback && back.release == first.release)
                #expect(source.current == first.release)
                #expect(try !agent.status().services.contains { $0.name == "fresh" })
                try agent.expect(Source.names, in: first.release, of: source)
                try agent.expectOneEach(["gone", "bystander"])
            }
            #expect(count.failures.isEmpty, "\(count)")
            for name: ServiceName in ["base", "scanner", "bystander"] {
                #expect(try agent.pid(of: name) == before[name])
            }
        }
    }

    @Test func `a service moves to another port, and back`() throws {
        try withDeployed { agent, source, first in
            var moved = source
            moved.ports[1] = try freePort()
            try moved.write("2.0.0", soak: "200ms")
            let others = [source.ports[0], source.ports[2]]
            let count = try hammering(others) { _ in
                let rollout = try agent.deploy(moved)
                #expect(rollout.steps.map(\.service) == ["scanner"], "\(rollout.story)")
                try agent.expect(["scanner"], in: rollout.release, of: source)
                #expect(try http("GET", port: moved.ports[1], "/health").contains("2.0.0"))
                #expect(throws: Failure.self) { try http("GET", port: source.ports[1], "/") }
                #expect(try agent.catalystctl("rollback").status == 0)
                try agent.expect(Source.names, in: first.release, of: source)
                #expect(try http("GET", port: source.ports[1], "/health").contains("1.0.0"))
            }
            #expect(count.failures.isEmpty, "\(count)")
        }
    }

    @Test func `a plan makes nothing, and tells what would be done and why`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write("2.0.0", ["scanner": Part(flags: ["--lines hello"])])
            let plan = try agent.catalystctl("deploy", source.path, "--plan")
            #expect(plan.status == 0, "\(plan)")
            let rows = plan.output.split(separator: "\n").filter { $0.contains("scanner") }
            #expect(rows.contains { $0.contains("source") && $0.contains("canary") }, "\(plan)")
            #expect(try agent.pids() == before)
            #expect(try agent.rollouts().map(\.id) == [first.id])
            #expect(try agent.releases().count == 1)
            #expect(source.current == first.release)
        }
    }

    @Test(.enabled(if: isInstalled("git"), "needs git"))
    func `a git revision is deployed as it was committed`() throws {
        try withDeployed { agent, source, first in
            func git(_ words: String...) throws {
                let who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
                let outcome = try run(["git", "-C", source.path] + who + words, in: source.folder)
                #expect(outcome.status == 0, "\(outcome)")
            }
            try source.write("2.0.0", ["scanner": Part(flags: ["--lines hello"])])
            try git("init", "--quiet", ".")
            try git("add", ".")
            try git("commit", "--quiet", "--message=second")
            try git("tag", "v2")
            try source.write("3.0.0", ["scanner": Part(flags: ["--lines later"])])
            let outcome = try agent.catalystctl("deploy", source.path + "#v2")
            #expect(outcome.status == 0, "\(outcome)")
            let release = try #require(try agent.releases().first?.release)
            #expect(release.version == "2.0.0" && release.revision?.count == 40)
            try agent.expect(["scanner"], in: release.id, of: source)
            try agent.expect(["base", "front"], in: first.release, of: source)
        }
    }

    @Test func `some only, or all`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            let hello = Part(flags: ["--lines hello"])
            try source.write("2.0.0", ["scanner": hello, "front": hello])
            let some = try agent.deploy(source, "--only", "scanner")
            #expect(some.steps.map(\.service) == ["scanner"], "\(some.story)")
            try agent.expect(["scanner"], in: some.release, of: source)
            try agent.expect(["base", "front"], in: first.release, of: source)
            #expect(try agent.pid(of: "front") == before["front"])
            let all = try agent.deploy(source, "--all")
            #expect(all.steps.map(\.service) == ["front", "scanner", "base", "bystander"])
            try agent.expect(Source.names, in: some.release, of: source)
            #expect(Set(before.values).isDisjoint(with: try agent.pids().values))
        }
    }

    @Test func `who does not wait returns at once, and who comes second is refused`() throws {
        try withDeployed { agent, source, first in
            try source.write("2.0.0", ["scanner": Part(flags: ["--lines hello"])], soak: "30s")
            let begun = try agent.catalystctl("deploy", source.path, "--detach")
            #expect(begun.status == 0 && begun.output.contains("under way"), "\(begun)")
            let id = try #require(try agent.rollouts().first).id
            let second = try agent.catalystctl("deploy", source.path)
            #expect(second.status == 1, "\(second)")
            #expect(second.errors.contains("rollout \(id)"), "\(second)")
            #expect(second.errors.contains("rollouts cancel"), "\(second)")
            try agent.follow(id) { $0.phase(of: "scanner") == .soaking }
            #expect(try agent.catalystctl("rollouts", "cancel").status == 0)
            let rollout = try agent.end(of: id)
            #expect(rollout.state == .cancelled, "\(rollout.story)")
            #expect(source.current == first.release)
            try agent.expect(Source.names, in: first.release, of: source)
        }
    }

    @Test func `what cannot be made changes nothing`() throws {
        try withDeployed { agent, source, first in
            let before = try agent.pids()
            try source.write(
                "2.0.0", ["scanner": Part(flags: ["--lines hello"])],
                build: "echo no compiler; exit 7")
            let broken = try agent.catalystctl("deploy", source.path)
            #expect(broken.status == 1, "\(broken)")
            let words = broken.output + broken.errors
            #expect(words.contains("no compiler") && words.contains("7"), "\(broken)")
            try source.folder.write("services: {scanner: {comand: [x]}}\n", to: "source/stack.yaml")
            let wrong = try agent.catalystctl("deploy", source.path)
            #expect(wrong.status == 1, "\(wrong)")
            #expect((wrong.output + wrong.errors).contains("command"), "\(wrong)")
            #expect(try agent.pids() == before)
            #expect(source.current == first.release)
            #expect(try agent.releases().count == 1)
            #expect(try agent.rollouts().prefix(2).allSatisfy { $0.state == .failed })
            let reasons = try agent.rollouts().prefix(2).compactMap(\.failure?.reason)
            #expect(reasons.count == 2 && reasons.allSatisfy { !$0.contains("fetching") })
        }
    }
}
