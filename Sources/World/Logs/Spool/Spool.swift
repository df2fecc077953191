internal import Glibc
internal import LinuxSystem
internal import StackModel

/// The files beside the FIFOs that hold what is under way from them to the log files.
final class Spool: @unchecked Sendable {
    /// What a batch's entries call a FIFO by its number.
    struct Slot {
        let number: Int
        let service: ServiceName
        let stream: LogRecord.Stream
        var policy = LogPolicy()

        var line: String {
            "\(number) \(service) \(stream.rawValue) \(policy.driver.rawValue) "
                + "\(policy.sizeMax.bytes) \(policy.filesMax) \(policy.compress)\n"
        }

        init(_ number: Int, _ service: ServiceName, _ stream: LogRecord.Stream, _ policy: LogPolicy)
        {
            (self.number, self.service) = (number, service)
            (self.stream, self.policy) = (stream, policy)
        }

        /// Nil: no line of ours.
        init?(_ line: Substring) {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 7, let number = Int(words[0]), ServiceName.isValid(words[1]),
                let stream = LogRecord.Stream(rawValue: words[2]),
                let driver = LogPolicy.Driver(rawValue: words[3]),
                let size = Int64(words[4]), let files = Int(words[5])
            else { return nil }
            self.init(number, ServiceName(words[1]), stream, LogPolicy())
            policy.driver = driver
            policy.sizeMax = ByteCount(bytes: size)
            policy.filesMax = files
            policy.compress = words[6] == "true"
        }
    }

    static let tablePath = "spool-table"
    static let batchPrefix = "spool-batch-"
    let directory: String
    private let table: Int32
    private var slots = 0
    private var batches = 0
    /// Grows over agents, as long as the machine runs.
    private var sequence = UInt64(max(0, Clock.now().nanoseconds / 1000))

    /// Begins anew: what an earlier agent left was taken up before. Nil: it cannot write there.
    init?(in directory: String) {
        self.directory = directory
        table = open(
            "\(directory)/\(Self.tablePath)",
            O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard table >= 0 else { return nil }
    }

    deinit { close(table) }

    /// The loop's. Nil: what is read from it is not kept.
    func slot(for service: ServiceName, _ stream: LogRecord.Stream, _ policy: LogPolicy) -> Int? {
        slots += 1
        let line = Slot(slots, service, stream, policy).line
        return write(table, line, line.utf8.count) == line.utf8.count ? slots : nil
    }

    /// Under the queue's lock.
    func pages(bytes: Int) -> SpoolPages? {
        batches += 1
        return SpoolPages(making: "\(directory)/\(Self.batchPrefix)\(batches)", bytes: bytes)
    }

    /// Under the queue's lock.
    func nextSequence() -> UInt64 {
        sequence += 1
        return sequence
    }

    static func heldPath(
        _ service: ServiceName, _ stream: LogRecord.Stream, in directory: String
    ) -> String { "\(directory)/spool-held-\(service).\(stream == .stdout ? "out" : "err")" }
}
