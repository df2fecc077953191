import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// `catalystctl config …` on real files.
struct ConfigTests {
    private let good = """
        services:
          redis:
            command: redis-server --requirepass verysecret
          news:
            command: /opt/catalyst/bin/news
            environment:
              PORT: "5008"
            depends_on: [redis]

        """

    @Test func `a good file is in order`() throws {
        try withFile(good) { file in
            let program = try Program(["config", "check", "--file", file])
            #expect(program.output == "\(file): in order, 2 services\n")
            #expect(program.errors == "")
            #expect(program.status == 0)
        }
    }

    @Test func `mistakes go to stderr with their lines, and it is 1`() throws {
        try withFile(good + "    restrat: always\n") { file in
            let check = try Program(["config", "check", "--file", file])
            #expect(check.errors.hasPrefix("\(file):9: 'restrat': "))
            #expect(check.output == "\(file): 1 mistake\n")
            #expect(check.status == 1)
            let resolve = try Program(["config", "resolve", "--file", file])
            #expect(resolve.errors.hasPrefix("\(file):9: 'restrat': "))
            #expect(resolve.output == "")
            #expect(resolve.status == 1)
            let json = try Program(["config", "check", "--json", "--file", file])
            #expect(json.output.contains(#""key":"restrat","line":9"#))
            #expect(json.errors == "")
        }
    }

    @Test func `a file that is not there is a mistake, too`() throws {
        let program = try Program(["config", "check", "--file", "/nowhere/stack.yaml"])
        #expect(program.errors.hasPrefix("/nowhere/stack.yaml: "))
        #expect(program.status == 1)
    }

    @Test func `resolve prints one line that the agent can read`() throws {
        try withFile(good) { file in
            let program = try Program(["config", "resolve", "--file", file])
            let stack = try JSONLines.decode(StackSpec.self, from: Array(program.output.utf8))
            #expect(program.output.split(separator: "\n").count == 1)
            #expect(stack.services.map(\.name) == ["redis", "news"])
            #expect(program.status == 0)
        }
    }

    @Test func `show hides secrets`() throws {
        try withFile(good) { file in
            for options in [[], ["--json"]] {
                let program = try Program(["config", "show", "--file", file] + options)
                #expect(program.output.contains("•••"))
                #expect(program.output.contains("/opt/catalyst/bin/news"))
                #expect(!program.output.contains("verysecret"))
                #expect(program.status == 0)
            }
        }
    }

    @Test func `show without a file shows what the agent runs`() throws {
        let agent = try TinyAgent(answer(Sample.stack))
        defer { agent.stop() }
        let program = try Program(["config", "show", "--json", "--socket", agent.path])
        #expect(
            try JSONLines.decode(StackSpec.self, from: Array(program.output.utf8)) == Sample.stack)
    }

    @Test func `diff says what a reload would do to the running stack`() throws {
        try withFile(good) { file in
            let resolved = try Program(["config", "resolve", "--file", file])
            var running = try JSONLines.decode(StackSpec.self, from: Array(resolved.output.utf8))
                .redacted()
            running.services[1].environment["PORT"] = "5009"
            running.services.append(ServiceSpec(name: "pattern", command: ["pattern"]))
            let agent = try TinyAgent(answer(running))
            defer { agent.stop() }
            let program = try Program(["config", "diff", "--file", file, "--socket", agent.path])
            #expect(
                program.output == """
                    a reload would (secrets are not compared):
                      stop     pattern
                      restart  news  environment.PORT

                    """)
            #expect(program.status == 0)
        }
    }

    @Test func `nothing to do is said`() {
        let page = DifferencePage(difference: StackDifference(from: Sample.stack, to: Sample.stack))
        #expect(
            page.lines(on: Terminal()) == [
                "a reload would change nothing (secrets are not compared)"
            ])
    }

    private func answer(_ stack: StackSpec) throws -> String {
        var reply = ControlReply.end()
        reply.config = stack
        return String(decoding: try JSONLines.encode(reply), as: UTF8.self)
    }

    private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
        let directory = try temporaryDirectory()
        let file = directory + "/stack.yaml"
        defer {
            unlink(file)
            rmdir(directory)
        }
        let descriptor = open(file, O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        guard write(descriptor, bytes, bytes.count) == bytes.count else {
            throw TestFailure("write: \(errno)")
        }
        try body(file)
    }
}
