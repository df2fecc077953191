import Glibc
import StackModel
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem

private let folder = "/usr/share/zoneinfo"
private let hasZones = access("\(folder)/America/New_York", R_OK) == 0
/// GNU's, which reads many times from a file and shows an offset's seconds.
private let hasDate = run(["date", "-u", "-d", "@0", "+%::z"]).output == "+00:00:00\n"

@Suite(.enabled(if: hasZones, "this host has no tzdata"))
struct TimeZoneTests {
    @Test(
        .enabled(if: hasDate, "this host's 'date' is not GNU's"),
        arguments: [
            "America/New_York", "America/Los_Angeles", "America/St_Johns", "America/Sao_Paulo",
            "America/Santiago", "America/Nuuk", "America/Havana", "America/Asuncion",
            "Antarctica/Troll", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Asia/Jerusalem",
            "Asia/Gaza", "Asia/Tokyo", "Asia/Pyongyang", "Africa/Casablanca", "Africa/Cairo",
            "Africa/Monrovia", "Atlantic/Azores", "Australia/Sydney", "Australia/Lord_Howe",
            "Australia/Adelaide", "Europe/London", "Europe/Dublin", "Europe/Berlin",
            "Europe/Moscow", "Europe/Chisinau", "Europe/Istanbul", "Pacific/Auckland",
            "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Easter",
            "Pacific/Norfolk", "Etc/GMT+5", "UTC", "EST5EDT", "CET",
        ])
    func `it says what the system's own rules say`(zone: String) throws {
        // Some are in a package of their own.
        guard access("\(folder)/\(zone)", R_OK) == 0 else { return }
        let rules = try TimeZoneRules(zone: zone)
        var chance = Chance(seed: 4)
        var seconds = (0..<300).map { _ in Int64(chance.index(below: 5_700_000_000)) - 1_600_000_000
        }
        // Around this year's changes and those far ahead, hour by hour.
        for start in [1_772_000_000, 1_792_000_000, 2_400_000_000, 2_420_000_000] as [Int64] {
            seconds += stride(from: start, to: start + 3_000_000, by: 7_200).map { $0 }
        }
        let file = Folder()
        let path = file.file("times", seconds.map { "@\($0)\n" }.joined())
        let answer = run(["date", "-f", path, "+%::z"], environment: ["TZ": zone])
        // Where nobody lived yet the offset is unknown, and written so.
        let expected = answer.output.replacing("-00:00:00", with: "+00:00:00")
            .split(separator: "\n").map(String.init)
        try #require(answer.status == 0 && expected.count == seconds.count)
        for (second, words) in zip(seconds, expected) {
            let offset = rules.offset(at: Timestamp(nanoseconds: second * 1_000_000_000))
            guard written(offset) != words else { continue }
            Issue.record("\(zone) at \(second): \(written(offset)) instead of \(words)")
            return
        }
    }

    private func written(_ offset: Int) -> String {
        let parts = [abs(offset) / 3600, abs(offset) / 60 % 60, abs(offset) % 60]
        return (offset < 0 ? "-" : "+")
            + parts.map { ($0 < 10 ? "0" : "") + "\($0)" }.joined(separator: ":")
    }

    @Test(arguments: [
        "", ".", "..", "../../../etc/passwd", "/etc/passwd", "Europe/../../passwd", "Europe//Paris",
        "Europe/", "a.b", "Europe/Paris\0", "tzdata.zi", "Zürich/Zürich",
        String(repeating: "a", count: 65),
    ])
    func `a name that leads elsewhere is refused`(_ zone: String) {
        #expect(throws: SystemError("read the time zone '\(zone)'", .invalidArgument)) {
            try TimeZoneRules(zone: zone)
        }
    }

    @Test func `a zone that is none is told`() {
        let missing = #expect(throws: SystemError.self) { try TimeZoneRules(zone: "Mars/Base") }
        #expect(missing?.description.contains("'Mars/Base'") == true)
        // A directory.
        #expect(throws: SystemError.self) { try TimeZoneRules(zone: "Europe") }
    }

    @Test func `a file that is cut short or spoilt is refused or read, and nothing else`() throws {
        let whole = try #require(
            TextFile.readBytes("\(folder)/America/New_York", bytesMax: 1 << 16))
        #expect(TimeZoneRules(bytes: whole) != nil)
        for length in 0..<whole.count {
            #expect(TimeZoneRules(bytes: Array(whole.prefix(length))) == nil, "\(length)")
        }
        var chance = Chance(seed: 7)
        var read = 0
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0...chance.index(below: 4) {
                bytes[chance.index(below: bytes.count)] = UInt8(chance.index(below: 256))
            }
            guard let rules = TimeZoneRules(bytes: bytes) else { continue }
            read += 1
            for second in [Int64.min, -1, 0, 1_800_000_000, 1 << 40, Int64.max] {
                let offset = rules.offset(at: Timestamp(nanoseconds: second))
                #expect(abs(offset) < 100_000)
            }
        }
        #expect((1..<5_000).contains(read))
    }

    @Test(arguments: [
        ("EST5EDT,M3.2.0,M11.1.0", 1_785_000_000, -4 * 3600),
        ("EST5EDT,M3.2.0,M11.1.0", 1_795_000_000, -5 * 3600),
        ("<+0330>-3:30", 0, 12_600), ("XXX3EDT4,0/0,J365/23", 0, -4 * 3600),
        ("XXX3EDT4,0/0,J365/23", 1_798_772_400, -4 * 3600), ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 0),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1_785_000_000, -3600),
        ("AAA0BBB,J60/0,J61/0", 1_709_251_200, 3600), ("AAA0BBB,J60/0,J61/0", 1_709_164_800, 0),
        ("AAA0BBB,59/0,60/0", 1_709_164_800, 3600),
    ])
    func `rules for later times are understood`(_ text: String, _ second: Int, _ offset: Int) throws
    {
        let rule = try #require(PosixTimeRule(text))
        #expect(rule.offset(atSecond: Int64(second)) == offset)
    }

    @Test(arguments: [
        "", "E5", "EST", "EST25", "EST5:60", "EST5EDT", "EST5EDT,", "EST5EDT,M3.2.0", "<EST5",
        "EST5EDT,M13.1.0,M11.1.0", "EST5EDT,M3.6.0,M11.1.0", "EST5EDT,M3.2.7,M11.1.0",
        "EST5EDT,J0,J1", "EST5EDT,366,1", "EST5EDT,M3.2.0/168,M11.1.0", "EST5EDT,M3.2.0,M11.1.0 ",
    ])
    func `rules that are none are refused`(_ text: String) {
        #expect(PosixTimeRule(text) == nil)
    }
}
