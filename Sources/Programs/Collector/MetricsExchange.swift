internal import CollectorProtocol
internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// One client of `/metrics`, request after request.
final class MetricsExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: MetricsServer
    private let limit: RequestLimit
    private var head: HTTPRequestHead?
    /// Which wait is on: a timer of an earlier one means nothing.
    private var wait = 0

    init(_ server: MetricsServer, _ limit: RequestLimit) {
        self.server = server
        self.limit = limit
    }

    func channelActive(context: ChannelHandlerContext) { waitForClient(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            limit.startOver()
            wait += 1
            if let head { answer(head, context) }
            head = nil
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = request.uri.prefix { $0 != "?" }
        guard path == "/metrics" else {
            return send(.notFound, "there is only /metrics\n", to: request, context)
        }
        guard request.method == .GET || request.method == .HEAD else {
            return send(.methodNotAllowed, "only GET and HEAD\n", to: request, context)
        }
        server.ask { page in
            guard context.channel.isActive else { return }
            if let page {
                self.send(.ok, page.text, page.contentType, to: request, context)
            } else {
                self.send(.serviceUnavailable, "the agent does not answer\n", to: request, context)
            }
        }
    }

    private func send(
        _ status: HTTPResponseStatus, _ text: String,
        _ contentType: String = "text/plain; charset=utf-8", to request: HTTPRequestHead,
        _ context: ChannelHandlerContext
    ) {
        // A header cannot hold what would begin another one.
        let type = String(contentType.filter { !$0.isNewline })
        var headers = HTTPHeaders([
            ("Content-Type", type), ("Content-Length", "\(text.utf8.count)"),
            ("Cache-Control", "no-store"),
        ])
        if status == .methodNotAllowed { headers.add(name: "Allow", value: "GET, HEAD") }
        let isKept = request.isKeepAlive
        headers.add(name: "Connection", value: isKept ? "keep-alive" : "close")
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        }
        // While the answer waits for a slow client, and then while the next request is waited for.
        waitForClient(context)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { result in
            guard case .success = result, isKept else { return context.close(promise: nil) }
            self.waitForClient(context)
        }
    }

    private func waitForClient(_ context: ChannelHandlerContext) {
        wait += 1
        let number = wait
        context.eventLoop.assumeIsolated().scheduleTask(in: MetricsLimits.clientsTime) {
            [weak self] in
            if self?.wait == number { context.close(promise: nil) }
        }
    }
}

/// Refuses requests that are longer than they can sensibly be.
final class RequestLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var received = 0
    private var hasRefused = false

    /// The next request begins.
    func startOver() { received = 0 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasRefused else { return }
        received += unwrapInboundIn(data).readableBytes
        guard received > MetricsLimits.requestBytesMax else { return context.fireChannelRead(data) }
        hasRefused = true
        refuse("431 Request Header Fields Too Large", context)
    }
}

/// Says no to whoever connects.
final class Refusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let status: String
    init(_ status: String) { self.status = status }

    func channelActive(context: ChannelHandlerContext) { refuse(status, context) }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}

private func refuse(_ status: String, _ context: ChannelHandlerContext) {
    let text = "HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    context.writeAndFlush(NIOAny(ByteBuffer(string: text))).assumeIsolated().whenComplete { _ in
        context.close(promise: nil)
    }
}

/// `address already in use`: strerror's words in the middle of a sentence.
func words(for error: CInt) -> String {
    strerror(error).map { String(cString: $0) }?.lowercased() ?? "error \(error)"
}
