internal import NIOCore
internal import NIOHTTP1

/// One connection: its requests, one after the other.
final class Visit: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let service: Service
    private var request: Request?
    private var keepsAlive = true
    private var isBusy = false
    private var isLeaving = false
    private var hasAnswered = false
    private var channel: (any Channel)?

    init(_ service: Service) { self.service = service }

    func handlerAdded(context: ChannelHandlerContext) { channel = context.channel }

    /// Closes the connection after the answer under way. A request that is on its way is still answered: one
    /// certainly follows a new connection; on another it may just have arrived.
    func leave() {
        isLeaving = true
        guard !isBusy, let channel else { return }
        let patience = TimeAmount.milliseconds(hasAnswered ? 50 : 500)
        channel.eventLoop.assumeIsolated().scheduleTask(in: patience) {
            if !self.isBusy { channel.close(promise: nil) }
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isBusy = true
            keepsAlive = head.isKeepAlive
            request = Request(
                method: head.method.rawValue, target: head.uri,
                isLocal: context.remoteAddress?.isLoopback ?? false)
            request?.accept = head.headers[canonicalForm: "accept"].joined(separator: ",")
        case .body(let bytes):
            let room = Self.bodyBytesMax - (request?.body.count ?? 0)
            request?.body.append(contentsOf: bytes.readableBytesView.prefix(room))
        case .end:
            guard let request else { return }
            self.request = nil
            service.take(request, on: context.eventLoop.assumeIsolated()) { answer in
                self.send(answer, context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private static let bodyBytesMax = 1 << 20

    private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders([
            ("Content-Type", answer.type), ("Server", "catalyst-standin"),
        ])
        if case .events = answer.manner {
            headers.add(name: "Transfer-Encoding", value: "chunked")
        } else {
            headers.add(name: "Content-Length", value: String(answer.body.count))
        }
        if let location = answer.location { headers.add(name: "Location", value: location) }
        let isLast = isLeaving || !keepsAlive
        if isLast { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: answer.status)
        context.write(
            wrapOutboundOut(
                .head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        switch answer.manner {
        case .whole:
            context.write(
                wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            end(context)
        case .trickled:
            context.flush()
            trickle(answer.body[...], context)
        case .events(let count, let pause):
            context.flush()
            stream(answer.body, count, pause, context)
        }
    }

    private func stream(
        _ event: [UInt8], _ count: Int, _ pause: TimeAmount, _ context: ChannelHandlerContext
    ) {
        guard count > 0 else { return end(context) }
        guard context.channel.isActive else { return }
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: event)))), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.stream(event, count - 1, pause, context)
        }
    }

    private func trickle(_ rest: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        guard let byte = rest.first else { return end(context) }
        guard context.channel.isActive else { return }
        context.writeAndFlush(
            wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: [byte])))), promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) {
            self.trickle(rest.dropFirst(), context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        (isBusy, hasAnswered) = (false, true)
        let sent = context.eventLoop.makePromise(of: Void.self)
        let isLast = isLeaving || !keepsAlive
        sent.futureResult.assumeIsolated().whenComplete { _ in
            if isLast { context.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: sent)
    }
}

extension SocketAddress {
    fileprivate var isLoopback: Bool {
        guard let ipAddress else { return false }
        return ipAddress.hasPrefix("127.") || ipAddress == "::1"
            || ipAddress.hasPrefix("::ffff:127.")
    }
}
