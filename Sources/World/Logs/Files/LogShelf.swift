internal import Glibc
internal import LinuxSystem
internal import StackModel

/// One service's files in one format: the current one and the rotated ones, `.1` the youngest.
struct LogShelf: Hashable, Sendable {
    enum Format: CaseIterable, Sendable { case json, local }

    let format: Format
    /// Where the service's files are.
    let directory: String
    let currentPath: String

    init(_ service: ServiceName, _ format: Format, in logDirectory: String) {
        self.format = format
        directory = "\(logDirectory)/\(service)"
        currentPath = "\(directory)/\(service)" + (format == .json ? "-json.log" : ".log")
    }

    /// Where gzip writes; half a file after a crash.
    var unfinishedPath: String { currentPath + ".gz.tmp" }

    /// The file of `age` rotations ago; 0: the current one.
    func path(_ age: Int, isCompressed: Bool = false) -> String {
        age == 0 ? currentPath : "\(currentPath).\(age)" + (isCompressed ? ".gz" : "")
    }

    struct File {
        let path: String
        let age: Int
        let isCompressed: Bool
        let inode: UInt64
        let size: Int
        /// Set at rotation, kept by compression: it names a rotated file, whatever it is called
        /// now.
        let modified: Timestamp
    }

    /// A service that rotates so often while we look is shown what was found.
    private static let attemptsMax = 20

    /// All files, the current first.
    func files() -> [File] {
        var files: [File] = []
        for _ in 0..<Self.attemptsMax {
            let current = file(0)
            files = scan()
            if file(0)?.inode == current?.inode { break }
        }
        return files
    }

    /// In the direction in which one rotation moves them, so that it hides none.
    private func scan() -> [File] {
        (0...(oldestAge() + 1)).flatMap { age in
            [false, true].compactMap { isCompressed in
                age == 0 && isCompressed ? nil : file(age, isCompressed: isCompressed)
            }
        }
    }

    func file(_ age: Int, isCompressed: Bool = false) -> File? {
        let path = path(age, isCompressed: isCompressed)
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return File(
            path: path, age: age, isCompressed: isCompressed, inode: UInt64(status.st_ino),
            size: Int(status.st_size), modified: Timestamp(modified: status))
    }

    /// The greatest age that any file has.
    private func oldestAge() -> Int {
        guard let listing = opendir(directory) else { return 0 }
        defer { closedir(listing) }
        let prefix = currentPath.dropFirst(directory.utf8.count + 1) + "."
        var oldest = 0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix) else { continue }
            let age = name.dropFirst(prefix.count).prefix { $0.isNumber }
            oldest = max(oldest, Int(age) ?? 0)
        }
        return oldest
    }

    /// Makes room for a new current file: each file grows one older, and those past `filesMax` go.
    func rotate(keeping filesMax: Int) -> SystemError? {
        let oldestKept = max(0, filesMax - 1)
        for age in stride(from: oldestAge(), through: 0, by: -1) {
            for isCompressed in age == 0 ? [false] : [false, true] {
                let path = path(age, isCompressed: isCompressed)
                if age >= oldestKept {
                    unlink(path)
                } else if rename(path, self.path(age + 1, isCompressed: isCompressed)) != 0,
                    age == 0,
                    errno != ENOENT
                {
                    return SystemError("rotate '\(path)'")
                }
            }
        }
        return nil
    }
}

extension Timestamp {
    init(modified status: stat) {
        self.init(
            nanoseconds: Int64(status.st_mtim.tv_sec) * 1_000_000_000
                + Int64(status.st_mtim.tv_nsec))
    }
}
