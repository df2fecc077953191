import StackModel
import Testing

struct FingerprintTests {
    /// Fowler, Noll and Vo's own examples.
    @Test(arguments: [
        ("", 0xcbf2_9ce4_8422_2325 as UInt64), ("a", 0xaf63_dc4c_8601_ec8c),
        ("foobar", 0x8594_4171_f739_67e8),
    ])
    func `fingerprints are FNV-1a`(text: String, expected: UInt64) {
        #expect(text.utf8.fingerprint() == expected)
    }
}
