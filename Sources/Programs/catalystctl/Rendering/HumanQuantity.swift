internal import StackModel

/// `0.3%`, `42%`.
func percentage(_ share: Double) -> String {
    let percent = share.isFinite ? min(max(0, share * 100), 99_999) : 0
    return percent < 9.95 ? "\((percent * 10).rounded() / 10)%" : "\(Int(percent.rounded()))%"
}

/// `99.98%`, rounded down: 100% is only what never failed.
func availabilityText(_ share: Double) -> String {
    let exact = share.isFinite ? min(max(0, share), 1) * 10_000 : 0
    // Shares such as 0.9998 are a hair below themselves in binary.
    let hundredths = Int(exact + 1e-6)
    if hundredths == 10_000 { return "100%" }
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
}

/// `512 B`, `38.2 MiB`.
func humanBytes(_ bytes: Double) -> String {
    let text = ByteCount(bytes: whole(bytes)).description
    let unit = text.last.map(String.init) ?? "B"
    return "\(text.dropLast()) \(unit == "B" ? unit : unit + "iB")"
}

/// As many digits as tell something: `3`, `0.42`, `1234`.
func humanCount(_ number: Double) -> String {
    guard number.isFinite else { return "–" }
    let factor: Double = abs(number) < 10 ? 100 : abs(number) < 100 ? 10 : 1
    let rounded = (number * factor).rounded() / factor
    return rounded == rounded.rounded() ? "\(whole(rounded))" : "\(rounded)"
}

extension Metric.Unit {
    /// `value` for people.
    func human(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        switch self {
        case .bytes: return humanBytes(value)
        case .bytesPerSecond: return humanBytes(value) + "/s"
        case .share: return percentage(value)
        case .seconds:
            let duration = Duration.nanoseconds(whole(value * 1e9))
            return value < 60 ? humanLatency(duration) : humanDuration(duration)
        case .days: return humanCount(value) + "d"
        case .count: return humanCount(value)
        case .countPerSecond: return humanCount(value) + "/s"
        }
    }
}

/// Held at the ends of `Int64`: what a socket says must not trap.
private func whole(_ value: Double) -> Int64 {
    Int64(exactly: value.rounded()) ?? (value > 0 ? .max : .min)
}
