@testable import Redis
@testable import StackModel

/// A Redis' answers, cut into pieces as a socket cuts them.
func fuzzRedis(_ bytes: [UInt8]) throws {
    let step = Int(bytes.first ?? 0) % 32 + 1
    let replies = try RedisReplies()
    var taken = 0
    do throws(RedisError) {
        for start in stride(from: 1, to: bytes.count, by: step) {
            try replies.feed(Array(bytes[start..<min(start + step, bytes.count)]))
            while let reply = try replies.next() {
                taken += 1
                guard let text = reply else { continue }
                var facts = RedisFacts()
                facts.take(info: text)
            }
        }
    } catch { _ = error.description }
    try promise(taken <= bytes.count, "more answers than bytes")
}
