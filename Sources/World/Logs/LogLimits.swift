/// The bounds of this module, each with its reason.
package struct LogLimits: Sendable {
    /// One read, one write and the unit of the queue: larger calls gain nothing.
    package var batchBytes = 256 << 10
    /// What may wait for the disk, all services together: 6 MiB.
    package var batchesMax = 24
    /// How long a service is slowed down to the disk's speed before its output is dropped instead.
    package var patience: Duration = .milliseconds(200)
    /// How long a line without its end is waited for.
    package var lineWait: Duration = .seconds(1)
    /// Unfinished lines, all services together; past it they are written as they are.
    package var heldBytesMax = 1 << 20
    /// What `stop` may take, and how long a closed service may go on writing.
    package var drainMax: Duration = .seconds(2)

    package init() {}

    /// Docker's: longer lines become several records.
    static let recordBytesMax = 16 << 10
    /// A busy service's pipe: the most that an ordinary user may ask for.
    static let pipeBytesMax = 1 << 20
    /// Reading so much at once may mean that the pipe was full: each write begins a page of its
    /// own.
    static let fullPipe = 32 << 10
    /// Memory that a burst needed is kept so long.
    static let idleMemory: Duration = .seconds(1)
    /// Drops are reported at most so often for each service.
    static let dropReports: Duration = .seconds(1)
    /// Small reads of one stream within this time share one time in the file.
    static let sameTime: Duration = .milliseconds(1)
    /// In a flood, reading less than this at once costs everybody processor time …
    static let smallRead = 48 << 10
    /// … so more may gather, for so many microseconds.
    static let readPause: UInt32 = 50
    /// It is a flood if batches follow each other so closely; then a line may wait so long.
    static let floodSpan: Duration = .milliseconds(1)
    /// Our threads call nothing deep.
    static let stackBytes = 256 << 10
    /// Commands that wait for the reader: a whole stack of 1,000 opened, drained and closed at
    /// once.
    static let commandsMax = 4096
    /// What a compressed file may grow to when read back.
    static let unpackedBytesMax = 4 << 30
    /// A line of a log file that is longer was not written by us.
    static let fileLineBytesMax = 1 << 20
}
