import JSONLines
import Monitoring
import StackModel
import Supervision
import Testing

@testable import CatalystAgent

/// What one agent leaves, read by another of the release before or after.
struct RememberedStateTests {
    private static let service = """
        {"past":{"history":{"attempts":[],"crashes":2,"wasGivenUp":false},"instances":3,\
        "phase":{"waiting":{"until":{"nanoseconds":7}}}},"restarts":2,"since":"2026-11-23T05:00:00Z"}
        """

    private func read(_ text: String) throws -> RememberedState {
        try JSONLines.decode(RememberedState.self, from: Array(text.utf8))
    }

    @Test func `what it does not know it leaves out, what it misses is as if nothing had been`()
        throws
    {
        let later = """
            {"boot":"b","color":"red","stopped":["news"],"services":{"scanner":\(Self.service)}}
            """
        let state = try read(later)
        #expect(state.boot == "b" && state.stopped == ["news"] && state.instances.isEmpty)
        let known = try #require(state.services["scanner"])
        #expect(known.past.phase == .waiting(until: Moment(nanoseconds: 7)))
        #expect(known.past.history.crashes == 2 && known.lastExit == nil)
        #expect(try read("{}") == RememberedState())
    }

    @Test func `what it cannot read costs only itself`() throws {
        let mixed = """
            {"boot":7,"stopped":["news"],"instances":{"news":{"pid":1}},\
            "services":{"scanner":\(Self.service),"news":{"past":{"phase":"asleep"}}}}
            """
        let state = try read(mixed)
        #expect(state.boot.isEmpty && state.stopped == ["news"])
        #expect(state.instances.isEmpty && Array(state.services.keys) == ["scanner"])
    }

    @Test func `it is read as it was written`() throws {
        var state = try read("{\"boot\":\"b\",\"services\":{\"scanner\":\(Self.service)}}")
        state.instances["scanner"] = RememberedState.Instance(
            pid: 4711, startTicks: 99, mark: "m", cgroup: nil)
        let bytes = try JSONLines.encode(state)
        #expect(try JSONLines.decode(RememberedState.self, from: bytes) == state)
    }
}
