internal import Glibc
internal import StackModel
internal import Synchronization
internal import TestSupport
internal import Testing

/// One cluster for all tests that break nothing of it; each has a database of its own there.
enum Cluster {
    private static let made = Result { try RealPostgres(encrypts: RealPostgres.canEncrypt) }
    private static let bareMade = Result { try RealPostgres() }
    private static let count = Atomic(0)

    static func shared() throws -> RealPostgres { try made.get() }

    /// Without TLS, and without our roles.
    static func bare() throws -> RealPostgres { try bareMade.get() }

    static func database(in cluster: RealPostgres? = nil) throws -> Database {
        let cluster = try cluster ?? shared()
        let number = count.add(1, ordering: .relaxed).newValue
        let name = "test\(number)"
        try cluster.psql("CREATE DATABASE \(name)")
        return Database(name: name, cluster: cluster)
    }
}

/// A database of one test.
struct Database {
    let name: String
    let cluster: RealPostgres

    var url: String { cluster.url(name) }

    /// Rows of psql, the columns between `|`.
    @discardableResult
    func rows(_ statement: String, user: String = "catalyst") throws -> [String] {
        try cluster.psql(statement, in: name, user: user)
            .split(separator: "\n").map(String.init)
    }

    /// The schema, by psql alone.
    func applied() throws -> Database {
        for file in sqlFiles { try cluster.psql(["-f", file], in: name) }
        return self
    }
}

/// The files of sql/, in order.
let sqlFiles: [String] = [
    "0001_tables", "0002_views", "0003_retention", "0004_roles", "0005_rollouts",
].map {
    checkout + "/sql/\($0).sql"
}

/// This checkout.
let checkout: String = {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
}()

extension ContinuousClock.Instant {
    /// Later than any test on a busy machine.
    static var patient: Self { .now + .seconds(60) }
}

/// Whether `condition` comes true in time.
func holds(_ condition: () throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.Instant.patient
    while try !condition() {
        guard ContinuousClock.now < deadline else { return false }
        try? await Task.sleep(for: .milliseconds(5))  // Cancelled: look again at once.
    }
    return true
}

extension HostIdentity {
    static func sample(_ ledger: String = "ledger-1", name: String = "trading-1") -> HostIdentity {
        HostIdentity(
            ledger: ledger, hostName: name, agentVersion: "0.1.0", stack: "catalyst", wanted: 9,
            well: 8)
    }
}

/// `catalystctl` as it was built beside these tests.
func catalystctl(
    _ words: [String], environment: [String: String] = [:]
) -> (status: Int32, output: String) {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let program = String(
        decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    let folder = program.lastIndex(of: "/").map { program[..<$0] } ?? ""
    return run(["\(folder)/catalystctl"] + words, environment: environment)
}

/// A UUID that says its number.
func uuid(_ number: Int) -> String {
    let digits = String(number)
    return "00000000-0000-4000-8000-" + String(repeating: "0", count: 12 - digits.count) + digits
}

extension OutboxRecord {
    static func alert(
        _ sequence: Int, id: Int64 = 1, _ kind: AlertEvent.Kind = .fired,
        _ state: Alert.State = .firing, message: String = "redis: away",
        at time: Timestamp = .now(), change: (inout Alert) -> Void = { _ in }
    ) -> OutboxRecord {
        var alert = Alert(
            id: id, rule: .serviceDown, subject: .service("redis"), severity: .critical,
            state: state, since: time, summary: "is away")
        change(&alert)
        let event = AlertEvent(
            id: uuid(sequence), kind: kind, time: time, message: message, alert: alert)
        return OutboxRecord(sequence: Int64(sequence), content: .alert(event))
    }

    static func event(_ sequence: Int, at time: Timestamp = .now()) -> OutboxRecord {
        let event = EventRecord(
            id: UInt64(sequence), time: time, service: "scanner", kind: .exited,
            priority: .warning, message: "was killed by SIGKILL")
        return OutboxRecord(sequence: Int64(sequence), content: .event(event))
    }

    static func rollout(
        _ sequence: Int, id: Int64 = 1, _ state: Rollout.State = .running,
        at time: Timestamp = .now(), change: (inout Rollout) -> Void = { _ in }
    ) -> OutboxRecord {
        var rollout = Rollout(id: id, kind: .deploy, state: state, askedBy: "ada", startedAt: time)
        change(&rollout)
        return OutboxRecord(sequence: Int64(sequence), content: .rollout(rollout))
    }

    static func measurement(
        _ sequence: Int, _ subject: Subject, at time: Timestamp, _ values: Reading
    ) -> OutboxRecord {
        OutboxRecord(
            sequence: Int64(sequence),
            content: .measurement(
                Measurement(
                    time: time, subject: subject, resolution: .minute, values: values,
                    highs: [.cpu: 1])))
    }
}

extension Timestamp {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
