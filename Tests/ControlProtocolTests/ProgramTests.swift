import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

/// The program itself, as scripts see it: output, errors, exit status.
struct ProgramTests {
    @Test func `status shows the stack and says by its exit status whether it is healthy`() throws {
        let ill = try answered(by: status(Sample.trouble)) { try Program(["--socket", $0]) }
        #expect(ill.output.hasPrefix("catalyst: 7 of 9 healthy, 1 unhealthy, 1 held\n"))
        #expect(ill.status == 1)
        let well = try answered(by: status(Sample.status([Sample.service("redis")]))) { path in
            try Program([], environment: ["CATALYST_SOCKET=\(path)"])
        }
        #expect(well.output.hasPrefix("catalyst: 1 of 1 healthy\n"))
        #expect(well.errors == "")
        #expect(well.status == 0)
    }

    @Test func `status in JSON is the status and nothing else`() throws {
        let program = try answered(by: status(Sample.trouble)) {
            try Program(["status", "--json", "--socket", $0])
        }
        let decoded = try JSONLines.decode(StackStatus.self, from: Array(program.output.utf8))
        #expect(decoded == Sample.trouble)
        #expect(program.status == 1)
    }

    @Test func `other answers in JSON are the agent's own lines`() throws {
        let lines = "{\"last\":false,\"message\":\"a\"}\n{\"last\":true}\n"
        let program = try answered(by: lines) { try Program(["events", "--json", "--socket", $0]) }
        #expect(program.output == lines)
        #expect(program.status == 0)
    }

    @Test func `a command that changes something shows how it comes about`() throws {
        var event = ControlReply()
        event.event = Sample.event("news", "healthy after 0.2 s")
        let answer = try text(event) + text(.end("news is up and healthy"))
        let agent = try TinyAgent(answer)
        defer { agent.stop() }
        let program = try Program(["--socket", agent.path, "start", "news"])
        #expect(
            program.output.hasSuffix(
                "14:00:00  news  healthy after 0.2 s\nnews is up and healthy\n"))
        #expect(agent.requests == [#"{"command":"start","services":["news"],"wait":true}"#])
        #expect(program.status == 0)
    }

    @Test func `a refusal goes to stderr, with the way out`() throws {
        let refused = try answered(by: text(.failure(.notAllowed, "you may not stop services"))) {
            try Program(["stop", "news", "--socket", $0])
        }
        #expect(refused.output == "")
        #expect(
            refused.errors == """
                catalystctl: you may not stop services
                become root, or a member of the group 'catalyst-admin'

                """)
        #expect(refused.status == 4)
        let failed = try answered(by: text(.failure(.failed, "cannot start 'news': no such file")))
        {
            try Program(["start", "news", "--socket", $0])
        }
        #expect(failed.errors == "catalystctl: cannot start 'news': no such file\n")
        #expect(failed.status == 1)
    }

    @Test func `a misspelt service is answered with the one that was meant`() throws {
        let agent = try TinyAgent(answers: [
            text(.failure(.unknownService, "no service 'scaner'")), status(Sample.trouble),
        ])
        defer { agent.stop() }
        let program = try Program(["why", "scaner", "--socket", agent.path])
        #expect(program.errors == "catalystctl: no service 'scaner', did you mean 'scanner'?\n")
        #expect(program.status == 2)
    }

    @Test func `health is good only if each one asked about is`() throws {
        func health(_ services: String...) throws -> Int32 {
            try answered(by: status(Sample.trouble)) {
                try Program(["health", "--socket", $0] + services)
            }.status
        }
        #expect(try health("redis", "news") == 0)
        #expect(try health("redis", "scanner") == 1)
        #expect(try health() == 1)
        #expect(try health("radis") == 2)
    }

    @Test func `watching asks again until something is wrong with the agent`() throws {
        let agent = try TinyAgent(answers: [
            status(Sample.trouble), status(Sample.trouble), text(.failure(.notAllowed, "no more")),
        ])
        defer { agent.stop() }
        let program = try Program(["status", "--watch", "0.1", "--json", "--socket", agent.path])
        #expect(program.output.split(separator: "\n").count == 2)
        #expect(agent.requests.count == 3)
        #expect(program.status == 4)
    }

    @Test func `without an agent there is a sentence and a way out`() throws {
        let program = try Program(["up"], environment: ["CATALYST_SOCKET=/nowhere/control.sock"])
        #expect(
            program.errors.hasPrefix(
                """
                catalystctl: cannot reach the agent at '/nowhere/control.sock': there is no such \
                socket
                is catalystd running?
                """
            ))
        #expect(program.status == 3)
    }

    @Test(arguments: [
        ["statsu"], ["why"], ["--what"], ["logs", "--since", "never"], ["why", "a/b"],
        ["logs", "--tail", "-1"],
    ])
    func `a wrong command line is 2`(arguments: [String]) throws {
        let program = try Program(arguments)
        #expect(program.status == 2)
        #expect(program.output == "")
        #expect(!program.errors.isEmpty)
    }

    @Test(arguments: [
        "status", "health", "why", "events", "logs", "limits", "up", "down", "start", "stop",
        "restart", "reload",
        "version",
    ])
    func `every command has help with examples`(command: String) throws {
        let program = try Program([command, "--help"])
        #expect(program.output.contains("EXAMPLES\n  catalystctl"))
        #expect(program.status == 0)
    }

    @Test func `a reader that leaves ends it without a word`() throws {
        let program = try answered(by: status(Sample.trouble)) { path in
            try Program(["status", "--socket", path], closingOutput: true)
        }
        #expect(program.errors == "")
        #expect([0, -SIGPIPE].contains(program.status))
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `completions name the running services`(shell: String) throws {
        let script = try Program(["--generate-completion-script", shell])
        #expect(script.status == 0)
        #expect(script.output.contains("catalystctl __services"))
        let names = try answered(by: status(Sample.trouble)) {
            try Program(["__services", "--socket", $0])
        }
        #expect(names.output.split(separator: "\n").map { ServiceName(String($0)) } == Sample.nine)
    }

    private func answered(by answer: String, _ run: (String) throws -> Program) throws -> Program {
        let agent = try TinyAgent(answer)
        defer { agent.stop() }
        return try run(agent.path)
    }

    private func status(_ status: StackStatus) throws -> String {
        var reply = ControlReply.end()
        reply.status = status
        return try text(reply)
    }
}
