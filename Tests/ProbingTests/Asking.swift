internal import NIOCore
internal import NIOPosix
internal import Probing
internal import StackModel

/// One prober for all tests, so that they also are each other's load.
enum Asking {
    static let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
    /// Touched on the loop only.
    static let prober = NIOLoopBound(Prober(on: loop), eventLoop: loop)

    static func report(
        _ probe: Probe, service: ServiceName = "scanner", contract: Contract = Contract(),
        within timeout: Duration = .seconds(20), awaitsListener: Bool = false,
        from source: String? = nil
    ) async -> Report {
        let question = Question(
            service: service, probe: probe, contract: contract, timeout: timeout,
            awaitsListener: awaitsListener, sourceAddress: source)
        return await withCheckedContinuation { continuation in
            loop.execute {
                prober.value.ask(question) { continuation.resume(returning: $0) }
            }
        }
    }

    static func http(
        _ server: RawServer, path: String = "/health", within timeout: Duration = .seconds(20)
    ) async -> Report {
        await report(.http(url: "http://127.0.0.1:\(server.port)\(path)"), within: timeout)
    }
}
