internal import ArgumentParser
internal import StackModel

/// A stretch of time as people write it: `90s`, `1h30m`, `2d`; a number alone is seconds.
struct Span: Equatable, ExpressibleByArgument {
    let duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    /// Longer than nothing.
    init?(argument: String) {
        guard let duration = Self.duration(argument), duration > .zero else { return nil }
        self.duration = duration
    }

    /// Nil: not one, or so long that no `Timestamp` could be so long ago.
    static func duration(_ text: String) -> Duration? {
        if let seconds = Int64(text), (0...secondsMax).contains(seconds) {
            return .seconds(seconds)
        }
        var total: Int64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let factor = units[character], let number = Int64(digits),
                    number <= secondsMax / factor
                else { return nil }
                total += number * factor
                digits = ""
            }
        }
        return digits.isEmpty && !text.isEmpty && total <= secondsMax ? .seconds(total) : nil
    }

    private static let units: [Character: Int64] = [
        "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800,
    ]
    /// A hundred years.
    private static let secondsMax: Int64 = 3_155_760_000
}
