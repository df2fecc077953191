internal import LinuxSystem
package import StackModel

/// Reads back what services wrote: the records of several services, merged by time.
///
/// Blocks, so it belongs on a thread of its own. Holds one block of one file for each service,
/// however long the files are.
package struct LogReading: Sendable {
    package var directory: String
    package var services: [ServiceName]
    /// Nothing older.
    package var since: Timestamp?
    /// Only so many of the last matching records of each service.
    package var tail: Int?
    /// Only records that contain this text.
    package var grep: String?
    /// Goes on with what comes; otherwise it ends with what was there when it began.
    package var follow = false

    package init(directory: String, services: [ServiceName]) {
        self.directory = directory
        self.services = services
    }

    /// Calls `emit` for each record until it says false, or `isCancelled` (asked at least every 100
    /// ms) says true.
    package func run(isCancelled: () -> Bool, emit: (LogRecord) -> Bool) {
        let filter = LogFilter(since: since, grep: grep)
        var merge = Merge(
            tracks: services.flatMap { service in
                LogShelf.Format.allCases.map { Track(service, $0, in: directory, filter) }
            })
        merge.seek(tail: tail.map { max(0, $0) }, isCancelled: isCancelled)
        let watch = follow ? DirectoryWatch(merge.directories) : nil
        let end = follow ? nil : Clock.wallTime()
        repeat {
            merge.refresh(isFinal: !follow)
            while !isCancelled(), let record = merge.next() {
                if let end, record.time > end, record.time - end < Self.meanwhile { return }
                guard emit(record) else { return }
            }
        } while watch.map { waitForChange($0, isCancelled) } ?? false
    }

    /// What is written while we read is no longer of what was there. A time further ahead is of a clock that was set
    /// back since.
    private static let meanwhile = Duration.seconds(60)

    private func waitForChange(_ watch: DirectoryWatch, _ isCancelled: () -> Bool) -> Bool {
        while !isCancelled() {
            if watch.wait() { return true }
        }
        return false
    }
}
