internal import StackModel

/// `42 s`, `2 min`, `3 h`, `9 days`: rounded down, so that nothing is said to last longer than it does.
func humanSpan(_ span: Duration) -> String {
    let seconds = max(0, span.components.seconds)
    return switch seconds {
    case ..<1: span <= .zero ? "0 s" : "\(max(1, span.milliseconds)) ms"
    case ..<120: "\(seconds) s"
    case ..<7200: "\(seconds / 60) min"
    case ..<172_800: "\(seconds / 3600) h"
    default: "\(seconds / 86_400) days"
    }
}

/// `94 %`; a digit more above 99 %, where it matters.
func humanShare(_ share: Double) -> String {
    let percent = share * 100
    return percent > 99 && percent < 100
        ? "\(number((percent * 10).rounded(.down) / 10)) %" : "\(whole(percent)) %"
}

/// `512 MiB`, `1.5 GiB`.
func humanBytes(_ bytes: Double) -> String {
    var value = max(0, bytes)
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if value < 1023.5 { return "\(short(value)) \(unit)" }
        value /= 1024
    }
    return "\(short(value)) TiB"
}

/// `1,204`.
func humanCount(_ count: Int) -> String {
    let digits = Array(String(count.magnitude))
    var text = count < 0 ? "-" : ""
    for (index, digit) in digits.enumerated() {
        if index > 0, (digits.count - index) % 3 == 0 { text += "," }
        text.append(digit)
    }
    return text
}

/// One digit behind the point where there is one before it.
func short(_ value: Double) -> String {
    value < 9.95 ? number((value * 10).rounded() / 10) : whole(value)
}

private func whole(_ value: Double) -> String {
    Int(exactly: value.rounded()).map(String.init) ?? "many"
}

private func number(_ value: Double) -> String {
    value == value.rounded() ? whole(value) : "\(value)"
}
