package import StackModel

/// Why records were not put into the database: none of them was, as far as anybody knows.
package struct ShipFailure: Error, Equatable, Sendable {
    /// Without secrets.
    package var words: String
    /// The database will never take these records as they are; of smaller batches it may take some.
    package var isRefused: Bool
    fileprivate var isConnectionLost = false

    init(_ words: String, isRefused: Bool = false) {
        self.words = words
        self.isRefused = isRefused
    }
}

/// Puts the ledger's records into the database, each exactly once, however often it is asked to.
///
/// Keeps one connection. Blocks its thread. Unchecked: only one thread at a time may use it.
package final class Shipper: @unchecked Sendable {
    private var open: (url: String, connection: PostgresConnection)?
    private var pruneDue = ContinuousClock.now
    private let complain: @Sendable (String) -> Void

    /// `complain` is told what keeps old rows from being deleted.
    package init(complain: @escaping @Sendable (String) -> Void = { _ in }) {
        self.complain = complain
    }

    /// Puts all records there in one transaction, or none. Without records: only the heartbeat.
    package func ship(
        _ records: [OutboxRecord], of host: HostIdentity, to url: String,
        by deadline: ContinuousClock.Instant
    ) -> ShipFailure? {
        do throws(ShipFailure) {
            let shipment = try Shipment(records, of: host)
            let wasOpen = open != nil
            do throws(ShipFailure) {
                try deliver(shipment, to: url, by: deadline)
            } catch  where wasOpen && error.isConnectionLost {
                open = nil
                try deliver(shipment, to: url, by: deadline)
            }
        } catch {
            // A connection that failed may be in the middle of anything.
            open = nil
            return error
        }
        prune(after: records.count, by: deadline)
        return nil
    }

    private func deliver(
        _ shipment: Shipment, to text: String, by deadline: ContinuousClock.Instant
    ) throws(ShipFailure) {
        let url: PostgresURL
        do throws(PostgresError) { url = try PostgresURL(text) } catch {
            throw ShipFailure("\(error)")
        }
        let isNew = open?.url != text
        if isNew {
            open = nil
            do throws(PostgresError) {
                open = (text, try PostgresConnection(to: url, by: deadline))
            } catch {
                throw ShipFailure("\(error)")
            }
        }
        guard let connection = open?.connection else { return }
        let beginning = Shipment.beginning(isNew: isNew, by: deadline)
        let steps = beginning + shipment.steps + [.run("COMMIT")]
        do throws(PipelineError) {
            try connection.perform(steps, by: deadline)
        } catch {
            let record = error.step.flatMap { shipment.record(ofStep: $0 - beginning.count) }
            throw ShipFailure(error.cause, record: record, user: url.user)
        }
    }

    /// Once a day, a bounded number of rows at a time, when there is little else to do.
    private func prune(after count: Int, by deadline: ContinuousClock.Instant) {
        guard ContinuousClock.now >= pruneDue, count < ShipperLimits.quietRecordsMax,
            let connection = open?.connection
        else { return }
        do throws(PostgresError) {
            _ = try connection.query(
                "SET statement_timeout = \(max(1, deadline.millisecondsLeft))", by: deadline)
            for _ in 0..<ShipperLimits.pruneRoundsMax where deadline.millisecondsLeft > 1000 {
                let rows = try connection.query("SELECT sum(pruned) FROM ops.prune()", by: deadline)
                if rows == [["0"]] {
                    pruneDue = .now + ShipperLimits.pruneEvery
                    return
                }
            }
        } catch {
            pruneDue = .now + ShipperLimits.pruneAgainAfter
            open = nil
            complain("cannot delete old rows from the database: \(error), trying again later")
        }
    }
}

/// Bounds of shipping, with their reasons.
enum ShipperLimits {
    /// What is more has piled up, and goes first.
    static let quietRecordsMax = 500
    static let pruneEvery = Duration.seconds(86_400)
    static let pruneAgainAfter = Duration.seconds(3600)
    /// Of 10,000 rows a table: the next shipment goes on.
    static let pruneRoundsMax = 3
    /// Somebody who holds a lock longer holds it for minutes.
    static let lockMilliseconds = 5000
}

extension ShipFailure {
    fileprivate init(_ cause: PostgresError, record: OutboxRecord?, user: String?) {
        if cause.isSchemaMissing {
            self.init(
                "the database lacks the schema 'ops', or has an older one: run "
                    + "'catalystctl db migrate' (\(cause))")
        } else if cause.isPermissionDenied {
            self.init(
                "\(cause): let the owner of the schema 'ops' run "
                    + "'GRANT catalyst_writer TO \(user ?? "…")'")
        } else if cause.isRefusal, let record {
            self.init("the database refuses record \(record.sequence): \(cause)", isRefused: true)
        } else {
            self.init("\(cause)")
            isConnectionLost = cause.isConnectionLost
        }
    }
}
