/// The rule at the end of a time zone file, for all later times: `EST5EDT,M3.2.0,M11.1.0` (POSIX's TZ, with RFC 8536's
/// hours from -167 to 167).
struct PosixTimeRule: Equatable {
    /// Seconds east of UTC.
    private let standard: Int
    private let summer: Summer?

    private struct Summer: Equatable {
        let offset: Int
        let begin: Day
        let end: Day
    }

    /// A moment of each year, in local time.
    fileprivate struct Day: Equatable {
        enum Kind: Equatable {
            /// 1…365: 29 February is never counted.
            case julian(Int)
            /// 0…365.
            case ofYear(Int)
            /// Of a month, the first to the fifth or last such weekday; 0 is Sunday.
            case weekday(month: Int, week: Int, day: Int)
        }
        let kind: Kind
        var second = 2 * 3600
    }

    /// Nil where it is malformed.
    init?(_ text: String) {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard scanner.name(), let west = scanner.seconds(hoursMax: 24) else { return nil }
        standard = -west
        guard !scanner.isAtEnd else {
            summer = nil
            return
        }
        guard scanner.name() else { return nil }
        var offset = standard + 3600
        if !scanner.skip(",") {
            guard let west = scanner.seconds(hoursMax: 24), scanner.skip(",") else { return nil }
            offset = -west
        }
        guard let begin = scanner.day(), scanner.skip(","), let end = scanner.day(),
            scanner.isAtEnd
        else { return nil }
        summer = Summer(offset: offset, begin: begin, end: end)
    }

    func offset(atSecond second: Int64) -> Int {
        guard let summer else { return standard }
        // A moment may fall into the year before or after its own.
        let year = 1970 + Int(second / 31_556_952)
        var last = (time: Int64.min, offset: standard)
        for year in year - 2...year + 2 {
            let end = summer.end.instant(in: year) - Int64(summer.offset)
            if end <= second, end > last.time { last = (end, standard) }
            let begin = summer.begin.instant(in: year) - Int64(standard)
            // Summer that begins when it ends goes on: that is how "always" is written.
            if begin <= second, begin >= last.time { last = (begin, summer.offset) }
        }
        return last.offset
    }

    private struct Scanner {
        var rest: ArraySlice<UInt8>
        var isAtEnd: Bool { rest.isEmpty }

        mutating func skip(_ mark: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: mark) else { return false }
            rest.removeFirst()
            return true
        }

        /// `EST` or `<+03>`.
        mutating func name() -> Bool {
            let isQuoted = skip("<")
            let length = rest.prefix { byte in
                let isLetter = (65...90).contains(byte & 0xDF)
                return isLetter
                    || isQuoted && ((48...57).contains(byte) || byte == 43 || byte == 45)
            }.count
            rest.removeFirst(length)
            return length >= 3 && (!isQuoted || skip(">"))
        }

        /// `-3:30`, in seconds.
        mutating func seconds(hoursMax: Int) -> Int? {
            let sign = skip("-") ? -1 : 1
            if sign == 1 { _ = skip("+") }
            guard let hours = number(0...hoursMax) else { return nil }
            var total = hours * 3600
            for unit in [60, 1] where skip(":") {
                guard let part = number(0...59) else { return nil }
                total += part * unit
            }
            return sign * total
        }

        mutating func number(_ range: ClosedRange<Int>) -> Int? {
            let digits = rest.prefix { (48...57).contains($0) }
            guard (1...3).contains(digits.count) else { return nil }
            rest.removeFirst(digits.count)
            let value = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
            return range.contains(value) ? value : nil
        }

        mutating func day() -> Day? {
            guard let kind = kind() else { return nil }
            guard skip("/") else { return Day(kind: kind) }
            return seconds(hoursMax: 167).map { Day(kind: kind, second: $0) }
        }

        private mutating func kind() -> Day.Kind? {
            if skip("J") { return number(1...365).map(Day.Kind.julian) }
            guard skip("M") else { return number(0...365).map(Day.Kind.ofYear) }
            guard let month = number(1...12), skip("."), let week = number(1...5), skip("."),
                let day = number(0...6)
            else { return nil }
            return .weekday(month: month, week: week, day: day)
        }
    }
}

extension PosixTimeRule.Day {
    /// In `year`, in seconds since 1970 by the local clock.
    fileprivate func instant(in year: Int) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let day =
            switch kind {
            case .julian(let number): number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .ofYear(let number): number
            case .weekday(let month, let week, let day):
                Self.dayOfYear(
                    month, week, day, firstOfYear: Self.daysBefore(year), isLeap: isLeap)
            }
        return Int64(Self.daysBefore(year) + day) * 86_400 + Int64(second)
    }

    private static func dayOfYear(
        _ month: Int, _ week: Int, _ weekday: Int, firstOfYear: Int, isLeap: Bool
    ) -> Int {
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let first = lengths.prefix(month - 1).reduce(0, +)
        // 1970 began on a Thursday.
        let weekdayOfFirst = ((firstOfYear + first + 4) % 7 + 7) % 7
        let dayOfMonth = (weekday - weekdayOfFirst + 7) % 7 + (week - 1) * 7
        return first + (dayOfMonth < lengths[month - 1] ? dayOfMonth : dayOfMonth - 7)
    }

    /// From 1970 to the beginning of `year`.
    private static func daysBefore(_ year: Int) -> Int {
        let past = year - 1
        return past * 365 + past / 4 - past / 100 + past / 400 - 719_162
    }
}
