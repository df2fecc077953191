import ControlProtocol
import JSONLines
import StackModel
import Testing

/// scripts/monitor.sh, which the operator's handbook names.
struct MonitorScriptTests {
    @Test
    func `monitor shows the stack and its alerts, and its exit status says whether all is well`()
        throws
    {
        let well = Sample.status([Sample.service("redis")])
        let quiet = try monitor(well, [])
        #expect(quiet.output.hasPrefix("catalyst: 1 of 1 healthy\n"))
        #expect(quiet.output.contains("\n\nno alert is open\n"))
        #expect(quiet.errors == "")
        #expect(quiet.status == 0)
        let alert = Sample.alert(7, .diskHigh, "@disk", .critical, "91% of the disk is in use")
        let alerted = try monitor(well, [alert])
        #expect(alerted.output.contains("91% of the disk is in use"))
        #expect(alerted.status == 1)
        #expect(try monitor(Sample.trouble, []).status == 1)
    }

    @Test func `monitor without an agent says so, and is 3`() throws {
        let program = try script([], "/nowhere/control.sock")
        #expect(program.errors.contains("cannot reach the agent at '/nowhere/control.sock'"))
        #expect(program.status == 3)
    }

    @Test(arguments: [["--watch", "0"], ["--watch", "x"], ["--watch", "1", "2"], ["scanner"]])
    func `monitor takes a number of seconds and nothing else`(words: [String]) throws {
        let program = try script(words, "/nowhere/control.sock")
        #expect(program.errors.hasPrefix("monitor.sh: "))
        #expect(program.status == 2)
    }

    private func monitor(_ status: StackStatus, _ alerts: [Alert]) throws -> Program {
        var first = ControlReply.end()
        first.status = status
        let replies = alerts.map { alert in
            var reply = ControlReply()
            reply.alert = AlertReply(alert)
            return reply
        }
        let agent = try TinyAgent(answers: [
            try text([first]), try text(replies + [.end()]),
        ])
        defer { agent.stop() }
        return try script([], agent.path)
    }

    private func text(_ replies: [ControlReply]) throws -> String {
        String(decoding: try replies.flatMap { try JSONLines.encode($0) }, as: UTF8.self)
    }

    private func script(_ words: [String], _ socket: String) throws -> Program {
        let top = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "PATH=\(try Program.buildFolder()):/usr/local/bin:/usr/bin:/bin"
        return try Program(
            ["bash", "/\(top)/scripts/monitor.sh"] + words,
            environment: [path, "CATALYST_SOCKET=\(socket)"], executable: "/usr/bin/env")
    }
}
