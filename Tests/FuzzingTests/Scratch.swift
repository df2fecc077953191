import Glibc

/// A directory in memory for one process's inputs, and gone with it.
enum Scratch {
    static func folder(_ name: String) throws(Broken) -> String {
        let path = root + "/" + name
        mkdir(path, 0o700)
        return path
    }

    static func write(_ bytes: [UInt8], to path: String) throws(Broken) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw Broken(description: "cannot write '\(path)'")
        }
    }

    static func remove(_ folder: String) {
        guard let directory = opendir(folder) else { return }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name == "." || name == ".." { continue }
            let path = folder + "/" + name
            if unlink(path) != 0 { remove(path) }
        }
        closedir(directory)
        rmdir(folder)
    }

    private static let root: String = {
        var template = Array("/dev/shm/catalyst-fuzz-XXXXXX".utf8CString)
        let path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp/catalyst-fuzz"
        mkdir(path, 0o700)
        atexit { Scratch.remove(Scratch.root) }
        return path
    }()
}
