internal import Glibc
internal import SystemPackage

/// Directories of ours.
package enum Directory {
    /// Makes it and what leads to it; no error where it is there. `mode` is for the last part, 0755 for the others.
    package static func make(_ path: String, mode: UInt32) throws(SystemError) {
        if mkdir(path, mode) == 0 || errno == EEXIST {
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
                throw SystemError("make the directory '\(path)'", .notDirectory)
            }
            return
        }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("make the directory '\(path)'")
        }
        try make(String(path[..<slash]), mode: 0o755)
        guard mkdir(path, mode) == 0 || errno == EEXIST else {
            throw SystemError("make the directory '\(path)'")
        }
    }

    /// Whether it belongs to the agent's user.
    package static func isOwn(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_uid == geteuid()
    }

    /// The names in it; none where it cannot be read.
    package static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let item = readdir(directory) {
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Takes an exclusive lock on a file in it for as long as this process lives. False: another has it.
    package static func lock(_ path: String) throws(SystemError) -> Bool {
        var descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // On a disk that became read-only it can still be locked.
        if descriptor < 0, errno == EROFS { descriptor = open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw SystemError("open '\(path)'") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return false
        }
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        write(descriptor, text, text.utf8.count)
        return true
    }
}
