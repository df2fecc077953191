internal import CollectorProtocol
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import StackModel

/// Serves `/metrics` on loopback: each request is passed on to the agent, which knows what to say.
/// Confined to its event loop.
final class MetricsServer {
    private let loop: any EventLoop
    private let scrape: (UInt64) -> Void
    private var listener: (any Channel)?
    private var port: Port?
    private var connections: [ObjectIdentifier: any Channel] = [:]
    private var asked: [UInt64: (Page?) -> Void] = [:]
    private var lastID: UInt64 = 0

    /// `scrape` asks the agent for a page with this id.
    init(on loop: any EventLoop, scrape: @escaping (UInt64) -> Void) {
        self.loop = loop
        self.scrape = scrape
    }

    /// Listens there, and nowhere else; with port 0 nowhere at all. `answer` is not called then;
    /// otherwise once: with nothing, or with why it does not listen.
    func serve(_ new: Port, answer: @escaping (String) -> Void) {
        if new == port, listener != nil { return answer("") }
        close()
        guard new.number != 0 else { return }
        guard let address = Self.loopback(new) else {
            return answer(
                "cannot serve metrics at '\(new.address)': only loopback is allowed, as 127.0.0.1"
            )
        }
        port = new
        let bound = NIOLoopBound(self, eventLoop: loop)
        ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 16)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.take(channel) }
            }
            .bind(to: address).assumeIsolated().whenComplete { result in
                self.bound(result, to: new, answer)
            }
    }

    /// The agent's answer to a scrape; too late ones are for nobody.
    func receive(_ page: Page) { asked.removeValue(forKey: page.id)?(page) }

    /// Asks the agent. `answer` is called once, with nil when its time is up.
    func ask(answer: @escaping (Page?) -> Void) {
        lastID += 1
        let id = lastID
        asked[id] = answer
        loop.assumeIsolated().scheduleTask(in: MetricsLimits.agentsTime) { [weak self] in
            self?.asked.removeValue(forKey: id)?(nil)
        }
        scrape(id)
    }

    private func bound(
        _ result: Result<any Channel, any Error>, to new: Port, _ answer: (String) -> Void
    ) {
        switch result {
        // Another order came meanwhile.
        case .success(let channel) where port != new || listener != nil:
            channel.close(promise: nil)
            answer("")
        case .success(let channel):
            listener = channel
            answer("")
        case .failure(let error):
            if port == new { port = nil }
            let reason = (error as? IOError).map { words(for: $0.errnoCode) } ?? "\(error)"
            answer(
                "cannot serve metrics at \(new.address):\(new.number): \(reason)"
                    + " (choose another port, or stop what listens there)")
        }
    }

    private func close() {
        port = nil
        listener?.close(promise: nil)
        listener = nil
        for channel in connections.values { channel.close(promise: nil) }
    }

    private func take(_ channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        guard connections.count < MetricsLimits.connectionsMax else {
            return try pipeline.addHandler(Refusal("503 Service Unavailable"))
        }
        let key = ObjectIdentifier(channel)
        connections[key] = channel
        channel.closeFuture.assumeIsolated().whenComplete { _ in self.connections[key] = nil }
        let limit = RequestLimit()
        try pipeline.addHandler(limit)
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(MetricsExchange(self, limit))
    }

    /// Numeric, and only ever reached from this host.
    private static func loopback(_ port: Port) -> SocketAddress? {
        let text = port.address == "localhost" ? "127.0.0.1" : port.address
        guard Port(address: text, number: port.number).isLoopback else { return nil }
        // What is no address is refused like a foreign one.
        return try? SocketAddress(ipAddress: text, port: Int(port.number))
    }
}

/// Bounds of `/metrics`, with their reasons.
enum MetricsLimits {
    /// A Prometheus, and some people with curl.
    static let connectionsMax = 8
    /// Browsers send some 1 KiB.
    static let requestBytesMax = 8 << 10
    /// For a whole request to come, and for an answer to be taken; an idle connection is closed
    /// after it.
    static let clientsTime = TimeAmount.seconds(5)
    /// The agent answers in milliseconds unless it hangs. Prometheus gives up after 10 s.
    static let agentsTime = TimeAmount.seconds(2)
}
