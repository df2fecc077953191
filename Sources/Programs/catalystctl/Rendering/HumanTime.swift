internal import Glibc
internal import StackModel

/// How long, in the largest unit that fits: `42s`, `3m`, `2h`, `4d`.
func humanDuration(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    return switch seconds {
    case ..<60: "\(seconds)s"
    case ..<3600: "\(seconds / 60)m"
    case ..<86_400: "\(seconds / 3600)h"
    default: "\(seconds / 86_400)d"
    }
}

/// How long, in the two largest units: `42s`, `4m 10s`, `1h 5m`.
func humanSpan(_ duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    let units = [
        ("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("m", seconds / 60 % 60),
        ("s", seconds % 60),
    ]
    let words = units.drop { $0.1 == 0 }.prefix(2).filter { $0.1 > 0 }.map { "\($0.1)\($0.0)" }
    return words.isEmpty ? "0s" : words.joined(separator: " ")
}

/// The time until something, rounded up so that it never says 0 too early.
func humanWait(_ duration: Duration) -> String {
    humanDuration(duration <= .zero ? .zero : duration + .milliseconds(999))
}

/// How long an answer took: `0.4ms`, `12ms`, `1.2s`.
func humanLatency(_ duration: Duration) -> String {
    let seconds = duration.seconds
    if seconds < 0.001 { return "\((seconds * 10_000).rounded() / 10)ms" }
    if seconds < 1 { return "\(Int((seconds * 1000).rounded()))ms" }
    return "\((seconds * 10).rounded() / 10)s"
}

extension Timestamp {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// In the operator's time zone: `14:03:09` today, `Nov 21 14:03:09` on other days.
    func local(now: Timestamp) -> String {
        let then = Self.calendar(self)
        let today = Self.calendar(now)
        let clock = "\(twoDigits(then.tm_hour)):\(twoDigits(then.tm_min)):\(twoDigits(then.tm_sec))"
        if then.tm_yday == today.tm_yday, then.tm_year == today.tm_year { return clock }
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        return "\(months[Int(then.tm_mon)]) \(twoDigits(then.tm_mday)) \(clock)"
    }

    private static func calendar(_ timestamp: Timestamp) -> tm {
        var seconds = time_t(timestamp.nanoseconds / 1_000_000_000)
        var result = tm()
        localtime_r(&seconds, &result)
        return result
    }
}

private func twoDigits(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
