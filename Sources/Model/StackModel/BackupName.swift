/// Of a backup's file: `config-<host>-<UTC time>.tar.gz`. Nothing else in a directory of backups is one.
package struct BackupName: Equatable, Sendable {
    package let host: String
    package let time: Timestamp

    private static let prefix = "config-"
    private static let suffix = ".tar.gz"
    private static let stampCount = "20261123T021500Z".utf8.count
    private static let hostCountMax = 63

    /// Letters of `host` that a file's name should not have become `-`; the time is kept to the second.
    package init(host: String, time: Timestamp) {
        let kept = host.prefix(Self.hostCountMax).map { Self.isPlain($0) ? $0 : "-" }
        self.host = kept.isEmpty ? "localhost" : String(kept)
        self.time = Timestamp(
            nanoseconds: time.nanoseconds - time.nanoseconds.remainder(of: 1_000_000_000))
    }

    package init?(_ file: String) {
        guard file.hasPrefix(Self.prefix), file.hasSuffix(Self.suffix) else { return nil }
        let middle = file.dropFirst(Self.prefix.count).dropLast(Self.suffix.count)
        let stamp = Array(middle.suffix(Self.stampCount))
        let host = middle.dropLast(Self.stampCount)
        guard host.count > 1, host.hasSuffix("-"), host.allSatisfy(Self.isPlain),
            stamp.count == Self.stampCount,
            let time = Timestamp(
                rfc3339: "\(String(stamp[0..<4]))-\(String(stamp[4..<6]))-\(String(stamp[6..<11])):"
                    + "\(String(stamp[11..<13])):\(String(stamp[13...]))")
        else { return nil }
        self.init(host: String(host.dropLast()), time: time)
        // Only what this writes is read.
        guard self.file == file else { return nil }
    }

    package var file: String {
        "\(Self.prefix)\(host)-\(time.compact)\(Self.suffix)"
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-._".contains(character))
    }
}

extension Timestamp {
    /// For names of files: `20261123T021500Z`.
    package var compact: String { rfc3339(digits: 0).filter { $0 != "-" && $0 != ":" } }
}

extension Int64 {
    /// Never negative.
    fileprivate func remainder(of divisor: Int64) -> Int64 {
        let rest = self % divisor
        return rest < 0 ? rest + divisor : rest
    }
}
