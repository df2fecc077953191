internal import StackModel

/// Why a text is no duration or size.
struct QuantityError: Error, Equatable, CustomStringConvertible {
    var description: String
}

extension Duration {
    /// Reads Compose's durations: `30s`, `1m30s`, `1.5h`, `0`.
    init(compose text: String) throws(QuantityError) {
        self = .zero
        if text == "0" { return }
        var rest = text[...]
        var total = 0.0
        repeat {
            guard let number = takeNumber(&rest) else { throw noDuration(text) }
            let unit = String(rest.prefix { !$0.isASCIIDigit })
            guard !unit.isEmpty else {
                throw QuantityError(
                    description: "has no unit, write '\(text)s' for seconds (us, ms, s, m, h, d)")
            }
            guard let scale = nanosecondsPerUnit[unit] else { throw noDuration(text) }
            rest.removeFirst(unit.count)
            total += number * scale
        } while !rest.isEmpty
        guard let nanoseconds = Int64(exactly: total.rounded()) else {
            throw QuantityError(description: "is longer than 292 years")
        }
        self = .nanoseconds(nanoseconds)
    }

    /// As it is written in the file: `1m30s`.
    var composeText: String {
        var rest = nanoseconds
        var text = ""
        for (unit, scale) in [
            ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
            ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000),
        ] as [(String, Int64)] where rest >= scale {
            text += "\(rest / scale)\(unit)"
            rest %= scale
        }
        return text.isEmpty ? "0s" : text
    }
}

extension ByteCount {
    /// Reads Compose's sizes: `512`, `100m`, `1.5gb`. Units are binary.
    init(compose text: String) throws(QuantityError) {
        var rest = text[...]
        guard let number = takeNumber(&rest),
            let scale = bytesPerUnit[String(rest.drop { $0 == " " }).lowercased()]
        else {
            throw QuantityError(description: "\(excerpt(text)) is no size such as '512m' or '1.5g'")
        }
        guard let bytes = Int64(exactly: (number * scale).rounded()) else {
            throw QuantityError(description: "is more bytes than there can be")
        }
        self.init(bytes: bytes)
    }
}

private let nanosecondsPerUnit: [String: Double] = [
    "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86_400e9,
]

private let bytesPerUnit: [String: Double] = {
    var units: [String: Double] = ["": 1, "b": 1]
    for (index, name) in ["k", "m", "g", "t"].enumerated() {
        for form in [name, name + "b", name + "ib"] {
            units[form] = Double(Int64(1) << Int64(10 * (index + 1)))
        }
    }
    return units
}()

/// A plain decimal number at the start of `text`.
private func takeNumber(_ text: inout Substring) -> Double? {
    let digits = text.prefix { $0.isASCIIDigit || $0 == "." }
    guard digits.first?.isASCIIDigit == true, digits.count <= 30, let number = Double(digits)
    else { return nil }
    text.removeFirst(digits.count)
    return number
}

private func noDuration(_ text: String) -> QuantityError {
    QuantityError(description: "\(excerpt(text)) is no duration such as '30s', '1m30s' or '100ms'")
}

extension Character {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}
