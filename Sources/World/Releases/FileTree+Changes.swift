internal import Glibc
internal import LinuxSystem

extension FileTree {
    /// Into the directory `target`, which is empty. Modes lose what makes a program privileged.
    func copy(to target: String, checkpoint: () throws(ReleaseError) -> Void) throws(ReleaseError) {
        for entry in entries {
            try checkpoint()
            let from = root + "/" + entry.path
            let to = target + "/" + entry.path
            switch entry.kind {
            case .directory:
                guard mkdir(to, entry.mode & 0o777 | 0o700) == 0 else {
                    throw failure("make the directory '\(to)'")
                }
            case .file: try copyFile(entry, from, to)
            case .link(let place):
                guard symlink(place, to) == 0 else { throw failure("make the link '\(to)'") }
            case .special:
                throw ReleaseError(
                    "'\(from)' is neither a file, a directory nor a link: remove it, or deploy "
                        + "a git revision or a tarball")
            }
        }
    }

    private func copyFile(_ entry: Entry, _ from: String, _ to: String) throws(ReleaseError) {
        let source = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard source >= 0 else { throw failure("read '\(from)'") }
        defer { close(source) }
        let target = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, entry.mode & 0o777 | 0o600)
        guard target >= 0 else { throw failure("write '\(to)'") }
        defer { close(target) }
        do { try Storage.copy(source, to: target) } catch {
            throw ReleaseError("cannot copy '\(from)': \(error.reason.words)")
        }
        // Python recompiles what is not as old as it remembers.
        var times = [entry.modified, entry.modified]
        _ = futimens(target, &times)
    }

    /// Takes the right to write from all of it, and from the root.
    func seal() throws(ReleaseError) {
        for entry in entries.reversed() {
            if case .link = entry.kind { continue }
            let path = root + "/" + entry.path
            guard chmod(path, entry.mode & 0o555) == 0 else { throw failure("seal '\(path)'") }
        }
        guard chmod(root, 0o555) == 0 else { throw failure("seal '\(root)'") }
    }

    /// Removes what is there with all that is in it, read-only or not. No error where it is gone.
    static func remove(_ path: String) throws(ReleaseError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw failure("remove '\(path)'") }
        chmod(path, 0o700)
        for name in Directory.names(in: path) { try remove(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw failure("remove '\(path)'") }
    }
}
