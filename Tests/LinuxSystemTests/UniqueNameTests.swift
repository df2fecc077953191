import LinuxSystem
import Testing

struct UniqueNameTests {
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
