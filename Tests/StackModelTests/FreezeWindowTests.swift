import StackModel
import Testing

struct FreezeWindowTests {
    @Test(arguments: [
        ("Mon-Fri 09:30-16:00", "Mon 09:29", false), ("Mon-Fri 09:30-16:00", "Mon 09:30", true),
        ("Mon-Fri 09:30-16:00", "Fri 15:59", true), ("Mon-Fri 09:30-16:00", "Fri 16:00", false),
        ("Mon-Fri 09:30-16:00", "Sat 12:00", false), ("Sat,Sun 10:00-11:00", "Sun 10:30", true),
        ("Sat,Sun 10:00-11:00", "Fri 10:30", false),
        ("mon,wed-FRIDAY 10:00-11:00", "Tue 10:30", false),
        ("mon,wed-FRIDAY 10:00-11:00", "Thu 10:30", true),
        ("Fri-Mon 10:00-11:00", "Sun 10:30", true),
        ("Fri-Mon 10:00-11:00", "Mon 10:30", true), ("Fri-Mon 10:00-11:00", "Tue 10:30", false),
        // Past midnight it belongs to the day it begins on.
        ("Mon 22:00-02:00", "Mon 01:00", false), ("Mon 22:00-02:00", "Mon 22:00", true),
        ("Mon 22:00-02:00", "Tue 01:59", true), ("Mon 22:00-02:00", "Tue 02:00", false),
        ("Mon 22:00-02:00", "Tue 22:00", false), ("Sun 22:00-02:00", "Mon 00:00", true),
        ("Wed 00:00-24:00", "Wed 00:00", true), ("Wed 00:00-24:00", "Wed 23:59", true),
        ("Wed 00:00-24:00", "Thu 00:00", false), ("Wed 22:00-00:00", "Wed 23:59", true),
        ("Wed 22:00-00:00", "Thu 00:00", false),
    ])
    func `a window has its days and times`(_ text: String, _ time: String, _ isIn: Bool) throws {
        let (weekday, minute) = try parsed(time)
        let window = try FreezeWindow(text)
        #expect(window.contains(weekday: weekday, minute: minute) == isIn, "\(text) \(time)")
        #expect(window.zone == "UTC")
    }

    @Test(arguments: [
        ("2026-11-23T00:00:00Z", 0, "Mon 00:00"), ("2026-11-22T23:59:59Z", 0, "Sun 23:59"),
        ("2026-11-22T23:59:59.999Z", 3600, "Mon 00:59"),
        ("2026-11-23T04:30:00Z", -5 * 3600, "Sun 23:30"),
        ("2026-11-22T20:00:00Z", 5 * 3600 + 45 * 60, "Mon 01:45"),
        ("1970-01-01T00:00:00Z", 0, "Thu 00:00"), ("1969-12-31T23:59:59.5Z", 0, "Wed 23:59"),
        ("1965-03-07T12:00:00Z", 0, "Sun 12:00"), ("2024-02-29T12:00:00Z", 0, "Thu 12:00"),
        // Minutes are whole whatever the offset's seconds.
        ("2026-11-23T00:00:00Z", -1, "Sun 23:59"),
    ])
    func `the local time is known`(_ time: String, _ offset: Int, _ expected: String) throws {
        let timestamp = try #require(Timestamp(rfc3339: time))
        let local = FreezeWindow.localTime(at: timestamp, offset: offset)
        let (weekday, minute) = try parsed(expected)
        #expect(local.weekday == weekday && local.minute == minute, "\(local)")
    }

    @Test(arguments: [
        // All of Monday 23 November 2026, New York being five hours behind.
        ("Mon-Fri 09:30-16:00 America/New_York", "2026-11-23T14:30:00Z", "16:00"),
        ("Mon-Fri 09:30-16:00 America/New_York", "2026-11-23T14:29:59Z", nil),
        ("Mon-Fri 09:30-16:00 America/New_York", "2026-11-23T21:00:00Z", nil),
        ("Mon 22:00-02:00 America/New_York", "2026-11-24T03:00:00Z", "Tue 02:00"),
        ("Mon 22:00-02:00 America/New_York", "2026-11-24T06:00:00Z", "02:00"),
        ("Mon 00:00-24:00 America/New_York", "2026-11-23T12:00:00Z", "Tue 00:00"),
        ("Fri-Mon 00:00-24:00 America/New_York", "2026-11-21T12:00:00Z", "Tue 00:00"),
        (
            "Mon-Sun 00:00-24:00 America/New_York", "2026-11-21T12:00:00Z",
            "the stack file is changed"
        ),
    ])
    func `it says when it is over`(_ text: String, _ time: String, _ end: String?) throws {
        let timestamp = try #require(Timestamp(rfc3339: time))
        let window = try FreezeWindow(text)
        #expect(window.zone == "America/New_York")
        #expect(window.end(at: timestamp, offset: -5 * 3600) == end)
    }

    @Test(arguments: [
        ("", FreezeError.shape), ("Mon", .shape), ("Mon 1 UTC 2", .shape),
        ("Mon-Tue-Wed 09:00-10:00", .dayRange("Mon-Tue-Wed")),
        ("Fry 09:00-10:00", .unknownDay("Fry")),
        ("Mon, 09:00-10:00", .unknownDay("")), ("Mo 09:00-10:00", .unknownDay("Mo")),
        ("Mon 09:00", .timeRange("09:00")),
        ("Mon 09:00-10:00-11:00", .timeRange("09:00-10:00-11:00")),
        ("Mon 9:00-10:00", .time("9:00")), ("Mon 09:60-10:00", .time("09:60")),
        ("Mon 09:00-24:01", .time("24:01")), ("Mon +9:00-10:00", .time("+9:00")),
        ("Mon 09:00-09:00", .empty), ("Mon 24:00-00:00", .empty),
        ("Mon 09:00-10:00 EST", .zone("EST")), ("Mon 09:00-10:00 ../etc", .zone("../etc")),
        ("Mon 09:00-10:00 /etc/passwd", .zone("/etc/passwd")),
        ("Mon 09:00-10:00 Europe/Zürich", .zone("Europe/Zürich")),
        ("Mon 09:00-10:00 Europe/", .zone("Europe/")),
    ])
    func `what is no window is told`(_ text: String, _ error: FreezeError) {
        #expect(throws: error) { try FreezeWindow(text) }
    }

    private func parsed(_ time: String) throws -> (weekday: Int, minute: Int) {
        let parts = time.split { " :".contains($0) }
        let day = try #require(FreezeWindow.dayNames.firstIndex(of: String(parts[0])))
        return (day + 1, try #require(Int(parts[1])) * 60 + (try #require(Int(parts[2]))))
    }
}
