@preconcurrency internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Accepts connections until it is told to stop, and then waits for the requests under way.
/// Confined to its loop.
final class Server {
    enum Endpoint {
        case address(String, UInt16)
        case inherited(CInt)
    }

    private let service: Service
    private let loop: any EventLoop
    private var listener: (any Channel)?
    private var visits: [ObjectIdentifier: Visit] = [:]
    private var isStopping = false
    private var latecomers = 0
    /// As many as can wait when it is told to stop.
    private static let backlog = 1024

    init(_ service: Service, on loop: any EventLoop) {
        self.service = service
        self.loop = loop
    }

    func listen(on endpoint: Endpoint, then use: @escaping (String) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: CInt(Self.backlog))
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try bound.value.welcome(channel) }
            }
        let name: String
        let listening: EventLoopFuture<any Channel>
        switch endpoint {
        case .address(let host, let port):
            name = "\(host):\(port)"
            listening = bootstrap.bind(host: host, port: Int(port))
        case .inherited(let descriptor):
            name = "descriptor \(descriptor)"
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            listening = bootstrap.withBoundSocket(descriptor)
        }
        listening.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                self.listener = channel
                use(name)
            case .failure(let error):
                fail("cannot listen on \(name): \(words(for: error))")
            }
        }
    }

    /// Ends the process: when all who came are answered, or shortly before a supervisor's patience is over.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        notify("STOPPING=1")
        let patience = TimeAmount.milliseconds(service.faults.isSlow ? 900 : 8000)
        loop.assumeIsolated().scheduleTask(in: patience) { exit(0) }
        for visit in visits.values { visit.leave() }
        closeListener()
    }

    /// Who waits in its queue is taken in first: closing it would reset them.
    private func closeListener() {
        guard let listener, listener.hasQueue, latecomers < Self.backlog, !service.faults.hangs
        else {
            self.listener?.close(promise: nil)
            self.listener = nil
            return leaveIfEmpty()
        }
        loop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.closeListener() }
    }

    private func welcome(_ channel: any Channel) throws {
        let visit = Visit(service)
        let id = ObjectIdentifier(visit)
        visits[id] = visit
        channel.closeFuture.assumeIsolated().whenComplete { _ in
            self.visits[id] = nil
            self.leaveIfEmpty()
        }
        try channel.pipeline.syncOperations.configureHTTPServerPipeline()
        try channel.pipeline.syncOperations.addHandler(visit)
        guard isStopping else { return }
        latecomers += 1
        visit.leave()
    }

    private func leaveIfEmpty() {
        guard isStopping, listener == nil else { return }
        if visits.isEmpty || service.faults.hangs { exit(0) }
    }
}

extension Channel {
    /// Whether somebody waits to be accepted.
    fileprivate var hasQueue: Bool {
        let isReadable = try? pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { descriptor in
            var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            return poll(&question, 1, 0) > 0
        }
        return isReadable ?? false
    }
}

private func words(for error: any Error) -> String {
    guard let error = error as? IOError, let text = strerror(error.errnoCode) else {
        return "\(error)"
    }
    return String(cString: text).lowercased()
}
