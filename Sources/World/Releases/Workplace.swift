internal import Glibc
internal import LinuxSystem
internal import StackModel

/// Where a release is made: a tree that becomes its directory, and a place beside it for what is needed meanwhile.
///
/// One making at a time has it. What the killed ones left is removed first.
struct Workplace {
    let shelf: ReleaseShelf
    /// A direct child of `releases/`, as a release is: paths into it mean the same.
    let tree: String
    let aside: String
    private let lock: Int32

    private static let lockWait: Duration = .seconds(30)

    init(on shelf: ReleaseShelf, _ checkpoint: () throws(ReleaseError) -> Void)
        throws(ReleaseError)
    {
        self.shelf = shelf
        do { try Directory.make(shelf.directory, mode: 0o755) } catch {
            throw ReleaseError("\(error): name another with x-catalyst.releases.directory")
        }
        lock = try Self.lock(shelf.directory + "/.lock", checkpoint)
        let name = "\(shelf.directory)/\(ReleaseShelf.makingPrefix)\(getpid())"
        tree = name
        aside = name + ".aside"
        do throws(ReleaseError) { try prepare() } catch {
            leave()
            throw error
        }
    }

    /// Removes what was not kept, and lets others in.
    func leave() {
        for path in [tree, aside] { try? FileTree.remove(path) }  // The next one tries again.
        close(lock)
    }

    private func prepare() throws(ReleaseError) {
        try removeLeftovers()
        for path in [tree, aside] {
            guard mkdir(path, 0o700) == 0 else { throw failure("make the directory '\(path)'") }
        }
        guard chmod(tree, 0o755) == 0 else { throw failure("open up '\(tree)'") }
    }

    private static func lock(
        _ path: String, _ checkpoint: () throws(ReleaseError) -> Void
    ) throws(ReleaseError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open '\(path)'") }
        let end = Clock.now() + lockWait
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            do throws(ReleaseError) {
                try checkpoint()
                guard Clock.now() < end else {
                    throw ReleaseError(
                        "another release is being made (it holds '\(path)'): try again when it is done"
                    )
                }
            } catch {
                close(descriptor)
                throw error
            }
            usleep(50_000)
        }
        return descriptor
    }

    /// Of makings and removals that were killed.
    private func removeLeftovers() throws(ReleaseError) {
        let names = Set(Directory.names(in: shelf.directory))
        for name in names.sorted() {
            let path = "\(shelf.directory)/\(name)"
            if name.hasPrefix(ReleaseShelf.makingPrefix) {
                try FileTree.remove(path)
            } else if name.hasSuffix(".incomplete") {
                try discard(String(name.dropLast(".incomplete".count)))
            } else if name.hasSuffix(TextFile.unfinishedSuffix) {
                unlink(path)
            } else if name.hasSuffix(".json"), !names.contains(String(name.dropLast(5))) {
                unlink(path)
            }
        }
    }

    /// A making that did not come to its end; one that did only loses its marker.
    func discard(_ id: String) throws(ReleaseError) {
        if shelf.record(id) == nil {
            endBuilds(of: shelf.path(of: id))
            try FileTree.remove(shelf.path(of: id))
            for path in [shelf.recordPath(of: id), shelf.logPath(of: id)] { unlink(path) }
        }
        unlink(shelf.markerPath(of: id))
    }

    /// Names the directory that a process builds in its environment.
    static let buildMark = "CATALYST_BUILDS"

    /// A killed making may have left its build running.
    private func endBuilds(of path: String) {
        for process in Proc.all()
        where Proc.environmentValue(Self.buildMark, of: process.pid) == path {
            kill(process.pid, SIGKILL)
        }
    }
}
