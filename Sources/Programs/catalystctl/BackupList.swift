internal import ArgumentParser
internal import Backups
internal import JSONLines
internal import StackModel

struct BackupList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The backups that there are, newest first.",
        discussion: """
            EXAMPLES
              catalystctl backup list
              catalystctl backup list --json | jq -r '.[0].path'
            """)

    @OptionGroup var place: BackupPlace

    func run() throws {
        let entries: [BackupShelf.Entry]
        do throws(BackupError) { entries = try BackupShelf(place.directory).list() } catch {
            throw Failure("\(error)", .unhealthy)
        }
        let output = Output()
        if place.json {
            output.write(try JSONLines.encode(entries.map(Answer.init)))
        } else {
            for line in BackupPage.lines(of: entries, in: place.directory, now: .now()) {
                output.print(line)
            }
        }
        try output.flush()
    }

    private struct Answer: Encodable {
        let path: String
        let host: String
        let time: Timestamp
        let bytes: Int64

        init(_ entry: BackupShelf.Entry) {
            path = entry.path
            host = entry.name.host
            time = entry.name.time
            bytes = entry.bytes
        }
    }
}
