internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Compresses rotated files, one at a time, on a thread that lives only as long as there is
/// something to do.
///
/// What fails (no gzip, no space, a kill) leaves the plain file, which is as good. The next
/// rotation tries again.
final class Compressor: Sendable {
    private struct State {
        var waiting: [LogShelf] = []
        var isWorking = false
        var isStopping = false
        var child: pid_t?
    }

    private let state = Guarded(State())
    /// Its lock is what counts; an empty state would stand at the lock's own address and confuse
    /// the sanitizer.
    private let names = Guarded(false)

    /// Rotation and the replacement of a file by its compressed form exclude each other.
    func renaming<Result>(_ body: () -> Result) -> Result { names.withLock { _ in body() } }

    /// Compresses all rotated files of `shelf`, soon.
    func compress(_ shelf: LogShelf) {
        let mustStart = state.withLock { state in
            guard !state.isStopping else { return false }
            if !state.waiting.contains(shelf) { state.waiting.append(shelf) }
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard mustStart else { return }
        do {
            try Worker.start { [self] in work() }
        } catch {
            state.withLock { $0.isWorking = false }
        }
    }

    /// Ends a compression that is under way; its file stays plain.
    func stop() {
        state.withLock { state in
            state.isStopping = true
            state.waiting = []
            if let child = state.child { kill(child, SIGKILL) }
        }
        _ = state.wait(atMost: .milliseconds(500)) { $0.isWorking ? nil : true }
    }

    private func work() {
        while let shelf = next() {
            for file in shelf.files().reversed() where file.age > 0 && !file.isCompressed {
                compress(file, of: shelf)
            }
        }
        state.announce()
    }

    private func next() -> LogShelf? {
        state.withLock { state in
            guard let shelf = state.waiting.first else {
                state.isWorking = false
                return nil
            }
            state.waiting.removeFirst()
            return shelf
        }
    }

    private func compress(_ file: LogShelf.File, of shelf: LogShelf) {
        let input = open(file.path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { return }
        defer { close(input) }
        let output = open(shelf.unfinishedPath, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard output >= 0 else { return }
        defer { close(output) }
        var status = stat()
        guard fstat(input, &status) == 0, run(from: input, to: output, size: Int(status.st_size))
        else {
            unlink(shelf.unfinishedPath)
            return
        }
        futimens(output, [status.st_atim, status.st_mtim])
        renaming { replace(inode: UInt64(status.st_ino), of: shelf) }
    }

    private func run(from input: Int32, to output: Int32, size: Int) -> Bool {
        let child: pid_t? = state.withLock { state in
            guard !state.isStopping else { return nil }
            state.child = Gzip.start(["-9", "-c"], input: input, output: output)
            return state.child
        }
        guard let child else { return false }
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(child), 19)
        let success = Gzip.wait(child)
        state.withLock { $0.child = nil }
        return success ?? true && Gzip.isWhole(output, holding: size)
    }

    /// The file may have been rotated on, or away, meanwhile.
    private func replace(inode: UInt64, of shelf: LogShelf) {
        guard let file = shelf.files().first(where: { $0.inode == inode && $0.age > 0 }),
            rename(shelf.unfinishedPath, shelf.path(file.age, isCompressed: true)) == 0
        else {
            unlink(shelf.unfinishedPath)
            return
        }
        unlink(file.path)
    }
}
