internal import StackModel
internal import TestSupport
internal import Testing

@testable internal import CatalystAgent

/// Runs `script` in a directory of its own, looks, and removes it.
private func look(after script: String, _ look: (String) -> SavedLook) -> InspectionResult {
    let made = run(["mktemp", "-d", "/tmp/catalyst-saved-XXXXXX"])
    let directory = String(made.output.dropLast())
    defer { _ = run(["rm", "-rf", directory]) }
    #expect(run(["sh", "-c", "cd \(directory) && \(script)"]).status == 0)
    let result = look(directory)
    return result.newest()
}

@Test func `of backups the newest by name counts, and no other file`() {
    let none = look(after: "echo {} > snapshot.json && echo x > notes.txt") { .backups(in: $0) }
    #expect(none == .saved(newest: nil))
    let script = """
        echo x > config-a-20261101T000000Z.tar.gz && echo x > config-b-20261103T000000Z.tar.gz &&
        echo x > config-a-20261102T000000Z.tar.gz && : > config-a-20261104T000000Z.tar.gz &&
        ln -s /nowhere config-a-20261105T000000Z.tar.gz && mkdir config-a-20261106T000000Z.tar.gz &&
        echo x > .config-a-20261107T000000Z.tar.gz.partial
        """
    #expect(
        look(after: script) { .backups(in: $0) }
            == .saved(newest: Timestamp(rfc3339: "2026-11-03T00:00:00Z")))
    #expect(SavedLook.backups(in: "/no/such").newest() == .saved(newest: nil))
    #expect(
        SavedLook.backups(in: "/etc/passwd").newest()
            == .failed("cannot look into '/etc/passwd': not a directory", isAway: true))
}

@Test func `of snapshots the record counts`() {
    let record = #"{"id": "7", "name": "n", "time": "2026-11-22T02:00:11Z"}"#
    #expect(
        look(after: "echo '\(record)' > s.json") { .snapshot($0 + "/s.json") }
            == .saved(newest: Timestamp(rfc3339: "2026-11-22T02:00:11Z")))
    #expect(SavedLook.snapshot("/no/such").newest() == .saved(newest: nil))
    for text in ["", "{}", #"{"time": "soon"}"#] {
        guard
            case .failed(let words, isAway: true) = look(
                after: "echo '\(text)' > s.json", { .snapshot($0 + "/s.json") })
        else {
            Issue.record("'\(text)' was taken")
            continue
        }
        #expect(words.hasSuffix("s.json' is no record of a snapshot"))
    }
}
