internal import CollectorProtocol
internal import Glibc
internal import NIOCore
internal import Probing
internal import StackModel

/// Looks closely at things on the agent's behalf, a few at once. Confined to its event loop.
///
/// Each look has a thread of its own, which ends with it: looks are minutes apart, and an idle
/// thread's memory is not given back.
final class Inspector {
    private let loop: any EventLoop
    private var waiting: [Look] = []
    private var underWay = 0

    /// Redis, Postgres, the certificates and the front door at once.
    static let atOnceMax = 4
    /// So many may wait for their turn: each service of a large stack may be a Redis.
    static let waitingMax = 64

    init(on loop: any EventLoop) { self.loop = loop }

    /// `answer` is called once, on the loop, within the request's time limit.
    func look(_ request: InspectRequest, answer: @escaping (InspectionResult) -> Void) {
        guard waiting.count < Self.waitingMax else {
            let words = "cannot look: \(Self.waitingMax) others wait already"
            return answer(.failed(words, isAway: false))
        }
        let look = Look(request, answer)
        waiting.append(look)
        // Never cancelled: NIO searches all its timers for one to cancel.
        loop.assumeIsolated().scheduleTask(in: TimeAmount(request.timeout)) { [weak look] in
            look?.timeIsUp()
        }
        proceed()
    }

    private func proceed() {
        while underWay < Self.atOnceMax, !waiting.isEmpty {
            let look = waiting.removeFirst()
            guard !look.isOver else { continue }
            begin(look)
        }
    }

    private func begin(_ look: Look) {
        look.hasTurn = true
        underWay += 1
        let (inspection, limit) = (look.inspection, look.remaining)
        let bound = NIOLoopBound((self, look), eventLoop: loop)
        let loop = loop
        let isStarted = inThread {
            let result = inspect(inspection, within: limit)
            loop.execute {
                let (inspector, look) = bound.value
                look.finish(result)
                inspector.underWay -= 1
                inspector.proceed()
            }
        }
        guard !isStarted else { return }
        underWay -= 1
        look.finish(.failed("cannot look: there is no thread to be had", isAway: false))
    }
}

/// One look; answered exactly once.
private final class Look {
    let inspection: Inspection
    var hasTurn = false
    private let deadline: ContinuousClock.Instant
    private var answer: ((InspectionResult) -> Void)?

    init(_ request: InspectRequest, _ answer: @escaping (InspectionResult) -> Void) {
        inspection = request.inspection
        deadline = .now + request.timeout
        self.answer = answer
    }

    var isOver: Bool { answer == nil }
    var remaining: Duration { deadline - .now }

    func finish(_ result: InspectionResult) {
        answer?(result)
        answer = nil
    }

    func timeIsUp() {
        finish(
            hasTurn
                ? .failed("no answer in time", isAway: true)
                : .failed("cannot look: all threads wait for other slow servers", isAway: false))
    }
}

/// Whether there was a thread for it.
private func inThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let error = pthread_create(
        &thread, nil,
        { raw in
            guard let raw else { return nil }
            Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body()
            return nil
        }, box.toOpaque())
    guard error == 0 else {
        box.release()
        return false
    }
    pthread_detach(thread)
    return true
}
