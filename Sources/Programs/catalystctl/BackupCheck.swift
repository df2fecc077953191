internal import ArgumentParser
internal import Backups
internal import JSONLines

struct BackupCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Read a backup, and compare each file in it with its checksum.",
        discussion: """
            EXAMPLES
              catalystctl backup check /var/backups/catalyst/config-….tar.gz
              catalystctl backup check FILE --json | jq -r '.files[].path'

            EXIT STATUS
              0 whole and unchanged; 1 damaged, or no backup of ours
            """)

    @Argument(help: "The backup.", completion: .file(extensions: ["gz"]))
    var file: String

    @Flag(help: "Print its manifest as JSON.")
    var json = false

    func run() throws {
        let archive = try BackupArchive.opened(file)
        let output = Output()
        if json {
            output.write(try JSONLines.encode(archive.manifest))
        } else {
            for line in BackupPage.lines(of: archive) { output.print(line) }
        }
        try output.flush()
    }
}

extension BackupArchive {
    /// The backup at `path`, checked, or why not.
    static func opened(_ path: String) throws(Failure) -> BackupArchive {
        do throws(BackupError) { return try BackupArchive(checking: path) } catch {
            throw Failure("\(error)", .unhealthy)
        }
    }
}
