import Glibc
import StackModel
import Testing

@testable import Logs

@Suite struct FaultTests {
    private static let drivers = [LogPolicy.Driver.jsonFile, .local]

    @Test(arguments: drivers)
    func `a full disk drops, counts, and is noted afterwards`(driver: LogPolicy.Driver) async throws
    {
        let place = try Workplace()
        let path = place.path("scanner", driver == .jsonFile ? "-json.log" : ".log")
        try #require(mkdir(place.directory + "/log", 0o750) == 0)
        try #require(mkdir(place.directory + "/log/scanner", 0o750) == 0)
        try #require(symlink("/dev/full", path) == 0)
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(driver)).stdout)
        pen.write("lost\nlost too\n")
        try await eventually("a count") { place.pump.dropped["scanner"] == 14 }
        #expect(place.reports.withLock { $0["scanner"] } == 14)
        unlink(path)
        pen.write("kept\n")
        try await eventually("a line") { place.reading("scanner").texts.last == "kept" }
        #expect(
            place.reading("scanner").texts == [
                "catalystd: 14 bytes of output were dropped here: no space left on device", "kept",
            ])
    }

    @Test func `a missing directory is made, an impossible one waited for`() async throws {
        let place = try Workplace()
        let obstacle = place.directory + "/log"
        close(open(obstacle, O_CREAT | O_WRONLY, 0o600))
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.jsonFile)).stdout)
        pen.write("lost\n")
        try await eventually("a count") { place.pump.dropped["scanner"] == 5 }
        unlink(obstacle)
        pen.write("kept\n")
        try await eventually("a line") { place.reading("scanner").texts.last == "kept" }
        #expect(
            place.reading("scanner").texts.first
                == "catalystd: 5 bytes of output were dropped here: not a directory")
    }

    @Test func `a directory that is removed under the writer is made again`() async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.local)).stdout)
        pen.write("one\n")
        try await eventually("one") { place.reading("scanner").texts == ["one"] }
        unlink(place.path("scanner", ".log"))
        rmdir(place.directory + "/log/scanner")
        pen.write("two\n")
        try await eventually("two") { place.reading("scanner").texts == ["two"] }
        #expect(place.pump.dropped.isEmpty)
    }
}
