internal import CollectorProtocol
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import Measuring
internal import NIOCore
internal import NIOPosix
internal import Probing
internal import StackModel

/// What the agent and the collector say to each other: requests in, replies out, nothing remembered
/// in between.
final class Conversation: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let prober: Prober
    private let inspector: Inspector
    /// /proc of a busy host takes milliseconds to read; probes must not wait for it.
    private let sampler = NIOThreadPool(numberOfThreads: 1)
    private let shipping = Shipping()
    private var lines = LineBuffer(lineBytesMax: CollectorLimits.requestBytesMax)
    private var inquiries: [UInt64: Inquiry] = [:]
    private var isFlushDue = false
    private var isGivingBack = false
    private var metrics: MetricsServer?

    init(prober: Prober, inspector: Inspector) {
        self.prober = prober
        self.inspector = inspector
        sampler.start()
    }

    func channelActive(context: ChannelHandlerContext) {
        send(CollectorReply(ready: true), context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lines.append(unwrapInboundIn(data).readableBytesView)
        do {
            while let line = try lines.next() { take(line, context) }
        } catch {
            note("cannot read from the agent: \(error)")
            exit(ExitCode.refused)
        }
    }

    /// An agent that does not listen gets no more answers than it has asked for already.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: context.channel.isWritable)
            .whenFailure { note("cannot pace the agent: \($0)") }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The agent is gone, or as good as: what follows is `channelInactive`.
        note("lost the agent: \(error)")
        context.close(promise: nil)
    }

    private func take(_ line: [UInt8], _ context: ChannelHandlerContext) {
        let request: CollectorRequest
        do { request = try JSONLines.decode(CollectorRequest.self, from: line) } catch {
            let start = String(decoding: line.prefix(80), as: UTF8.self)
            return note("cannot read the request '\(start)', ignoring")
        }
        if let probe = request.probe { ask(probe, context) }
        if let id = request.cancel { inquiries.removeValue(forKey: id)?.cancel() }
        if let sample = request.sample { measure(sample, context) }
        if let inspection = request.inspect { inspect(inspection, context) }
        if let port = request.serve { serve(port, context) }
        if let page = request.page { metrics?.receive(page) }
        if let ship = request.ship {
            shipping.carry(ship, on: context.eventLoop) {
                self.send(CollectorReply(shipped: $0), context)
            }
        }
    }

    private func ask(_ request: ProbeRequest, _ context: ChannelHandlerContext) {
        guard inquiries.count < CollectorLimits.probesMax else {
            let words = "cannot ask: \(CollectorLimits.probesMax) probes are under way already"
            return report(request.id, Report(.unknown(words)), context)
        }
        // The agent has no use for two answers with one id: the later question counts.
        inquiries.removeValue(forKey: request.id)?.cancel()
        inquiries[request.id] = prober.ask(Question(request)) { report in
            self.inquiries[request.id] = nil
            self.report(request.id, report, context)
        }
    }

    private func measure(_ request: SampleRequest, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let loop = context.eventLoop
        sampler.submit { _ in
            let (services, host) = samples(of: request.processes, disks: request.disks)
            loop.execute {
                let (conversation, context) = bound.value
                let samples = Samples(id: request.id, services: services, host: host)
                conversation.send(CollectorReply(samples: samples), context)
                conversation.giveBackSoon(context)
            }
        }
    }

    private func inspect(_ request: InspectRequest, _ context: ChannelHandlerContext) {
        inspector.look(request) { result in
            let inspected = Inspected(id: request.id, result: result)
            self.send(CollectorReply(inspected: inspected), context)
        }
    }

    private func serve(_ port: Port, _ context: ChannelHandlerContext) {
        let server =
            metrics
            ?? MetricsServer(on: context.eventLoop) { id in
                self.send(CollectorReply(scrape: id), context)
            }
        metrics = server
        server.serve(port) { words in self.send(CollectorReply(serving: words), context) }
    }

    private func report(_ id: UInt64, _ report: Report, _ context: ChannelHandlerContext) {
        send(CollectorReply(report: ProbeReport(id: id, report: report)), context)
        giveBackSoon(context)
    }

    /// When the answers that come together are out.
    private func giveBackSoon(_ context: ChannelHandlerContext) {
        guard !isGivingBack else { return }
        isGivingBack = true
        let loop = context.eventLoop.assumeIsolated()
        loop.scheduleTask(in: .milliseconds(300)) {
            self.isGivingBack = false
            Memory.giveBackIdlePages()
        }
    }

    /// Answers that fall due in one turn of the loop leave with one write.
    private func send(_ reply: CollectorReply, _ context: ChannelHandlerContext) {
        do {
            let line = try JSONLines.encode(reply)
            context.write(wrapOutboundOut(ByteBuffer(bytes: line)), promise: nil)
        } catch {
            return note("cannot write a reply: \(error)")
        }
        guard !isFlushDue else { return }
        isFlushDue = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushDue = false
            context.flush()
        }
    }
}

extension Question {
    fileprivate init(_ request: ProbeRequest) {
        self.init(
            service: request.service, probe: request.probe, contract: request.contract,
            timeout: request.timeout, awaitsListener: request.awaitsListener,
            sourceAddress: request.sourceAddress)
    }
}
