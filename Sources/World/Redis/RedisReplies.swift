internal import CHiredis

/// Redis' answers, of bytes as they come: hiredis' parser, for the simple ones only.
final class RedisReplies {
    private let reader: UnsafeMutablePointer<redisReader>
    /// Of the answer that is not whole yet.
    private var waiting = 0

    init() throws(RedisError) {
        guard let reader = redisReaderCreate() else { throw .unable("out of memory") }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func feed(_ bytes: [UInt8]) throws(RedisError) {
        waiting += bytes.count
        // INFO, the longest answer we ask for, is about 6 KiB.
        guard waiting <= Self.replyBytesMax else { throw .failed("the answer has no end") }
        let isTaken = bytes.withUnsafeBytes {
            redisReaderFeed(reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count)
        }
        guard isTaken == REDIS_OK else { throw .unable("out of memory") }
    }

    /// The text of the next one (a nil text: it has none); nil: it is not whole yet. Redis' error is thrown.
    func next() throws(RedisError) -> String?? {
        try refuseNested()
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &reply) == REDIS_OK else {
            throw .failed("the answer is not Redis'")
        }
        guard let reply else { return nil }
        waiting = 0
        defer { freeReplyObject(reply) }
        return .some(try text(of: reply.assumingMemoryBound(to: redisReply.self).pointee))
    }

    /// What we ask is answered with a status, an error, a number or a text; a list's head may claim memory for
    /// billions of elements.
    private func refuseNested() throws(RedisError) {
        let state = reader.pointee
        guard state.ridx == -1, state.pos < state.len, let buffer = state.buf else { return }
        guard "+-:$".utf8.contains(UInt8(bitPattern: buffer[state.pos])) else {
            throw .failed("the answer is not Redis'")
        }
    }

    private func text(of reply: redisReply) throws(RedisError) -> String? {
        let text = reply.str.map {
            String(
                decoding: UnsafeRawBufferPointer(start: $0, count: Int(reply.len)), as: UTF8.self)
        }
        switch reply.type {
        case REDIS_REPLY_ERROR: throw .failed(text ?? "error")
        case REDIS_REPLY_INTEGER: return String(reply.integer)
        default: return text
        }
    }

    static let replyBytesMax = 1 << 20
}
