import ControlClient
import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

struct ControlClientTests {
    @Test func `each line of an answer is handed over up to the last`() throws {
        let agent = try TinyAgent(
            """
            {"last":false,"message":"one"}
            {"last":false,"message":"two"}
            {"last":true,"message":"three"}
            {"last":true,"message":"never read"}

            """)
        defer { agent.stop() }
        var client = try ControlClient(socket: agent.path)
        var messages: [String?] = []
        try client.ask(ControlRequest(.up, services: ["news"], wait: true)) { reply, _ in
            messages.append(reply.message)
        }
        #expect(messages == ["one", "two", "three"])
        #expect(agent.requests == [#"{"command":"up","services":["news"],"wait":true}"#])
    }

    @Test func `a line arrives as it was sent, too`() throws {
        let agent = try TinyAgent("{\"last\": true,  \"later\": 1}\n")
        defer { agent.stop() }
        var client = try ControlClient(socket: agent.path)
        try client.ask(ControlRequest(.status)) { _, line in
            #expect(String(decoding: line, as: UTF8.self) == "{\"last\": true,  \"later\": 1}")
        }
    }

    @Test func `no socket, nobody listening and a path too long are told apart`() throws {
        let directory = try temporaryDirectory()
        defer { rmdir(directory) }
        #expect(throws: ControlClientError(path: directory + "/none", reason: .noSocket)) {
            _ = try ControlClient(socket: directory + "/none")
        }
        let agent = try TinyAgent("")
        let left = agent.directory + "/left"
        link(agent.path, left)
        agent.stop()
        defer {
            unlink(left)
            rmdir(agent.directory)
        }
        #expect(throws: ControlClientError(path: left, reason: .nobodyListens)) {
            _ = try ControlClient(socket: left)
        }
        let long = "/" + String(repeating: "x", count: 200)
        #expect(throws: ControlClientError(path: long, reason: .pathTooLong(bytesMax: 107))) {
            _ = try ControlClient(socket: long)
        }
    }

    @Test(.enabled(if: geteuid() != 0, "root may connect to everything"))
    func `a socket one may not use is told as such`() throws {
        let agent = try TinyAgent("")
        defer { agent.stop() }
        chmod(agent.path, 0)
        #expect(throws: ControlClientError(path: agent.path, reason: .notAllowed)) {
            _ = try ControlClient(socket: agent.path)
        }
    }

    @Test func `an agent that stays silent is given up in time`() throws {
        let agent = try TinyAgent("{\"last\":", then: .silence)
        defer { agent.stop() }
        var limits = ControlClient.Limits()
        limits.answering = .milliseconds(50)
        #expect(throws: ControlClientError(path: agent.path, reason: .silent)) {
            try ask(agent, ControlRequest(.status), limits)
        }
    }

    @Test func `an agent that hangs up in the middle is an error`() throws {
        for answer in ["", "{\"last\":", "{\"last\":false}\n"] {
            let agent = try TinyAgent(answer)
            defer { agent.stop() }
            #expect(throws: ControlClientError(path: agent.path, reason: .closed)) {
                try ask(agent, ControlRequest(.up, wait: true))
            }
        }
    }

    @Test func `rubbish and lines without an end are errors, not crashes`() throws {
        let rubbish = try TinyAgent("hello\n")
        defer { rubbish.stop() }
        #expect(throws: ControlClientError(path: rubbish.path, reason: .malformed)) {
            try ask(rubbish, ControlRequest(.status))
        }
        let endless = try TinyAgent(
            String(repeating: "x", count: ControlLimits.replyBytesMax + 100))
        defer { endless.stop() }
        let reason = ControlClientError.Reason.lineTooLong(bytesMax: ControlLimits.replyBytesMax)
        #expect(throws: ControlClientError(path: endless.path, reason: reason)) {
            try ask(endless, ControlRequest(.status))
        }
    }

    @Test func `errors say where and why`() {
        let error = ControlClientError(path: "/run/catalyst/control.sock", reason: .noSocket)
        #expect(
            "\(error)"
                == "cannot reach the agent at '/run/catalyst/control.sock': there is no such socket"
        )
    }

    private func ask(
        _ agent: TinyAgent, _ request: ControlRequest, _ limits: ControlClient.Limits = .init()
    ) throws {
        var client = try ControlClient(socket: agent.path, limits: limits)
        try client.ask(request) { _, _ in }
    }
}
