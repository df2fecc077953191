internal import StackModel

/// Names that nothing else in the world has: UUIDs in text, RFC 9562 version 4.
package enum UniqueName {
    package static func random() -> String {
        made(of: .random(in: 0 ... .max), .random(in: 0 ... .max))
    }

    /// Always the same for the same text.
    package static func of(_ text: String) -> String {
        // From two beginnings.
        made(
            of: text.utf8.fingerprint(), text.utf8.fingerprint(from: 0x6c62_272e_07bb_0142))
    }

    private static func made(of high: UInt64, _ low: UInt64) -> String {
        let high = high & ~0xf000 | 0x4000
        let low = low & ~(0xc000 << 48) | 0x8000 << 48
        return [
            hex(high >> 32, 8), hex(high >> 16 & 0xffff, 4), hex(high & 0xffff, 4),
            hex(low >> 48, 4), hex(low & 0xffff_ffff_ffff, 12),
        ].joined(separator: "-")
    }

    private static func hex(_ value: UInt64, _ digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: Swift.max(0, digits - text.count))
            + text.suffix(digits)
    }
}
