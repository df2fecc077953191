import Foundation
import Glibc
import StackModel
import Testing

@testable import Logs

/// A directory of its own with a pump in it, gone at the end.
final class Workplace: Sendable {
    let directory: String
    let pump: LogPump
    let reports = Guarded<[ServiceName: UInt64]>([:])
    let journal = Guarded<[String]>([])
    /// While true, the journal's sink, and so the writing thread, stands still.
    let isStalled = Guarded(false)

    /// Patient, unless a test says otherwise: a busy machine must not look like a slow disk.
    init(patience: Duration = .seconds(60), lineWait: Duration = .seconds(3600), batches: Int = 24)
        throws
    {
        var limits = LogLimits()
        limits.patience = patience
        limits.lineWait = lineWait
        limits.batchesMax = batches
        var template = Array("/tmp/catalyst-logs-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template)))
        let (reports, journal, isStalled) = (reports, journal, isStalled)
        pump = try LogPump(
            logDirectory: directory + "/log", fifoDirectory: directory + "/fifo", limits: limits,
            journalSink: { service, stream, text in
                while isStalled.withLock({ $0 }) { usleep(1000) }
                journal.withLock {
                    $0.append("\(service) \(stream) \(String(decoding: text, as: UTF8.self))")
                }
            },
            onDrop: { service, bytes in reports.withLock { $0[service, default: 0] += bytes } })
    }

    deinit {
        pump.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func path(_ service: ServiceName, _ suffix: String) -> String {
        "\(directory)/log/\(service)/\(service)\(suffix)"
    }

    func bytes(_ path: String) -> [UInt8] {
        FileManager.default.contents(atPath: path).map(Array.init) ?? []
    }

    func lines(_ path: String) -> [String] {
        String(decoding: bytes(path), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func reading(_ services: ServiceName...) -> LogReading {
        LogReading(directory: directory + "/log", services: services)
    }
}

extension LogReading {
    /// All records that are there now.
    func records() -> [LogRecord] {
        var records: [LogRecord] = []
        run(isCancelled: { false }) {
            records.append($0)
            return true
        }
        return records
    }

    var texts: [String] { records().map(\.text) }
}

/// The writing end that a service would have: opened read-write, blocking.
final class Pen: Sendable {
    let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        try #require(descriptor >= 0)
    }

    deinit { close(descriptor) }

    func write(_ bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        var written = 0
        while written < bytes.count {
            written += max(
                0,
                bytes.withUnsafeBytes { bytes in
                    Glibc.write(
                        descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                })
        }
    }

    func write(_ text: String) { write(text.utf8) }
}

/// Asks again and again, less and less often, for at most a minute.
func eventually(_ what: Comment, _ isSo: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    var pause = Duration.milliseconds(1)
    while try !isSo() {
        try #require(ContinuousClock.now < deadline, what)
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(100))
    }
}

/// Runs what blocks on a thread of its own: the tests' threads are few.
func aside(_ body: @escaping @Sendable () -> Void) async throws {
    let isDone = Guarded(false)
    try Worker.start {
        body()
        isDone.withLock { $0 = true }
    }
    try await eventually("done") { isDone.withLock { $0 } }
}

extension LogPolicy {
    init(_ driver: Driver, sizeMax: Int64 = 100 << 20, filesMax: Int = 5, compress: Bool = false) {
        self.init()
        self.driver = driver
        self.sizeMax = ByteCount(bytes: sizeMax)
        self.filesMax = filesMax
        self.compress = compress
    }
}
