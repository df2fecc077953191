@testable import LinuxSystem
@testable import StackModel

/// A time zone's file, as tzdata has it.
func fuzzZone(_ bytes: [UInt8]) throws {
    guard let rules = TimeZoneRules(bytes: bytes) else { return }
    for second in [Int64.min, -1, 0, 1_795_000_000, 9_000_000_000, .max] {
        let offset = rules.offset(at: Timestamp(nanoseconds: second))
        try promise(abs(offset) < 8 * 86_400, "\(offset) seconds from UTC")
        let rough = rules.offset(atSecond: second / 1_000_000_000)
        try promise(abs(rough) < 8 * 86_400, "\(rough) seconds from UTC")
    }
}

/// Short texts with a grammar of their own; the first byte chooses which.
func fuzzWords(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
    switch bytes.first.map({ $0 % 6 }) {
    case 0:
        guard let time = Timestamp(rfc3339: text) else { return }
        let again = Timestamp(rfc3339: time.rfc3339(digits: 9))
        try promise(again == time, "\(time) is another time when it is read again")
    case 1: try fuzzFreeze(text)
    case 2:
        guard let name = BackupName(text) else { return }
        try promise(name.file == text, "'\(text)' is named '\(name.file)'")
    case 3:
        guard let subject = Subject(text) else { return }
        try promise(Subject(subject.description) == subject, "another subject: '\(text)'")
    case 4:
        guard let rule = PosixTimeRule(text) else { return }
        for second in [-9_000_000_000, 0, 1_795_000_000, 9_000_000_000] as [Int64] {
            try promise(abs(rule.offset(atSecond: second)) < 8 * 86_400, "far from UTC")
        }
    default:
        _ = withoutPasswords(text)
        if ServiceName.isValid(text) {
            try promise(!text.contains("/") && !text.hasPrefix("."), "no file name: '\(text)'")
        }
    }
}

private func fuzzFreeze(_ text: String) throws {
    guard let window = try? FreezeWindow(text) else { return }
    for nanoseconds in [Int64.min, 0, 1_795_000_000_000_000_000, .max] {
        _ = window.end(at: Timestamp(nanoseconds: nanoseconds), offset: -18_000)
    }
}
