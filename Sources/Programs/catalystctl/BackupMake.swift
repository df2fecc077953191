internal import ArgumentParser
internal import Backups
internal import ControlProtocol
internal import JSONLines
internal import Releases
internal import StackModel

struct BackupMake: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make",
        abstract: "Save this machine's configuration and the ledger (the default).",
        discussion: """
            EXAMPLES
              catalystctl backup
              catalystctl backup --to /mnt/backups --keep 30

            EXIT STATUS
              0 all is saved; 1 no backup was made, or something had to be left out:
              stderr says what
            """)

    @OptionGroup var place: BackupPlace
    @OptionGroup var machine: MachineOptions

    @Option(help: ArgumentHelp("How many of this machine's stay.", valueName: "n"))
    var keep = 14

    @Option(help: ArgumentHelp("The running agent's control socket.", valueName: "path"))
    var socket: String?

    func validate() throws {
        guard keep >= 1 else { throw ValidationError("--keep must be at least 1") }
    }

    func run() throws {
        var maker = BackupMaker(version: catalystVersion)
        maker.root = machine.prefix
        maker.state = machine.stateDirectory
        maker.code = code
        let made: BackupMaker.Made
        do throws(BackupError) {
            made = try maker.make(in: place.directory, keep: keep, askAgent: askAgent)
        } catch { throw Failure("\(error)", .unhealthy) }
        let output = Output()
        if place.json {
            output.write(try JSONLines.encode(Answer(made)))
        } else {
            for line in BackupPage.lines(of: made) { output.print(line) }
        }
        try output.flush()
        let losses = made.manifest.losses
        guard losses.isEmpty else {
            let lines = losses.map { "left out: '\($0.path)': \($0.why)" }
            throw Failure(lines.joined(separator: "\n"), .unhealthy)
        }
    }

    /// Has the agent copy its ledger.
    private func askAgent() -> Result<String, BackupError> {
        do {
            return .success(
                try Agent(socket: socket).answer(to: ControlRequest(.snapshot)) { $0.path })
        } catch {
            return .failure(BackupError(Failure(error)?.message ?? "\(error)"))
        }
    }

    /// The release that `current` leads to, without the password of its repository.
    private var code: BackupManifest.Code? {
        let shelf = ReleaseShelf(root: machine.prefix + "/opt/catalyst")
        guard let release = shelf.current.flatMap(shelf.release) else { return nil }
        return BackupManifest.Code(
            id: release.id, version: release.version, source: withoutPasswords(release.source),
            revision: release.revision)
    }

    private struct Answer: Encodable {
        let path: String
        let bytes: Int64
        let time: Timestamp
        let files: [String]
        let missing: [BackupManifest.Missing]
        let removed: [String]

        init(_ made: BackupMaker.Made) {
            path = made.path
            bytes = made.bytes
            time = made.manifest.time
            files = made.manifest.files.map(\.path)
            missing = made.manifest.missing
            removed = made.removed
        }
    }
}
