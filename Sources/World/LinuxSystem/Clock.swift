internal import Glibc
package import StackModel

/// The machine's clocks. Only shells read them; decisions get their values.
package enum Clock {
    /// CLOCK_MONOTONIC: what timers count; it stands still while the machine sleeps.
    package static func now() -> Moment { Moment(nanoseconds: read(CLOCK_MONOTONIC)) }

    /// CLOCK_REALTIME: for people and records.
    package static func wallTime() -> Timestamp { Timestamp(nanoseconds: read(CLOCK_REALTIME)) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
