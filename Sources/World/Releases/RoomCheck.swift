internal import LinuxSystem
internal import StackModel

/// Whether a release fits on the disk: told before it fills it.
struct RoomCheck {
    var root: String
    /// Must stay free.
    var spaceMin: ByteCount

    private static let filesMin: Int64 = 1000

    func require(
        _ bytes: Int64, files: Int64, for what: String
    ) throws(ReleaseError) {
        let room: Storage.Room
        do { room = try Storage.room(at: root) } catch { throw ReleaseError("\(error)") }
        let (sum, overflow) = bytes.addingReportingOverflow(spaceMin.bytes)
        let needed = overflow ? Int64.max : sum
        guard room.bytes >= needed else {
            throw ReleaseError(
                "not enough room for \(what) below '\(root)': \(ByteCount(bytes: needed)) needed "
                    + "(\(ByteCount(bytes: bytes)) and \(spaceMin) to spare), "
                    + "\(ByteCount(bytes: room.bytes)) free: make room, or lower "
                    + "x-catalyst.releases.space")
        }
        if let free = room.files, free < files + Self.filesMin {
            throw ReleaseError(
                "not enough inodes for \(what) below '\(root)': \(files + Self.filesMin) needed, "
                    + "\(free) free: remove files there")
        }
    }
}
