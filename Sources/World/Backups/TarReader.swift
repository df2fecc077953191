/// Reads a tar archive that nobody vouches for: plain files only, each within its bounds.
struct TarReader {
    struct Entry: Equatable {
        var name: String
        var count: Int64
    }

    /// Fills what it is given, and returns how much of it: less only at the end.
    private let read: (inout [UInt8]) throws(BackupError) -> Int

    init(read: @escaping (inout [UInt8]) throws(BackupError) -> Int) { self.read = read }

    /// Calls `content` with each piece of the entry's content; nil: the archive is over.
    func next(
        _ choose: (Entry) throws(BackupError) -> Void,
        _ content: (ArraySlice<UInt8>) throws(BackupError) -> Void
    ) throws(BackupError) -> Entry? {
        var header = [UInt8](repeating: 0, count: TarWriter.blockCount)
        guard try read(&header) == header.count else {
            throw BackupError("it ends in the middle")
        }
        if header.allSatisfy({ $0 == 0 }) { return nil }
        let entry = try entry(header)
        try choose(entry)
        var left = entry.count
        while left > 0 {
            var chunk = [UInt8](repeating: 0, count: Int(min(left, 256 << 10)))
            guard try read(&chunk) == chunk.count else {
                throw BackupError("it ends in the middle")
            }
            try content(chunk[...])
            left -= Int64(chunk.count)
        }
        let rest = Int(entry.count % Int64(TarWriter.blockCount))
        if rest > 0 {
            var padding = [UInt8](repeating: 0, count: TarWriter.blockCount - rest)
            guard try read(&padding) == padding.count else {
                throw BackupError("it ends in the middle")
            }
        }
        return entry
    }

    private func entry(_ header: [UInt8]) throws(BackupError) -> Entry {
        let sum = header.indices.reduce(Int64(0)) {
            $0 + ((148..<156).contains($1) ? 32 : Int64(header[$1]))
        }
        guard Self.octal(header[148..<156]) == sum, let count = Self.octal(header[124..<136]) else {
            throw BackupError("it is no tar archive, or a damaged one")
        }
        let prefix = Self.text(header[345..<500])
        guard let prefix, let last = Self.text(header[0..<100]) else {
            throw BackupError("a name in it is not UTF-8: refused")
        }
        let name = prefix.isEmpty ? last : prefix + "/" + last
        guard [0, UInt8(ascii: "0")].contains(header[156]) else {
            throw BackupError("'\(name)' in it is no plain file: refused")
        }
        return Entry(name: name, count: count)
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String? {
        String(validating: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
        let text = String(decoding: field.prefix { $0 != 0 && $0 != 32 }, as: UTF8.self)
        guard let number = Int64(text, radix: 8), number >= 0 else { return nil }
        return number
    }
}
