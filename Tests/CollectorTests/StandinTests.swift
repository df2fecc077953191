internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import Testing

/// A stand-in on a port of its own, and a collector that asks it.
private final class Rehearsal {
    let agent: AgentSide
    let standin: Child
    private let seat = SilentListener(listens: false)
    var port: UInt16 { seat.port }

    init(_ arguments: [String] = [], variables: [String] = []) async throws {
        agent = try await AgentSide()
        let program = Child.programs + "/catalyst-standin"
        let command = [program, "--name", "scanner", "--port", "\(seat.port)"] + arguments
        standin = try Child(["env"] + variables + command)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    func ask(_ path: String = "/health", within timeout: Duration = .seconds(20)) async throws
        -> Report
    {
        try agent.ask(1, .http(url: url(path)), within: timeout, awaitsListener: true)
        return try await agent.report().report
    }
}

@Test func `the stand-in says the documented body`() async throws {
    let report = try await Rehearsal().ask()
    #expect(report.outcome == .healthy)
    let body = try #require(report.body)
    for part in [
        #"{"status":"healthy","service":"scanner","version":"5.3.0","schema":"v5.0 normalized","timestamp":""#,
        #"Z","database":"not configured","redis":"not configured"}"#,
    ] {
        #expect(body.contains(part))
    }
}

@Test(arguments: [
    ("not-json", Report.Outcome.healthy),
    ("wrong-service", .failed(.wrongService("somebody-else"))),
    ("http-500", .failed(.httpStatus(500))), ("redirect", .failed(.httpStatus(307))),
    ("huge", .failed(.other("body larger than 64 KiB"))), ("slow", .failed(.timedOut)),
])
func `a wrong body is seen through`(kind: String, expected: Report.Outcome) async throws {
    let rehearsal = try await Rehearsal(["--wrong-body", kind])
    #expect(try await rehearsal.ask("/").outcome == .healthy)
    #expect(
        try await rehearsal.ask(within: kind == "slow" ? .milliseconds(300) : .seconds(20)).outcome
            == expected)
}

@Test func `a Redis that is gone degrades the stand-in`() async throws {
    let nobody = SilentListener(listens: false)
    let rehearsal = try await Rehearsal(["--redis", "redis://127.0.0.1:\(nobody.port)"])
    #expect(try await rehearsal.ask().outcome == .degraded("redis: disconnected"))
}

@Test func `a stand-in hangs on SIGUSR1 and comes back`() async throws {
    let rehearsal = try await Rehearsal()
    #expect(try await rehearsal.ask().outcome == .healthy)
    rehearsal.standin.signal(SIGUSR1)
    #expect(
        await holds(within: .seconds(10)) {
            (try? await rehearsal.ask(within: .milliseconds(100)).outcome) == .failed(.timedOut)
        })
    rehearsal.standin.signal(SIGUSR1)
    #expect(
        await holds(within: .seconds(10)) {
            (try? await rehearsal.ask(within: .seconds(1)).outcome) == .healthy
        })
}

@Test func `SIGTERM lets the request under way end`() async throws {
    let rehearsal = try await Rehearsal()
    #expect(try await rehearsal.ask().outcome == .healthy)
    try rehearsal.agent.ask(1, .http(url: rehearsal.url("/slow?seconds=0.3")))
    try rehearsal.agent.ask(2, .http(url: rehearsal.url("/")))
    #expect(try await rehearsal.agent.report().id == 2)
    rehearsal.standin.signal(SIGTERM)
    #expect(try await rehearsal.agent.report().report.outcome == .healthy)
    #expect(await rehearsal.standin.status(within: .seconds(10)) == 0)
}

@Test func `SIGTERM lets who waits to be accepted have an answer`() async throws {
    let rehearsal = try await Rehearsal()
    #expect(try await rehearsal.ask().outcome == .healthy)
    let standin = rehearsal.standin
    // What comes now stays in the kernel until it goes on.
    standin.signal(SIGSTOP)
    let browsers = try (0..<100).map { _ in try Browser(port: rehearsal.port) }
    for browser in browsers { browser.get("/") }
    standin.signal(SIGTERM)
    standin.signal(SIGCONT)
    for browser in browsers {
        #expect(try await browser.answer(endingWith: "}").hasPrefix("HTTP/1.1 200 OK"))
        #expect(await browser.isClosed(within: .seconds(10)))
    }
    #expect(await standin.status(within: .seconds(10)) == 0)
}

@Test func `SIGTERM loses no request on a kept connection, and closes the idle`() async throws {
    let rehearsal = try await Rehearsal()
    #expect(try await rehearsal.ask().outcome == .healthy)
    let (asking, idle) = (try Browser(port: rehearsal.port), try Browser(port: rehearsal.port))
    for browser in [asking, idle] {
        browser.get("/")
        #expect(!(try await browser.answer(endingWith: "}").contains("Connection: close")))
    }
    let standin = rehearsal.standin
    standin.signal(SIGSTOP)
    asking.get("/slow?seconds=0.2")
    standin.signal(SIGTERM)
    standin.signal(SIGCONT)
    let answer = try await asking.answer(endingWith: "}")
    #expect(answer.hasPrefix("HTTP/1.1 200 OK") && answer.contains("Connection: close"))
    #expect(await idle.isClosed(within: .seconds(10)))
    #expect(await standin.status(within: .seconds(10)) == 0)
}

@Test func `a stand-in that ignores SIGTERM stays`() async throws {
    let rehearsal = try await Rehearsal(["--ignore-sigterm"])
    #expect(try await rehearsal.ask().outcome == .healthy)
    rehearsal.standin.signal(SIGTERM)
    #expect(try await rehearsal.ask().outcome == .healthy)
}

@Test func `a stand-in crashes when told`() async throws {
    let rehearsal = try await Rehearsal(["--crash-after", "0.1", "--exit-code", "7"])
    #expect(await rehearsal.standin.status(within: .seconds(10)) == 7 << 8)
}

@Test func `a stand-in that crashes at start never listens`() async throws {
    let rehearsal = try await Rehearsal(
        ["--crash-at-start", "--exit-code", "3", "--lines", "ImportError: no module named 'news'"])
    #expect(await rehearsal.standin.status(within: .seconds(10)) == 3 << 8)
}

@Test func `a stand-in that is never healthy is not so at first either`() async throws {
    let rehearsal = try await Rehearsal(["--unhealthy-after", "0"])
    #expect(try await rehearsal.ask().outcome == .failed(.httpStatus(503)))
}

@Test func `the version is the flag's, the file's or the environment's`() async throws {
    let file = "/tmp/catalyst-standin-version-\(getpid())"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    defer { unlink(file) }
    let text = "6.1.0\nand more\n"
    #expect(write(descriptor, text, text.utf8.count) == text.utf8.count)
    close(descriptor)
    let variables = ["CATALYST_VERSION=6.0.0"]
    for (arguments, version) in [
        ([], "6.0.0"), (["--version-name", "6.2.0"], "6.2.0"), (["--version-file", file], "6.1.0"),
    ] {
        let report = try await Rehearsal(arguments, variables: variables).ask()
        #expect(report.body?.contains(#""version":"\#(version)""#) == true)
    }
    let lost = try await Rehearsal(["--version-file", "/nowhere"])
    #expect(await lost.standin.status(within: .seconds(10)) == 1 << 8)
}

@Test func `a stand-in takes an inherited socket`() async throws {
    let listener = SilentListener()
    let standin = try Child(
        [Child.programs + "/catalyst-standin", "--fd", "3"], descriptors: [listener.descriptor: 3])
    let agent = try await AgentSide()
    try agent.ask(1, .http(url: "http://127.0.0.1:\(listener.port)/health"), service: "standin")
    #expect(try await agent.report().report.outcome == .healthy)
    standin.signal(SIGTERM)
    #expect(await standin.status(within: .seconds(10)) == 0)
}

@Test func `a port in use is told`() async throws {
    let listener = SilentListener()
    let standin = try Child([Child.programs + "/catalyst-standin", "--port", "\(listener.port)"])
    #expect(await standin.status(within: .seconds(10)) == 1 << 8)
}
