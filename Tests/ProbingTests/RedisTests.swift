internal import Glibc
internal import Redis
internal import StackModel
internal import Testing

private func asked(_ url: String, awaitsListener: Bool = false) async -> Report.Outcome {
    await Asking.report(.redis(url: url), awaitsListener: awaitsListener).outcome
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"))
func `PING is answered by a real Redis`() async {
    let redis = LocalRedis()
    defer { redis.stop() }
    #expect(await asked(redis.url(), awaitsListener: true) == .healthy)
    #expect(await asked(redis.url(after: "/3")) == .healthy)
    #expect(
        await asked(redis.url(after: "/999")) == .failed(.other("ERR DB index is out of range")))
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"))
func `a password opens, and is never told`() async {
    let redis = LocalRedis(password: "ge heim@1")
    defer { redis.stop() }
    let refusal = Report.Outcome.failed(.other("NOAUTH Authentication required."))
    #expect(await asked(redis.url(), awaitsListener: true) == refusal)
    #expect(await asked(redis.url(":ge%20heim%401@")) == .healthy)
    #expect(await asked(redis.url("default:ge%20heim%401@", after: "/1")) == .healthy)
    guard case .failed(.other(let words)) = await asked(redis.url(":falsch@")) else {
        Issue.record("a wrong password opens")
        return
    }
    #expect(words.hasPrefix("WRONGPASS"))
    #expect(!words.contains("falsch"))
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"))
func `TLS is spoken, and certificates are checked`() async {
    let redis = LocalRedis(tls: true, password: "geheim")
    defer { redis.stop() }
    let trusting = redis.url(":geheim@", after: "/?ssl_cert_reqs=none", scheme: "rediss")
    #expect(await asked(trusting, awaitsListener: true) == .healthy)
    let strict = await asked(redis.url(":geheim@", scheme: "rediss"))
    #expect(strict == .failed(.other("TLS certificate not accepted: self-signed certificate")))
    guard case .failed(.other) = await asked(redis.url(":geheim@")) else {
        Issue.record("plain text is answered where TLS is spoken")
        return
    }
}

@Test func `what is no Redis is told in words`() async {
    let server = answering("HTTP/1.1 400 Bad Request\r\n\r\n")
    let silent = RawServer { awaitEnd($0) }
    let loading = RawServer {
        sendAll(Array("-LOADING Redis is loading the dataset in memory\r\n".utf8), over: $0)
    }
    defer { for server in [server, silent, loading] { server.stop() } }
    let report = await Asking.report(
        .redis(url: "redis://127.0.0.1:\(silent.port)"), within: .milliseconds(300))
    #expect(report.outcome == .failed(.timedOut))
    let words = await asked("redis://127.0.0.1:\(loading.port)")
    #expect(words == .failed(.other("LOADING Redis is loading the dataset in memory")))
    let port = RawServer(listens: false) { _ in }.port
    #expect(await asked("redis://127.0.0.1:\(port)") == .failed(.refused))
    let garbage = RawServer { connection in
        var bytes = [UInt8](repeating: 0, count: 64)
        recv(connection, &bytes, bytes.count, 0)
        sendAll(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), over: connection)
    }
    defer { garbage.stop() }
    #expect(
        await asked("redis://127.0.0.1:\(garbage.port)")
            == .failed(.other("the answer is not Redis'")))
}

@Test(arguments: ["redis://", "redis:///2", "rediss://:p@host:1/?db=4", "redis://[::1]:7/"])
func `a Redis URL is read as redis-py reads it`(text: String) throws {
    let url = try RedisURL(text)
    #expect(["localhost", "host", "::1"].contains(url.host))
}

@Test(arguments: [
    "", "http://host", "redis://host:0", "redis://host/x", "redis://host/-1", "redis://a b/",
])
func `what is no Redis URL is refused`(text: String) {
    #expect(throws: RedisError.malformedURL) { try RedisURL(text) }
}
