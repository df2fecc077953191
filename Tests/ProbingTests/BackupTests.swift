internal import Glibc
internal import StackModel
internal import Testing

@testable internal import Probing

@Test func `the newest file of a directory counts`() throws {
    let directory = makeTemporaryDirectory()
    defer { remove(directory) }
    func look() -> InspectionResult { inspect(.backups(directory), within: .seconds(20)) }
    #expect(look() == .backups(newest: nil))
    let script = """
        cd \(directory) && mkdir below && touch -d @4000000000 below below/x &&
        for name in old:1000 new:2000 middle:1500 .hidden:3000; do
          echo x > ${name%:*} && touch -d @${name#*:} ${name%:*}
        done
        : > empty && touch -d @3000 empty && ln -s /nowhere dangling
        """
    #expect(Program(["/bin/sh", "-c", script])?.succeeds() == true)
    #expect(look() == .backups(newest: Timestamp(nanoseconds: 2_000_000_000_000)))
}

@Test func `a directory that is not there is told`() {
    let result = inspect(.backups("/no/such/place"), within: .seconds(5))
    #expect(
        result
            == .failed(
                "cannot look into '/no/such/place': no such file or directory", isAway: false))
}
