extension Sequence<UInt8> {
    /// FNV-1a, 64 bits: only to tell things apart, not safe from people.
    package func fingerprint(from seed: UInt64 = 0xcbf2_9ce4_8422_2325) -> UInt64 {
        reduce(seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
