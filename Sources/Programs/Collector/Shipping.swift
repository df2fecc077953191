internal import CollectorProtocol
internal import LinuxSystem
internal import NIOCore
internal import Postgres

/// Carries the ledger's records to the database, on a thread of its own, so that a database that
/// hangs delays nothing else. Confined to its event loop.
final class Shipping {
    private let shipper = Shipper { note($0) }
    /// Only a stack with a database pays for it.
    private lazy var thread = WorkerThread(named: "shipping", capacity: 1)
    private var isUnderWay = false

    /// `answer` is called once, on the loop. One request at a time; a second one fails at once.
    func carry(
        _ request: ShipRequest, on loop: any NIOCore.EventLoop, answer: @escaping (Shipped) -> Void
    ) {
        guard !isUnderWay else {
            return answer(Shipped(id: request.id, failure: "another batch is under way"))
        }
        isUnderWay = true
        let bound = NIOLoopBound((self, answer), eventLoop: loop)
        let deadline = ContinuousClock.now + request.timeout
        let shipper = shipper
        thread.post {
            let failure = shipper.ship(
                request.records, of: request.host, to: request.database, by: deadline)
            loop.execute {
                let (shipping, answer) = bound.value
                shipping.isUnderWay = false
                answer(
                    Shipped(
                        id: request.id, failure: failure?.words,
                        isRefused: failure?.isRefused ?? false))
            }
        }
    }
}
