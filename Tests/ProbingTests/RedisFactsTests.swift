internal import Glibc
internal import StackModel
internal import TestSupport
internal import Testing

@testable internal import Probing
@testable internal import Redis

/// What is found about it as soon as `isDone`; nil: not in time.
private func facts(
    _ url: String, until isDone: (RedisFacts) -> Bool = { _ in true }
) async -> RedisFacts? {
    let deadline = ContinuousClock.now + .seconds(20)
    var last: RedisFacts?
    while ContinuousClock.now < deadline {
        if case .redis(let facts) = inspect(.redis(url: url), within: .seconds(5)) {
            last = facts
            if isDone(facts) { return facts }
        }
        await Task.yield()
    }
    Issue.record("not in time: \(last.map { "\($0)" } ?? "never answered")")
    return nil
}

/// Sends commands over one connection; what Redis says of them does not matter here.
private func tell(_ redis: LocalRedis, _ commands: [[String]]) throws {
    let connection = try RedisConnection(to: RedisURL(redis.url()), by: .now + .seconds(20))
    for command in commands { _ = try? connection.ask(command) }
}

private func writes(_ count: Int, bytes: Int) -> [[String]] {
    (0..<count).map { ["SET", "key\($0)", String(repeating: "x", count: bytes)] }
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `a real Redis tells about itself`() async throws {
    let redis = LocalRedis(options: ["--appendonly", "yes"])
    defer { redis.stop() }
    let found = try #require(await facts(redis.url()))
    #expect(found.version.contains("."))
    #expect(found.role == "master")
    #expect(found.memory > 100_000)
    #expect(found.memoryMax == 0)
    #expect(found.evictedKeys == 0)
    #expect(found.clients >= 1)
    #expect(found.isAOFEnabled)
    #expect(found.persistenceErrors == [])
    #expect(found.latency > .zero)
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `a full Redis evicts`() async throws {
    let redis = LocalRedis(options: [
        "--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru",
    ])
    defer { redis.stop() }
    _ = try #require(await facts(redis.url()))
    try tell(redis, writes(100, bytes: 100_000))
    let found = try #require(await facts(redis.url()) { $0.evictedKeys > 0 })
    #expect(found.memoryMax == 4 << 20)
    #expect(!found.isAOFEnabled)
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `a failed write to the append-only file is told`() async throws {
    let redis = LocalRedis(options: ["--appendonly", "yes"], fileBlocksMax: 512)
    defer { redis.stop() }
    _ = try #require(await facts(redis.url()))
    try tell(redis, writes(20, bytes: 100_000))
    let found = try #require(await facts(redis.url()) { !$0.persistenceErrors.isEmpty })
    #expect(found.persistenceErrors.contains("the last write to the append-only file failed"))
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `a failed snapshot is told`() async throws {
    let redis = LocalRedis(fileBlocksMax: 1)
    defer { redis.stop() }
    _ = try #require(await facts(redis.url()))
    try tell(
        redis, writes(5, bytes: 10_000) + [["CONFIG", "SET", "rdbcompression", "no"], ["BGSAVE"]])
    let found = try #require(await facts(redis.url()) { !$0.persistenceErrors.isEmpty })
    #expect(found.persistenceErrors == ["the last snapshot (BGSAVE) failed"])
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `a replica is known as one`() async throws {
    let master = LocalRedis()
    defer { master.stop() }
    let replica = LocalRedis(options: ["--replicaof", "127.0.0.1 \(master.port)"])
    defer { replica.stop() }
    #expect(try #require(await facts(replica.url())).role == "replica")
}

@Test(.enabled(if: LocalRedis.isInstalled, "redis-server is not installed"), .ownThreads)
func `who has the password is told, who has not is not away`() async throws {
    let redis = LocalRedis(password: "geheim")
    defer { redis.stop() }
    _ = try #require(await facts(redis.url(":geheim@")))
    let refused = inspect(.redis(url: redis.url()), within: .seconds(20))
    #expect(refused == .failed("NOAUTH Authentication required.", isAway: false))
    guard
        case .failed(let words, false) = inspect(
            .redis(url: redis.url(":falsch@")), within: .seconds(20))
    else {
        Issue.record("a wrong password opens")
        return
    }
    #expect(!words.contains("falsch"))
}

@Test func `a Redis that is not there is away`() {
    let port = RawServer(listens: false) { _ in }.port
    let url = "redis://:geheim@127.0.0.1:\(port)"
    #expect(
        inspect(.redis(url: url), within: .seconds(5))
            == .failed("connection refused", isAway: true))
    let silent = RawServer { awaitEnd($0) }
    defer { silent.stop() }
    #expect(
        inspect(.redis(url: "redis://127.0.0.1:\(silent.port)"), within: .milliseconds(100))
            == .failed("no answer in time", isAway: true))
    guard case .failed(_, false) = inspect(.redis(url: "http://x"), within: .seconds(5)) else {
        Issue.record("a bad URL was asked")
        return
    }
}

private let trouble = """
    # Server\r
    redis_version:6.0.16\r
    # Persistence\r
    loading:1\r
    loading_loaded_perc:42.10\r
    aof_enabled:1\r
    aof_last_write_status:err\r
    aof_last_bgrewrite_status:err\r
    rdb_last_bgsave_status:err\r
    # Replication\r
    role:slave\r
    used_memory:abc\r
    :\r
    maxmemory:99999999999999999999\r
    """

@Test func `INFO's complaints are put into words`() {
    var facts = RedisFacts()
    facts.take(info: trouble)
    #expect(facts.version == "6.0.16")
    #expect(facts.role == "replica")
    #expect(facts.isAOFEnabled)
    #expect(facts.memory == 0)
    #expect(facts.memoryMax == 0)
    #expect(
        facts.persistenceErrors == [
            "it is still loading its data (42.10 % so far)",
            "the last write to the append-only file failed",
            "the last rewrite of the append-only file failed",
            "the last snapshot (BGSAVE) failed",
        ])
}

@Test(arguments: ["", "garbage", "\r\n\r\n", ":::", "role"])
func `what is no INFO says nothing`(text: String) {
    var facts = RedisFacts()
    facts.take(info: text)
    #expect(facts == RedisFacts())
}

@Test(arguments: [
    "*2147483647\r\n", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "%1\r\n", "HTTP/1.1 400\r\n",
])
func `only the answers that we ask for are read`(text: String) throws {
    let replies = try RedisReplies()
    try replies.feed(Array(text.utf8))
    #expect(throws: RedisError.failed("the answer is not Redis'")) { try replies.next() }
}

@Test func `an answer without an end is given up`() throws {
    let replies = try RedisReplies()
    try replies.feed(Array("$2147483647\r\n".utf8))
    let error = #expect(throws: RedisError.self) {
        for _ in 0..<200 {
            try replies.feed([UInt8](repeating: 0, count: 8192))
            _ = try replies.next()
        }
    }
    #expect(error == .failed("the answer has no end"))
}

@Test func `answers come one by one, however they are cut`() throws {
    let replies = try RedisReplies()
    var found: [String?] = []
    for byte in "+PONG\r\n:12\r\n$-1\r\n$2\r\nhi\r\n".utf8 {
        try replies.feed([byte])
        while let text = try replies.next() { found.append(text) }
    }
    #expect(found == ["PONG", "12", nil, "hi"])
}
