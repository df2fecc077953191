internal import Glibc
internal import NIOCore
internal import StackModel
internal import Synchronization
internal import Testing

@testable import Probing

@Test func `TCP is healthy when somebody accepts`() async {
    let server = RawServer { _ in }
    defer { server.stop() }
    #expect(await Asking.report(.tcp(host: "127.0.0.1", port: server.port)).outcome == .healthy)
    #expect(await Asking.report(.tcp(host: "localhost", port: server.port)).outcome == .healthy)
}

@Test func `nobody listening is told at once`() async {
    let server = RawServer(listens: false) { _ in }
    let report = await Asking.report(.tcp(host: "127.0.0.1", port: server.port))
    #expect(report.outcome == .failed(.refused))
    #expect(report.latency < .seconds(1))
}

@Test func `a listener that is awaited is found soon, and asked once`() async {
    let server = RawServer(listens: false) { connection in
        readRequest(connection)
        sendAll(Array(http("{}").utf8), over: connection)
    }
    defer { server.stop() }
    let pause = Duration.milliseconds(250)
    Asking.loop.scheduleTask(in: TimeAmount(pause)) { server.listen() }
    let report = await Asking.report(
        .http(url: "http://127.0.0.1:\(server.port)/"), awaitsListener: true)
    #expect(report.outcome == .healthy)
    #expect(report.latency >= pause / 2)
    #expect(report.latency < pause + .seconds(1))
    #expect(server.count == 1)
}

@Test func `an awaited listener that never comes is a refusal`() async {
    let server = RawServer(listens: false) { _ in }
    let limit = Duration.milliseconds(200)
    let report = await Asking.report(
        .tcp(host: "127.0.0.1", port: server.port), within: limit, awaitsListener: true)
    #expect(report.outcome == .failed(.refused))
    #expect(report.latency >= limit)
}

@Test func `a connection with oneself is no connection`() async throws {
    let port = RawServer(listens: false) { _ in }.port
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: Int(port))
    let result = await withCheckedContinuation { continuation in
        Asking.loop.execute {
            let dial = Dial(
                to: [address], from: address, awaitsListener: false, among: Crowd(),
                on: Asking.loop.assumeIsolated()
            ) { continuation.resume(returning: $0) }
            dial.proceed()
        }
    }
    #expect(result == .failure(.refused))
}

@Test func `who waits long or in a crowd tries less often`() {
    let crowd = Crowd()
    crowd.count = 1
    #expect(crowd.pause(after: .zero) == .milliseconds(1))
    #expect(crowd.pause(after: .seconds(1)) == .milliseconds(5))
    #expect(crowd.pause(after: .seconds(60)) == .milliseconds(50))
    crowd.count = 1000
    #expect(crowd.pause(after: .zero) == .milliseconds(100))
}

@Test func `our own mistakes say nothing about the service`() async {
    for probe in [
        Probe.none, .shell("true"), .http(url: "https://"),
        .redis(url: "http://localhost"),
        .postgres(url: "postgres://u:secret@local host:%zz/"),
        .tcp(host: "nowhere.invalid", port: 1),
    ] {
        let report = await Asking.report(probe)
        guard case .unknown(let words) = report.outcome else {
            Issue.record("\(probe): \(report.outcome)")
            continue
        }
        #expect(!words.contains("secret"))
    }
    let report = await Asking.report(.tcp(host: "127.0.0.1", port: 1), from: "192.0.2.1")
    #expect(
        report.outcome == .unknown("cannot ask from '192.0.2.1': cannot assign requested address"))
}

@Test func `a cancelled probe does not report and hangs up`() async {
    let (hasBegun, hasEnded, hasReported) = (Flag(), Flag(), Flag())
    let server = RawServer { connection in
        readRequest(connection)
        hasBegun.raise()
        awaitEnd(connection)
        hasEnded.raise()
    }
    defer { server.stop() }
    let question = Question(
        service: "scanner", probe: .http(url: "http://127.0.0.1:\(server.port)/"),
        timeout: .seconds(300))
    let inquiry = await withCheckedContinuation { continuation in
        Asking.loop.execute {
            let inquiry = Asking.prober.value.ask(question) { _ in hasReported.raise() }
            continuation.resume(returning: NIOLoopBound(inquiry, eventLoop: Asking.loop))
        }
    }
    #expect(await hasBegun.isRaised(within: .seconds(10)))
    Asking.loop.execute { inquiry.value.cancel() }
    #expect(await hasEnded.isRaised(within: .seconds(10)))
    #expect(await !hasReported.isRaised(within: .zero))
}
