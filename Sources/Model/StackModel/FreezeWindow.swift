/// A weekly window without rollouts: `Mon-Fri 09:30-16:00 America/New_York`.
///
/// One that ends before it begins goes past midnight and belongs to the day it begins on. Times are what the clocks of
/// the zone show; the zone's offset comes in as a value.
package struct FreezeWindow: Equatable, Sendable {
    /// As tzdata names it; `UTC` where none is given.
    package let zone: String
    /// 1 = Monday … 7 = Sunday.
    private let days: Set<Int>
    /// Of the day, 0…1440.
    private let begin: Int
    private let end: Int

    package init(_ text: String) throws(FreezeError) {
        let parts = text.split(separator: " ")
        guard (2...3).contains(parts.count) else { throw .shape }
        days = try Self.days(in: parts[0])
        let times = parts[1].split(separator: "-", omittingEmptySubsequences: false)
        guard times.count == 2 else { throw .timeRange(String(parts[1])) }
        begin = try Self.minute(times[0])
        end = try Self.minute(times[1])
        guard begin < end || begin % Self.day != end % Self.day else { throw .empty }
        zone = parts.count == 3 ? String(parts[2]) : "UTC"
        guard Self.isZone(zone) else { throw .zone(zone) }
    }

    private static let day = 24 * 60
    private static let week = 7 * day
    /// In their order, as they are written.
    package static let dayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    package func contains(weekday: Int, minute: Int) -> Bool {
        guard begin > end else { return days.contains(weekday) && (begin..<end).contains(minute) }
        let eve = weekday == 1 ? 7 : weekday - 1
        return days.contains(weekday) && minute >= begin || days.contains(eve) && minute < end
    }

    /// What a calendar and a clock show that are `offset` seconds ahead of UTC.
    package static func localTime(
        at time: Timestamp, offset: Int
    ) -> (weekday: Int, minute: Int) {
        let seconds = time.nanoseconds.flooredQuotient(by: 1_000_000_000) + Int64(offset)
        // 1970 began on a Thursday; the week, on a Monday.
        let minutes = Int(seconds.flooredQuotient(by: 60)) + 3 * day
        let ofWeek = (minutes % week + week) % week
        return (ofWeek / day + 1, ofWeek % day)
    }

    /// When it is over, where `time` is in it: `16:00`, or `Tue 02:00` on another day. Nil where `time` is not in it.
    package func end(at time: Timestamp, offset: Int) -> String? {
        let now = Self.localTime(at: time, offset: offset)
        guard contains(weekday: now.weekday, minute: now.minute) else { return nil }
        let minute = (now.weekday - 1) * Self.day + now.minute
        for later in minute..<minute + Self.week {
            let (weekday, ofDay) = (later / Self.day % 7 + 1, later % Self.day)
            guard !contains(weekday: weekday, minute: ofDay) else { continue }
            let clock = "\(Self.padded(ofDay / 60)):\(Self.padded(ofDay % 60))"
            return weekday == now.weekday ? clock : "\(Self.dayNames[weekday - 1]) \(clock)"
        }
        return "the stack file is changed"
    }

    private static func days(in text: Substring) throws(FreezeError) -> Set<Int> {
        var days: Set<Int> = []
        for range in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = range.split(separator: "-", omittingEmptySubsequences: false)
            guard ends.count <= 2 else { throw .dayRange(String(range)) }
            var numbers: [Int] = []
            for end in ends { numbers.append(try weekday(end)) }
            guard let first = numbers.first, let last = numbers.last else { continue }
            // Fri-Mon goes past Sunday.
            for day in first...(last < first ? last + 7 : last) { days.insert((day - 1) % 7 + 1) }
        }
        return days
    }

    private static func weekday(_ text: Substring) throws(FreezeError) -> Int {
        let names = [
            "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
        ]
        let lower = text.lowercased()
        guard let index = names.firstIndex(where: { $0 == lower || $0.prefix(3) == lower }) else {
            throw .unknownDay(String(text))
        }
        return index + 1
    }

    private static func minute(_ text: Substring) throws(FreezeError) -> Int {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let isShaped =
            parts.count == 2
            && parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy(isDigit) }
        guard isShaped, let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60,
            hour * 60 + minute <= day
        else { throw .time(String(text)) }
        return hour * 60 + minute
    }

    /// By its look: `America/New_York`, `Etc/GMT+5`, `UTC`.
    private static func isZone(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        return (parts.count > 1 || name == "UTC")
            && parts.allSatisfy { part in
                part.utf8.first.map(isLetter) == true
                    && part.utf8.allSatisfy {
                        isLetter($0) || isDigit($0) || "_-+".utf8.contains($0)
                    }
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    /// Upper and lower case differ in one bit.
    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte & 0xDF) }

    private static func padded(_ number: Int) -> String { (number < 10 ? "0" : "") + "\(number)" }
}

extension Int64 {
    fileprivate func flooredQuotient(by unit: Int64) -> Int64 {
        self / unit - (self % unit < 0 ? 1 : 0)
    }
}

/// Why a text is no weekly window.
package enum FreezeError: Error, Equatable, CustomStringConvertible {
    case shape, empty
    case dayRange(String), unknownDay(String)
    case timeRange(String), time(String)
    case zone(String)

    package var description: String {
        switch self {
        case .shape: "must look like 'Mon-Fri 09:30-16:00 America/New_York'"
        case .empty: "the window is empty"
        case .dayRange(let text): "'\(text)' is no range of days"
        case .unknownDay(let text): "unknown day '\(text)'"
        case .timeRange(let text): "'\(text)' is no range of times such as '09:30-16:00'"
        case .time(let text): "'\(text)' is no time from '00:00' to '24:00'"
        case .zone(let text): "'\(text)' is no time zone such as 'America/New_York' or 'UTC'"
        }
    }
}
