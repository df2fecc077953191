/// Where a service's output goes and how much of it is kept.
package struct LogPolicy: Equatable, Sendable, Codable {
    package enum Driver: String, Sendable, Codable, CaseIterable {
        /// Docker's format: one JSON object a line.
        case jsonFile = "json-file"
        /// Ours: the bytes as written, framed with time and stream. Fastest, smallest.
        case local
        case journald
        case none
    }

    package var driver: Driver = .jsonFile
    /// Rotate when the file would grow past this. At least 4 KiB.
    package var sizeMax: ByteCount = .mebibytes(100)
    /// Files kept, the current one among them. At least 1.
    package var filesMax: Int = 5
    /// Rotated files are compressed with gzip.
    package var compress: Bool = false

    package init() {}
}

/// A number of bytes. Written by people with binary units, as Compose does: `100m` is 100 MiB.
package struct ByteCount: Hashable, Comparable, Sendable, Codable {
    package var bytes: Int64

    package init(bytes: Int64) { self.bytes = bytes }
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(bytes: count << 20) }

    package init(from decoder: any Decoder) throws {
        bytes = try decoder.singleValueContainer().decode(Int64.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
    package static func < (left: Self, right: Self) -> Bool { left.bytes < right.bytes }
}

extension ByteCount: CustomStringConvertible {
    /// Three digits and a binary unit: `512B`, `38.2M`, `1.5G`.
    package var description: String {
        var value = Double(bytes)
        for unit in ["B", "K", "M", "G"] {
            if value < 999.5 {
                return unit == "B" || value >= 99.95
                    ? "\(Int(value.rounded()))\(unit)"
                    : "\((value * 10).rounded() / 10)\(unit)"
            }
            value /= 1024
        }
        return "\((value * 10).rounded() / 10)T"
    }

    /// Nothing rounded, in the largest unit that fits, as Compose reads it: `1G`, `1536M`, `1000B`.
    package var exact: String {
        for (unit, shift) in [("G", 30), ("M", 20), ("K", 10)]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift)\(unit)"
        }
        return "\(bytes)B"
    }
}
