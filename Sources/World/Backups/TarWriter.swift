internal import StackModel

/// Writes a tar archive (POSIX ustar) of plain files, which belong to root.
struct TarWriter {
    static let blockCount = 512
    private let time: Timestamp
    private let write: (ArraySlice<UInt8>) throws(BackupError) -> Void

    init(time: Timestamp, write: @escaping (ArraySlice<UInt8>) throws(BackupError) -> Void) {
        self.time = time
        self.write = write
    }

    func add(_ name: String, _ bytes: [UInt8]) throws(BackupError) {
        try begin(name, count: Int64(bytes.count))
        try write(bytes[...])
        try pad(Int64(bytes.count))
    }

    /// `next` gives the content in pieces: as much as `count` says.
    func add(
        _ name: String, count: Int64, next: () throws(BackupError) -> ArraySlice<UInt8>
    ) throws(BackupError) {
        try begin(name, count: count)
        var left = count
        while left > 0 {
            let piece = try next()
            guard !piece.isEmpty, piece.count <= left else {
                throw BackupError("'\(name)' was changed while it was saved: try again")
            }
            try write(piece)
            left -= Int64(piece.count)
        }
        try pad(count)
    }

    func finish() throws(BackupError) {
        try write(ArraySlice(repeating: 0, count: 2 * Self.blockCount))
    }

    private func pad(_ count: Int64) throws(BackupError) {
        let rest = Int(count % Int64(Self.blockCount))
        if rest > 0 { try write(ArraySlice(repeating: 0, count: Self.blockCount - rest)) }
    }

    private func begin(_ name: String, count: Int64) throws(BackupError) {
        guard let (prefix, rest) = Self.divided(name), count < 1 << 33 else {
            throw BackupError("cannot save '\(name)': it does not fit into a tar archive")
        }
        var header = [UInt8](repeating: 0, count: Self.blockCount)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        put(rest, at: 0)
        put("0000600", at: 100)
        put("0000000", at: 108)
        put("0000000", at: 116)
        put(Self.octal(count, 11), at: 124)
        put(Self.octal(max(0, time.nanoseconds / 1_000_000_000), 11), at: 136)
        put("        ", at: 148)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        put("root", at: 265)
        put("root", at: 297)
        put(prefix, at: 345)
        let sum = header.reduce(Int64(0)) { $0 + Int64($1) }
        put(Self.octal(sum, 6), at: 148)
        header[154] = 0
        try write(header[...])
    }

    /// At most 100 bytes of name, and 155 before it.
    private static func divided(_ name: String) -> (prefix: String, rest: String)? {
        if name.utf8.count <= 100 { return ("", name) }
        for slash in name.indices.reversed() where name[slash] == "/" {
            let (prefix, rest) = (name[..<slash], name[name.index(after: slash)...])
            // Without one of them, the slash between would be lost.
            guard !prefix.isEmpty, !rest.isEmpty else { continue }
            if prefix.utf8.count <= 155, rest.utf8.count <= 100 {
                return (String(prefix), String(rest))
            }
        }
        return nil
    }

    private static func octal(_ number: Int64, _ digits: Int) -> String {
        let text = String(number, radix: 8)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
