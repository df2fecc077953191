internal import Glibc
internal import LinuxSystem

/// An archive as `tar` reads it, whatever it is compressed with.
struct Tarball {
    let path: String
    let tools: Tools
    let environment: [String: String]

    /// Looks at all of it before anything is written.
    func check(_ room: RoomCheck) throws(ReleaseError) {
        let listing = try run(
            ["--list", "--verbose", "--absolute-names", "--quoting-style=escape"], to: "read")
        let sum = try Self.contents(of: listing, at: path)
        try room.require(sum.bytes, files: sum.files, for: "the tarball's files")
    }

    /// What is in the tarball at `path`, by what tar says of it; throws where it is not to be unpacked.
    static func contents(
        of listing: String, at path: String
    ) throws(ReleaseError) -> (bytes: Int64, files: Int64) {
        var bytes: Int64 = 0
        var files: Int64 = 0
        for line in listing.split(separator: "\n") {
            let fields = line.split(
                separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, let size = Int64(fields[2]) else {
                throw ReleaseError("cannot understand what tar says of '\(path)': '\(line)'")
            }
            try check(String(fields[5]), kind: fields[0].first ?? "-", of: path)
            files += 1
            guard size >= 0, size <= Int64.max - bytes else {
                throw ReleaseError("the tarball '\(path)' says that its files are endless")
            }
            bytes += size
        }
        guard files > 0 else { throw ReleaseError("the tarball '\(path)' is empty") }
        return (bytes, files)
    }

    private static func check(
        _ entry: String, kind: Character, of path: String
    ) throws(ReleaseError) {
        // Only files, directories and links of both sorts.
        guard "-dlhCS".contains(kind) else {
            throw ReleaseError("the tarball '\(path)' has a device or a FIFO, '\(entry)': refused")
        }
        var name = entry
        for mark in [" link to ", " -> "] where (kind == "h") == (mark == " link to ") {
            guard "hl".contains(kind), let found = name.firstRange(of: mark) else { continue }
            if kind == "h" { try refuseEscape(String(name[found.upperBound...]), of: path) }
            name = String(name[..<found.lowerBound])
        }
        try refuseEscape(name, of: path)
    }

    private static func refuseEscape(
        _ name: String, of path: String
    ) throws(ReleaseError) {
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
            throw ReleaseError(
                "the tarball '\(path)' would write outside of its directory, '\(name)': refused")
        }
    }

    /// Into the empty directory `tree`. Where all is in one directory, that one becomes the tree.
    func extract(into tree: String, aside: String) throws(ReleaseError) {
        try run(
            ["--extract", "--directory", tree, "--no-same-owner", "--no-same-permissions"],
            to: "extract")
        let names = Directory.names(in: tree)
        guard let top = names.first, names.count == 1, isDirectory("\(tree)/\(top)") else { return }
        let moved = aside + "/top"
        guard rename("\(tree)/\(top)", moved) == 0, rmdir(tree) == 0, rename(moved, tree) == 0
        else { throw failure("move '\(tree)/\(top)' to the top") }
    }

    @discardableResult
    private func run(_ words: [String], to verb: String) throws(ReleaseError) -> String {
        var variables = environment.filter { $0.key == "PATH" }
        variables["LC_ALL"] = "C"
        variables["TZ"] = "UTC"
        let outcome = try tools.call(
            .init(words: ["tar", "--file", path] + words, environment: variables))
        guard outcome.isSuccess else {
            throw ReleaseError(
                "cannot \(verb) the tarball '\(path)': "
                    + (outcome.isLate
                        ? "tar took longer than ten minutes"
                        : outcome.lastLines.suffix(5).joined(separator: "\n")))
        }
        return outcome.text
    }
}
