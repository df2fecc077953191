@preconcurrency internal import Glibc
internal import NIOCore

/// What may be wrong with the answer to `/health`.
enum WrongBody: String, CaseIterable {
    case notJSON = "not-json"
    case wrongService = "wrong-service"
    case wrongSchema = "wrong-schema"
    case stale
    case http500 = "http-500"
    case redirect
    case huge
    /// A byte each second.
    case slow
}

/// What is wrong with this service at the moment. Confined to its event loop.
final class Faults {
    var hangs = false
    var isUnhealthy = false
    var ignoresTermination = false
    var wrongBody: WrongBody?
    /// Before each answer to `/health`.
    var delay: TimeAmount = .zero
    private let loop: NIOIsolatedEventLoop
    private var leaked: [[UInt8]] = []
    private var leaking: Scheduled<Void>?
    private var flood: Flood?
    private var children: [pid_t] = []

    var isSlow: Bool { delay > .zero || wrongBody == .slow }

    init(on loop: NIOIsolatedEventLoop) { self.loop = loop }

    func clear() {
        hangs = false
        isUnhealthy = false
        ignoresTermination = false
        wrongBody = nil
        delay = .zero
        leaking?.cancel()
        leaked = []
        flood?.stop()
        flood = nil
        for child in children {
            kill(child, SIGKILL)
            waitpid(child, nil, 0)
        }
        children = []
    }

    func leak(megabytesPerSecond rate: Double) {
        leaking?.cancel()
        leaking = loop.scheduleTask(in: .milliseconds(100)) {
            // Ones: a page of zeros is not resident until it is written.
            self.leaked.append([UInt8](repeating: 1, count: max(0, Int(rate * 100_000))))
            self.leak(megabytesPerSecond: rate)
        }
    }

    func floodLog(bytesPerSecond rate: Int) {
        flood?.stop()
        flood = Flood(bytesPerSecond: rate)
    }

    /// Starts processes that outlive this one.
    func fork(_ count: Int, ownSession: Bool) {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let flags = CInt(POSIX_SPAWN_SETSIGMASK) | (ownSession ? POSIX_SPAWN_SETSID : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        for _ in 0..<min(count, 1000) {
            var arguments: [UnsafeMutablePointer<CChar>?] = [
                strdup("sleep"), strdup("1000000"), nil,
            ]
            defer { for argument in arguments { free(argument) } }
            var pid: pid_t = 0
            let error = posix_spawn(&pid, "/bin/sleep", nil, &attributes, &arguments, environ)
            guard error == 0 else { return print("cannot run '/bin/sleep': \(error)") }
            children.append(pid)
        }
    }
}

/// GNU's, which Glibc's module lacks.
private let POSIX_SPAWN_SETSID: CInt = 0x80
