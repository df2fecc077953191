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

    @Test func `unique names are UUIDs of version 4`() {
        let shape = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
        let random = (0..<100).map { _ in UniqueName.random() }
        for name in random + ["", "a", "batch/7"].map(UniqueName.of) {
            #expect(name.wholeMatch(of: shape) != nil, "\(name)")
        }
        #expect(Set(random).count == 100)
    }

    @Test func `the same text has the same name, another one another`() {
        #expect(UniqueName.of("batch/7") == UniqueName.of("batch/7"))
        #expect(Set((0..<1000).map { UniqueName.of("batch/\($0)") }).count == 1000)
    }
}
