import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Probing
@testable import StackModel

/// An HTTP answer over TLS, as far as it has come.
func fuzzHTTPAnswer(_ bytes: [UInt8]) throws {
    let limit = 256
    let part = Array(bytes.prefix(bytes.count / 2))
    let early = HTTPAnswer(part, isEnd: false, bodyBytesMax: limit)
    let late = HTTPAnswer(bytes, isEnd: false, bodyBytesMax: limit)
    let final = HTTPAnswer(bytes, isEnd: true, bodyBytesMax: limit)
    if early != .incomplete {
        try promise(late.isLike(early), "\(early) has become \(late) with more bytes")
    }
    try promise(final != .incomplete, "incomplete at the end")
    for answer in [early, late, final] {
        try promise(answer.body.count <= limit, "a body of \(answer.body.count) bytes")
    }
    if case .whole(let status, let body) = final {
        try promise(httpStatus(of: bytes) == status, "two statuses for one answer")
        fuzzHealth(status, body)
    }
}

/// The same over plain TCP, as swift-nio reads it.
func fuzzHTTPExchange(_ bytes: [UInt8]) throws {
    let step = Int(bytes.first ?? 0) % 64 + 1
    var results: [HTTPExchange.Result] = []
    let exchange = HTTPExchange(try HTTPURL("http://localhost/health")) { results.append($0) }
    let channel = EmbeddedChannel()
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTPRequestEncoder())
    try pipeline.addHandler(
        ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes)))
    try pipeline.addHandler(exchange)
    channel.connect(to: try SocketAddress(unixDomainSocketPath: "/nowhere"), promise: nil)
    for start in stride(from: 1, to: bytes.count, by: step) where channel.isActive {
        let piece = bytes[start..<min(start + step, bytes.count)]
        // What is no HTTP is told to the exchange, and thrown here.
        _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
    }
    _ = try? channel.finish(acceptAlreadyClosed: true)
    try promise(results.count == 1, "\(results.count) results of one question")
    if case .answer(let status, let body) = results[0] { fuzzHealth(status, body) }
}

private func fuzzHealth(_ status: Int, _ body: [UInt8]) {
    var strict = Contract()
    strict.schema = "1"
    strict.freshness = .seconds(60)
    for contract in [Contract(), strict] {
        _ = HealthBody.outcome(
            httpStatus: status, body: body, service: "api", contract: contract,
            now: Timestamp(nanoseconds: 1_795_000_000_000_000_000))
    }
}

/// The body of a health answer alone.
func fuzzHealthBody(_ bytes: [UInt8]) throws { fuzzHealth(200, bytes) }

extension HTTPAnswer {
    fileprivate var body: [UInt8] {
        switch self {
        case .whole(_, let body), .tooLarge(_, let body): body
        case .incomplete, .broken: []
        }
    }

    /// Without a length the end of the connection is the body's.
    fileprivate func isLike(_ earlier: HTTPAnswer) -> Bool {
        switch (earlier, self) {
        case (.whole, .whole), (.tooLarge, .tooLarge), (.broken, .broken): true
        default: false
        }
    }
}
