internal import Glibc

/// Why a text is no weekly window.
struct FreezeError: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// Takes `Mon-Fri 09:30-16:00 America/New_York`: days, times, and a zone unless it is UTC.
func checkFreeze(_ text: String) throws(FreezeError) {
    let parts = text.split(separator: " ")
    guard (2...3).contains(parts.count) else {
        throw FreezeError(
            description: "must look like 'Mon-Fri 09:30-16:00 America/New_York'")
    }
    for range in parts[0].split(separator: ",", omittingEmptySubsequences: false) {
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else {
            throw FreezeError(description: "'\(range)' is no range of days")
        }
        for day in ends { try checkDay(day) }
    }
    let times = parts[1].split(separator: "-", omittingEmptySubsequences: false)
    guard times.count == 2 else {
        throw FreezeError(description: "'\(parts[1])' is no range of times such as '09:30-16:00'")
    }
    let (start, end) = (try minute(times[0]), try minute(times[1]))
    guard start != end else { throw FreezeError(description: "the window is empty") }
    if parts.count == 3 { try checkZone(String(parts[2])) }
}

private func checkDay(_ day: Substring) throws(FreezeError) {
    let days = [
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
    ]
    let lower = day.lowercased()
    if days.contains(where: { $0 == lower || $0.prefix(3) == lower }) { return }
    let short = days.map { $0.prefix(1).uppercased() + $0.dropFirst().prefix(2) }
    let near = suggestionOrChoices(for: String(day), among: short)
    throw FreezeError(description: "unknown day '\(day)'\(near)")
}

private func minute(_ text: Substring) throws(FreezeError) -> Int {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let isShaped =
        parts.count == 2 && parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy(\.isDigit) }
    guard isShaped, let hour = Int(parts[0]), let minute = Int(parts[1]), minute < 60,
        hour * 60 + minute <= 24 * 60
    else { throw FreezeError(description: "'\(text)' is no time from '00:00' to '24:00'") }
    return hour * 60 + minute
}

/// By the zones of this host where it has any, else by the look of the name.
private func checkZone(_ name: String) throws(FreezeError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isShaped = parts.allSatisfy { part in
        part.utf8.first?.isLetter == true
            && part.utf8.allSatisfy { $0.isNameByte || "-+".utf8.contains($0) }
    }
    guard isShaped, parts.count > 1 || name == "UTC" else {
        throw FreezeError(
            description: "'\(name)' is no time zone such as 'America/New_York' or 'UTC'")
    }
    let folder = "/usr/share/zoneinfo/"
    if access(folder + "UTC", F_OK) == 0, access(folder + name, F_OK) != 0 {
        throw FreezeError(description: "unknown time zone '\(name)'")
    }
}
