internal import Glibc
internal import LinuxSystem
package import StackModel

/// A directory of backups. What is not named like one of ours is not touched.
package struct BackupShelf {
    package let directory: String

    package init(_ directory: String) { self.directory = directory }

    package struct Entry: Equatable, Sendable {
        package var path: String
        package var name: BackupName
        package var bytes: Int64
    }

    /// Newest first.
    package func list() throws(BackupError) -> [Entry] {
        guard access(directory, R_OK | X_OK) == 0 else {
            throw BackupError("\(SystemError("look into '\(directory)'")): run it as root")
        }
        return entries()
    }

    func path(of name: BackupName) -> String { directory + "/" + name.file }

    func bytes(of name: BackupName) -> Int64 {
        var status = stat()
        return stat(path(of: name), &status) == 0 ? Int64(status.st_size) : 0
    }

    /// Of this second, or of the next that is free.
    func freeName(host: String, time: Timestamp) -> BackupName {
        var name = BackupName(host: host, time: time)
        while fileExists(path(of: name)) {
            name = BackupName(host: host, time: name.time - .seconds(-1))
        }
        return name
    }

    /// Gives what is written its name, durably.
    func keep(_ draft: String, as name: BackupName) throws(BackupError) -> String {
        let path = path(of: name)
        guard link(draft, path) == 0 else { throw BackupError("\(SystemError("make '\(path)'"))") }
        unlink(draft)
        do throws(SystemError) { try Storage.sync(directory) } catch {
            throw BackupError("\(error)")
        }
        return path
    }

    /// Removes the oldest of `host` past `keep`; returns their paths.
    func prune(host: String, keep: Int) -> [String] {
        entries().filter { $0.name.host == host }.dropFirst(max(1, keep)).map(\.path)
            .filter { unlink($0) == 0 }
    }

    private func entries() -> [Entry] {
        Directory.names(in: directory).compactMap { file in
            BackupName(file).map {
                Entry(path: directory + "/" + file, name: $0, bytes: bytes(of: $0))
            }
        }
        .sorted { ($0.name.time, $0.path) > ($1.name.time, $1.path) }
    }
}
