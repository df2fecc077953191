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

    init(_ service: Service, on loop: any EventLoop) {
        self.service = service
        self.loop = loop
    }

    func listen(on endpoint: Endpoint, then use: @escaping (String) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let bootstrap = ServerBootstrap(group: loop)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
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

    /// Ends the process: at once, or when the requests under way are answered, or after nine tenths
    /// of a second.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        notify("STOPPING=1")
        listener?.close(promise: nil)
        loop.assumeIsolated().scheduleTask(in: .milliseconds(900)) { exit(0) }
        for visit in visits.values { visit.endWhenIdle() }
        leaveIfEmpty()
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
        if isStopping { visit.endWhenIdle() }
    }

    private func leaveIfEmpty() {
        if isStopping, visits.isEmpty || service.faults.hangs { exit(0) }
    }
}

private func words(for error: any Error) -> String {
    guard let error = error as? IOError, let text = strerror(error.errnoCode) else {
        return "\(error)"
    }
    return String(cString: text).lowercased()
}
