internal import StackModel

/// A measurement's values as they are stored: for each metric its number, its value, and its high where that differs.
///
/// Both as Float32: seven digits are more than any of them is worth, and half the space.
enum MeasureCoding {
    private static let highFollows: UInt8 = 0x80

    static func bytes(_ values: Reading, highs: Reading) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(5 * values.count + 4 * highs.count)
        for (metric, value) in values.sorted(by: { $0.key.rawValue < $1.key.rawValue })
        where value.isFinite {
            let high = highs[metric].flatMap { $0.isFinite ? $0 : nil }
            bytes.append(metric.rawValue | (high == nil ? 0 : highFollows))
            bytes.append(value)
            if let high { bytes.append(high) }
        }
        return bytes
    }

    /// With its time and subject, as it waits for the database.
    static func record(_ measurement: Measurement) -> [UInt8] {
        let time = UInt64(bitPattern: measurement.time.nanoseconds)
        var bytes = stride(from: 0, to: 64, by: 8).map {
            UInt8(truncatingIfNeeded: time >> UInt64($0))
        }
        let subject = Array(measurement.subject.description.utf8.prefix(255))
        bytes.append(UInt8(subject.count))
        return bytes + subject + self.bytes(measurement.values, highs: measurement.highs)
    }

    /// A minute's, as `record` made it.
    static func record(_ bytes: [UInt8]) -> Measurement? {
        guard let length = bytes.dropFirst(8).first, bytes.count >= 9 + Int(length) else {
            return nil
        }
        let time = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let subject = Subject(String(decoding: bytes[9..<9 + Int(length)], as: UTF8.self))
        else { return nil }
        let (values, highs) = values(Array(bytes[(9 + Int(length))...]))
        return Measurement(
            time: Timestamp(nanoseconds: Int64(bitPattern: time)), subject: subject,
            resolution: .minute, values: values, highs: highs)
    }

    /// Metrics that this version does not know are left out.
    static func values(_ bytes: [UInt8]) -> (values: Reading, highs: Reading) {
        var values: Reading = [:]
        var highs: Reading = [:]
        var rest = bytes[...]
        while let tag = rest.popFirst(), let value = rest.popFloat() {
            let high = tag & highFollows == 0 ? nil : rest.popFloat()
            guard let metric = Metric(rawValue: tag & ~highFollows), value.isMeasure else {
                continue
            }
            values[metric] = value
            highs[metric] = high.flatMap { $0.isMeasure ? $0 : nil }
        }
        return (values, highs)
    }
}

extension Double {
    /// Not what only damage can have written: whatever is computed with it stays a number.
    fileprivate var isMeasure: Bool { magnitude < 1e18 }
}

extension [UInt8] {
    fileprivate mutating func append(_ value: Double) {
        let bits = Float(value).bitPattern
        for shift in stride(from: 0, to: 32, by: 8) {
            append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
        }
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func popFloat() -> Double? {
        guard count >= 4 else { return nil }
        let bits = prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        removeFirst(4)
        return Double(Float(bitPattern: bits))
    }
}
