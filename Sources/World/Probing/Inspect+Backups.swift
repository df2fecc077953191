internal import Glibc
internal import StackModel

/// When the newest file of a directory was written: of what is in it, not below it. Empty files and
/// hidden ones (unfinished copies) do not count.
func newestFile(in path: String, by deadline: ContinuousClock.Instant) -> InspectionResult {
    guard let directory = opendir(path) else {
        return .failed("cannot look into '\(path)': \(words(for: errno))", isAway: false)
    }
    defer { closedir(directory) }
    var newest: Timestamp?
    var count = 0
    while let item = readdir(directory) {
        count += 1
        guard count <= ProbingLimits.backupsMax, ContinuousClock.now < deadline else {
            let words =
                "cannot look at all files in '\(path)': after \(count - 1) there are still more"
            return .failed(words + "; move old backups elsewhere", isAway: false)
        }
        guard item.pointee.d_name.0 != CChar(UInt8(ascii: ".")) else { continue }
        var facts = stat()
        let isThere = withUnsafePointer(to: &item.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: 256) {
                fstatat(dirfd(directory), $0, &facts, 0) == 0
            }
        }
        guard isThere, facts.st_mode & S_IFMT == S_IFREG, facts.st_size > 0 else { continue }
        let written = timestamp(of: facts.st_mtim)
        newest = max(newest ?? written, written)
    }
    return .backups(newest: newest)
}
