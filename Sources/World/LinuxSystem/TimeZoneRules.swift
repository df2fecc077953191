package import StackModel
internal import SystemPackage

/// How far a time zone is from UTC, by this host's tzdata (RFC 8536), without Foundation.
package struct TimeZoneRules {
    /// When the offset changed, in seconds since 1970, and to which of `offsets`.
    private var changes: [(time: Int64, type: Int)] = []
    /// Seconds east of UTC. The first holds before all changes.
    private var offsets: [Int] = [0]
    /// What holds after the last change; nil: what that change says.
    private var later: PosixTimeRule?

    private static let folder = "/usr/share/zoneinfo"
    /// The largest has 4 KiB.
    private static let bytesMax = 64 << 10

    package init(zone: String) throws(SystemError) {
        guard Self.isName(zone) else {
            throw SystemError("read the time zone '\(zone)'", .invalidArgument)
        }
        guard let bytes = TextFile.readBytes("\(Self.folder)/\(zone)", bytesMax: Self.bytesMax + 1),
            !bytes.isEmpty
        else {
            // What holds everywhere needs no file.
            if zone == "UTC" { return }
            throw SystemError(
                "read the time zone '\(zone)'", .noSuchFileOrDirectory,
                because: "no such file in \(Self.folder): is tzdata installed?")
        }
        guard bytes.count <= Self.bytesMax, let rules = Self(bytes: bytes) else {
            throw SystemError(
                "read the time zone '\(zone)'", .invalidArgument,
                because: "\(Self.folder)/\(zone) is no time zone file")
        }
        self = rules
    }

    /// Seconds east of UTC.
    package func offset(at time: Timestamp) -> Int {
        let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return offset(atSecond: remainder < 0 ? quotient - 1 : quotient)
    }

    func offset(atSecond second: Int64) -> Int {
        guard let last = changes.last else { return later?.offset(atSecond: second) ?? offsets[0] }
        if second >= last.time, let later { return later.offset(atSecond: second) }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].time <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? offsets[0] : offsets[changes[low - 1].type]
    }

    /// Of names such as `America/Argentina/Buenos_Aires`; nothing that leads elsewhere.
    private static func isName(_ zone: String) -> Bool {
        zone.utf8.count <= 64
            && zone.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
                .allSatisfy { part in
                    !part.isEmpty
                        && part.allSatisfy { byte in
                            (65...90).contains(byte & 0xDF) || (48...57).contains(byte)
                                || "_+-".utf8.contains(byte)
                        }
                }
    }
}

extension TimeZoneRules {
    /// From the content of a file; nil where it is malformed.
    init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes: bytes[...])
        guard var header = Header(&reader) else { return nil }
        if header.version >= UInt8(ascii: "2") {
            // The first block is for readers that know 32 bits only.
            guard reader.skip(header.length(timeSize: 4)), let second = Header(&reader) else {
                return nil
            }
            header = second
        }
        let timeSize = header.version >= UInt8(ascii: "2") ? 8 : 4
        // Leap seconds are counted in the zones of 'right/' only, which our clock does not follow.
        guard header.leapCount == 0, header.typeCount > 0,
            header.length(timeSize: timeSize) <= reader.bytes.count
        else { return nil }
        guard readChanges(&reader, header, timeSize: timeSize),
            readOffsets(&reader, header)
        else { return nil }
        guard timeSize == 8 else { return }
        guard reader.skip(header.charCount + header.standardCount + header.utcCount),
            let footer = reader.line()
        else { return nil }
        guard !footer.isEmpty else { return }
        later = PosixTimeRule(footer)
        if later == nil { return nil }
    }

    private mutating func readChanges(
        _ reader: inout ByteReader, _ header: Header, timeSize: Int
    ) -> Bool {
        var times: [Int64] = []
        for _ in 0..<header.timeCount {
            guard let time = reader.number(bytes: timeSize), times.last.map({ $0 < time }) ?? true
            else { return false }
            times.append(time)
        }
        for time in times {
            guard let type = reader.byte(), type < header.typeCount else { return false }
            changes.append((time, Int(type)))
        }
        return true
    }

    private mutating func readOffsets(_ reader: inout ByteReader, _ header: Header) -> Bool {
        offsets = []
        for _ in 0..<header.typeCount {
            // RFC 8536 allows a little more than a day.
            guard let offset = reader.number(bytes: 4), (-89_999...93_599).contains(offset),
                reader.skip(2)
            else { return false }
            offsets.append(Int(offset))
        }
        return true
    }
}

private struct Header {
    let version: UInt8
    let utcCount, standardCount, leapCount, timeCount, typeCount, charCount: Int

    init?(_ reader: inout ByteReader) {
        guard reader.take(4).map(Array.init) == Array("TZif".utf8), let version = reader.byte(),
            reader.skip(15)
        else { return nil }
        self.version = version
        var counts: [Int] = []
        for _ in 0..<6 {
            // More than a file can hold is no count.
            guard let count = reader.number(bytes: 4), (0...1 << 20).contains(count) else {
                return nil
            }
            counts.append(Int(count))
        }
        (utcCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
        (timeCount, typeCount, charCount) = (counts[3], counts[4], counts[5])
    }

    func length(timeSize: Int) -> Int {
        timeCount * (timeSize + 1) + typeCount * 6 + charCount + leapCount * (timeSize + 4)
            + standardCount + utcCount
    }
}

private struct ByteReader {
    private(set) var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= bytes.count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count)
    }

    mutating func skip(_ count: Int) -> Bool { take(count) != nil }

    mutating func byte() -> UInt8? { take(1)?.first }

    /// Big-endian and signed.
    mutating func number(bytes count: Int) -> Int64? {
        guard let taken = take(count), let first = taken.first else { return nil }
        return taken.dropFirst().reduce(Int64(Int8(bitPattern: first))) { $0 << 8 | Int64($1) }
    }

    /// What stands between two line ends.
    mutating func line() -> String? {
        guard byte() == 10, let end = bytes.firstIndex(of: 10) else { return nil }
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
