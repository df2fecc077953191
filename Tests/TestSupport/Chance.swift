/// Random numbers that a seed repeats exactly, on every machine: SplitMix64 (Steele, Lea, Flood
/// 2014).
package struct Chance: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    package mutating func share() -> Double { Double(next() >> 11) / 0x1p53 }

    /// True in `percent` of 100 cases.
    package mutating func happens(_ percent: Double) -> Bool { share() * 100 < percent }

    /// One of 0..<count.
    package mutating func index(below count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    package mutating func pick<Choice>(_ first: Choice, _ others: Choice...) -> Choice {
        let index = index(below: others.count + 1)
        return index == 0 ? first : others[index - 1]
    }

    /// Between `low` and `high`, in whole milliseconds.
    package mutating func duration(_ low: Duration, _ high: Duration) -> Duration {
        let span = (high - low) / .milliseconds(1)
        return low + .milliseconds(Int64(span * share()))
    }
}
