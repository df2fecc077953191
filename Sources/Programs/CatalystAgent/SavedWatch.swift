internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// Something whose age counts.
enum SavedLook: Equatable, Sendable {
    /// Of files with a backup's name.
    case backups(in: String)
    /// What `backup-droplet.sh` records: `{"time": …}`.
    case snapshot(String)

    /// More is no directory of backups.
    private static let filesMax = 100_000

    /// Takes a disk's time.
    func newest() -> InspectionResult {
        switch self {
        case .backups(let directory): Self.newestBackup(in: directory)
        case .snapshot(let file): Self.snapshot(recordedIn: file)
        }
    }

    /// The time in a name is when it was begun. A file that is empty is none.
    private static func newestBackup(in path: String) -> InspectionResult {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return .saved(newest: nil) }
            return .failed("\(SystemError("look into '\(path)'"))", isAway: true)
        }
        defer { closedir(directory) }
        var newest: Timestamp?
        var count = 0
        while let item = readdir(directory) {
            count += 1
            guard count <= filesMax else {
                return .failed("'\(path)' has more than \(filesMax) files", isAway: true)
            }
            let name = withUnsafePointer(to: &item.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let time = BackupName(name)?.time, time > newest ?? time - .seconds(1) else {
                continue
            }
            var facts = stat()
            guard fstatat(dirfd(directory), name, &facts, AT_SYMLINK_NOFOLLOW) == 0,
                facts.st_mode & S_IFMT == S_IFREG, facts.st_size > 0
            else { continue }
            newest = time
        }
        return .saved(newest: newest)
    }

    private static func snapshot(recordedIn path: String) -> InspectionResult {
        struct Record: Decodable { var time: Timestamp }
        guard let bytes = TextFile.readBytes(path, bytesMax: 64 << 10) else {
            if errno == ENOENT { return .saved(newest: nil) }
            return .failed("\(SystemError("read '\(path)'"))", isAway: true)
        }
        guard let record = try? JSONLines.decode(Record.self, from: bytes) else {
            return .failed("'\(path)' is no record of a snapshot", isAway: true)
        }
        return .saved(newest: record.time)
    }
}

/// Looks at what is saved, on a thread of its own: a disk that hangs keeps nobody else.
final class SavedWatch {
    private lazy var thread = WorkerThread(named: "saved", capacity: 2)

    /// Calls `answer` on the loop; never where the thread hangs.
    func look(
        _ look: SavedLook, _ inlet: Inlet, _ answer: @escaping (InspectionResult) -> Void
    ) {
        let call = LoopCall(answer)
        thread.post {
            let result = look.newest()
            inlet.answer { call.body(result) }
        }
    }
}
