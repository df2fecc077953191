internal import Glibc
internal import LinuxSystem
package import StackModel

/// The releases below a directory, and which of them is current.
///
/// `releases/<id>` is the code, `releases/<id>.json` what is known of it: written last when a release is made, so
/// that a release without it is none. Calls take a disk's time.
package struct ReleaseShelf: Sendable {
    let root: String

    /// Removing takes time: what is too much now goes the next time.
    private static let removedMax = 20

    package init(root: String) { self.root = root }

    var directory: String { root + "/releases" }
    func path(of id: String) -> String { "\(directory)/\(id)" }
    func recordPath(of id: String) -> String { "\(directory)/\(id).json" }
    func logPath(of id: String) -> String { "\(directory)/\(id).log" }
    /// While it is there without a record, the release is being made, or its making was killed.
    func markerPath(of id: String) -> String { "\(directory)/\(id).incomplete" }

    /// Those that are whole, newest first.
    package func list() -> [Release] { records().map(\.release) }

    func records() -> [ReleaseRecord] {
        let ids = Directory.names(in: directory).compactMap { name in
            name.hasSuffix(".json") ? String(name.dropLast(5)) : nil
        }
        return ids.sorted(by: >).compactMap(record)
    }

    package func release(_ id: String) -> Release? { record(id)?.release }

    func record(_ id: String) -> ReleaseRecord? {
        guard Self.isID(id), let record = ReleaseRecord(at: recordPath(of: id)),
            record.release.id == id, isDirectory(path(of: id))
        else { return nil }
        return record
    }

    /// Where `current` leads; nil: nowhere, or to no release.
    package var current: String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(root + "/current", &buffer, buffer.count)
        guard count > 0 else { return nil }
        let parts = String(decoding: buffer[..<count], as: UTF8.self).split(separator: "/")
        guard parts.count == 2, parts[0] == "releases" else { return nil }
        return String(parts[1])
    }

    /// `current` leads to `id`, at once and durably.
    package func makeCurrent(_ id: String) throws(ReleaseError) {
        guard record(id) != nil else {
            throw ReleaseError(
                "cannot make '\(id)' current: there is no such release in '\(directory)'")
        }
        guard current != id else { return }
        let link = root + "/current"
        let new = root + "/.current.new"
        unlink(new)
        guard symlink("releases/\(id)", new) == 0 else { throw failure("make the link '\(new)'") }
        guard rename(new, link) == 0 else {
            let error = failure("replace '\(link)'")
            unlink(new)
            throw ReleaseError("\(error): it must be a link, move what is there out of the way")
        }
        do { try Storage.sync(root) } catch { throw ReleaseError("\(error)") }
    }

    /// Removes the oldest, but keeps `keep` beside the current one and those in use. Returns what it removed.
    package func prune(keep: Int, inUse: Set<String>) -> [String] {
        let kept = inUse.union(current.map { [$0] } ?? [])
        let old = list().map(\.id).filter { !kept.contains($0) }.dropFirst(max(0, keep))
        return old.reversed().prefix(Self.removedMax).filter(remove)
    }

    /// Whether it is gone. First it is no release any more: killed half-way, the rest goes with the next making.
    private func remove(_ id: String) -> Bool {
        let doomed = "\(directory)/\(Self.makingPrefix)\(id)"
        guard rename(path(of: id), doomed) == 0 else { return false }
        for path in [recordPath(of: id), logPath(of: id), markerPath(of: id)] { unlink(path) }
        try? FileTree.remove(doomed)  // The next making tries again, and tells.
        return true
    }

    static let makingPrefix = ".making-"

    /// One component of a path, and not a hidden one.
    static func isID(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix(".") && !text.contains("/")
    }

    /// What each service is made of in `directory`: of the paths of its `source:`, of all but `.git` without one.
    package func digests(
        of directory: String, sources: [ServiceName: [String]]
    ) throws(ReleaseError) -> [ServiceName: String] {
        let digest = try TreeDigest(of: directory)
        return sources.mapValues { $0.isEmpty ? digest.whole : digest.digest(of: $0) }
    }
}

func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
