@preconcurrency internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import StackModel

/// One run: listens, gets into the trouble it was told to, and ends in order. Confined to its event
/// loop.
final class Life {
    private let options: Standin
    private let threads = NIOThreadPool(numberOfThreads: 3)

    init(of options: Standin) { self.options = options }

    func live() -> Never {
        // First: threads inherit what is blocked.
        let signals = blockedSignals()
        threads.start()
        MultiThreadedEventLoopGroup.withCurrentThreadAsEventLoop { loop in
            self.begin(on: loop, signals)
        }
        exit(0)
    }

    private func begin(on loop: any EventLoop, _ signals: sigset_t) {
        let faults = Faults(on: loop.assumeIsolated())
        let dependencies = Dependencies(
            redis: options.redis ?? environment("REDIS_URL"),
            postgres: options.postgres ?? environment("DATABASE_URL"), threads: threads, on: loop)
        let version = version
        let service = Service(
            identity: Identity(name: options.name, version: version, schema: options.schema),
            faults: faults, dependencies: dependencies)
        let server = Server(service, on: loop)
        server.listen(on: endpoint) { listening in
            print("\(self.options.name) \(version) listens on \(listening), pid \(getpid())")
            notify("READY=1\nSTATUS=listens on \(listening)")
            self.makeTrouble(faults, on: loop.assumeIsolated())
        }
        watch(signals, server, faults, on: loop)
    }

    private var version: String {
        if let path = options.versionFile { return firstLine(of: path) }
        return options.versionName ?? environment("CATALYST_VERSION") ?? "5.3.0"
    }

    private var endpoint: Server.Endpoint {
        if let descriptor = options.fd ?? inheritedSocket() { return .inherited(descriptor) }
        guard let port = options.port else { fail("no --port and no --fd: nothing to listen on") }
        return .address(options.host, port)
    }

    private func makeTrouble(_ faults: Faults, on loop: NIOIsolatedEventLoop) {
        faults.wrongBody = options.wrongBody
        faults.ignoresTermination = options.ignoreTermination
        if let rate = options.leak { faults.leak(megabytesPerSecond: rate) }
        if options.fork > 0 { faults.fork(options.fork, ownSession: options.forkSetsid) }
        if let rate = options.logFlood { faults.floodLog(bytesPerSecond: rate) }
        let code = options.exitCode
        after(options.hangAfter, on: loop) { faults.hangs = true }
        after(options.unhealthyAfter, on: loop) { faults.isUnhealthy = true }
        after(options.crashAfter, on: loop) { _exit(code) }
        if let interval = options.logEvery, interval > 0 { log(1, every: interval, on: loop) }
        beatWatchdog(faults, on: loop)
    }

    private func log(_ count: Int, every interval: Double, on loop: NIOIsolatedEventLoop) {
        after(interval, on: loop) {
            print("INFO: \(self.options.name) is alive, line \(count)")
            self.log(count + 1, every: interval, on: loop)
        }
    }

    /// A service that hangs does not feed its watchdog either.
    private func beatWatchdog(_ faults: Faults, on loop: NIOIsolatedEventLoop) {
        guard let microseconds = environment("WATCHDOG_USEC").flatMap(Double.init), microseconds > 0
        else { return }
        if !faults.hangs { notify("WATCHDOG=1") }
        after(microseconds / 2_000_000, on: loop) { self.beatWatchdog(faults, on: loop) }
    }

    private func watch(
        _ signals: sigset_t, _ server: Server, _ faults: Faults, on loop: any EventLoop
    ) {
        let bound = NIOLoopBound((server, faults), eventLoop: loop)
        threads.submit { state in
            guard case .active = state else { return }
            while true {
                let signal = next(of: signals)
                loop.execute {
                    let (server, faults) = bound.value
                    if signal == SIGUSR1 { return faults.hangs.toggle() }
                    if !faults.ignoresTermination { server.stop() }
                }
            }
        }
    }
}

private func after(
    _ seconds: Double?, on loop: NIOIsolatedEventLoop, _ action: @escaping () -> Void
) {
    guard let seconds else { return }
    // Before anybody is answered.
    if seconds <= 0 { return action() }
    loop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9)), action)
}

/// The signals that are waited for, blocked in all threads.
private func blockedSignals() -> sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGUSR1] { sigaddset(&set, number) }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    signal(SIGTERM, SIG_DFL)
    return set
}

private func next(of signals: sigset_t) -> CInt {
    var set = signals
    var number: CInt = 0
    sigwait(&set, &number)
    return number
}

func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
}

private func inheritedSocket() -> CInt? {
    if let number = environment("CATALYST_LISTEN_FD").flatMap({ CInt($0) }) { return number }
    guard let count = environment("LISTEN_FDS").flatMap({ Int($0) }), count > 0 else { return nil }
    // sd_listen_fds(3): the variables may be meant for another process.
    if let pid = environment("LISTEN_PID").flatMap({ pid_t($0) }), pid != getpid() { return nil }
    return 3
}

private func firstLine(of path: String) -> String {
    guard let file = fopen(path, "re") else {
        fail("cannot read '\(path)': \(String(cString: strerror(errno)).lowercased())")
    }
    defer { fclose(file) }
    var bytes = [CChar](repeating: 0, count: 256)
    guard fgets(&bytes, CInt(bytes.count), file) != nil else { fail("'\(path)' is empty") }
    let line = bytes.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: "\n")) }
    return String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

func fail(_ words: String) -> Never {
    fputs("catalyst-standin: \(words)\n", stderr)
    exit(1)
}
