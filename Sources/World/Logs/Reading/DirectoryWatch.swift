internal import Glibc

/// Tells when anything changes in some directories, which need not exist yet.
final class DirectoryWatch {
    private let inotify = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    private var missing: Set<String>
    private var quietWaits = 0

    init(_ directories: Set<String>) {
        missing = directories
        _ = watchMissing()
    }

    deinit { if inotify >= 0 { close(inotify) } }

    /// Waits for a change, at most 100 ms. Each second counts as one: inotify may lack watches, a
    /// directory be replaced.
    func wait() -> Bool {
        if watchMissing() { return true }
        var descriptor = pollfd(fd: inotify, events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 100) > 0 else {
            quietWaits += 1
            return inotify < 0 || quietWaits % 10 == 0
        }
        var events = [UInt8](repeating: 0, count: 4096)
        while read(inotify, &events, events.count) == events.count {}
        return true
    }

    private func watchMissing() -> Bool {
        let interest = UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)
        let found = missing.filter { inotify_add_watch(inotify, $0, interest) >= 0 }
        missing.subtract(found)
        return !found.isEmpty
    }
}
