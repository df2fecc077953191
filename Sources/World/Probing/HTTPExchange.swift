internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// One request and its answer, at the end of a channel that serves for nothing else.
final class HTTPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    enum Result: Equatable {
        case answer(httpStatus: Int, body: [UInt8])
        /// The body goes on past the limit.
        case tooLarge(httpStatus: Int, body: [UInt8])
        /// In words.
        case broken(String)
    }

    private let url: HTTPURL
    private var httpStatus = 0
    private var body: [UInt8] = []
    private var completion: ((Result) -> Void)?

    init(_ url: HTTPURL, completion: @escaping (Result) -> Void) {
        self.url = url
        self.completion = completion
    }

    func channelActive(context: ChannelHandlerContext) {
        var headers = HTTPHeaders([
            ("Host", url.authority), ("User-Agent", "catalyst-collector"), ("Accept", "*/*"),
            ("Connection", "close"),
        ])
        if let authorization = url.authorization {
            headers.add(name: "Authorization", value: authorization)
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: url.target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            httpStatus = Int(head.status.code)
        case .body(let bytes):
            let room = ProbingLimits.bodyBytesMax - body.count
            body.append(contentsOf: bytes.readableBytesView.prefix(room))
            if bytes.readableBytes > room {
                finish(.tooLarge(httpStatus: httpStatus, body: body), context)
            }
        case .end:
            finish(.answer(httpStatus: httpStatus, body: body), context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.broken(Self.words(for: error)), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.broken("connection closed before the end of the answer"), context)
    }

    private func finish(_ result: Result, _ context: ChannelHandlerContext) {
        let completion = completion
        self.completion = nil
        completion?(result)
        context.close(promise: nil)
    }

    private static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNRESET: "connection reset"
        case let error as IOError: Probing.words(for: error.errnoCode)
        case HTTPParserError.invalidEOFState: "connection closed before the end of the answer"
        case is HTTPParserError: "the answer is not HTTP"
        default: "\(error)"
        }
    }
}
