internal import Glibc

/// A directory of its own for one test, removed with what was written into it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/catalyst-measuring-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(words: "no directory") }
        path = String(cString: made)
    }

    deinit {
        for name in names() {
            if unlink(path + "/" + name) != 0 { rmdir(path + "/" + name) }
        }
        rmdir(path)
    }

    func write(_ text: String, to name: String) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(words: "cannot write '\(name)'") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw Failure(words: "cannot write '\(name)'")
        }
    }

    private func names() -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let item = readdir(directory) {
            let name = withUnsafeBytes(of: item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

struct Failure: Error { let words: String }
