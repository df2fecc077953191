internal import ArgumentParser
internal import Backups
internal import Glibc
internal import JSONLines
internal import StackModel

struct Restore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring a backup back, on this machine or another; what it replaces is kept.",
        discussion: """
            EXAMPLES
              catalystctl restore FILE --dry-run   what would change
              catalystctl restore FILE             shows it, asks, and does it
              catalystctl restore FILE --yes --no-ledger

            The backup is checked first; only the places of catalyst's own configuration
            are written to. What was there before stays beside it, as
            FILE.before-restore-TIME. Secrets are not in a backup: it says which ones are
            to be filled in. The ledger needs a stopped agent.

            A backup is configuration that root's programs obey: bring back only what you
            have made yourself.
            """)

    @Argument(help: "The backup.", completion: .file(extensions: ["gz"]))
    var file: String

    @OptionGroup var machine: MachineOptions

    @Flag(help: "Only say what would change.")
    var dryRun = false

    @Flag(help: "Do not ask.")
    var yes = false

    @Flag(name: .customLong("no-ledger"), help: "Leave this machine's ledger as it is.")
    var withoutLedger = false

    @Flag(help: "Print the answer as JSON; it needs --yes or --dry-run.")
    var json = false

    func validate() throws {
        guard !json || yes || dryRun else {
            throw ValidationError("--json asks nothing: add --yes or --dry-run")
        }
    }

    func run() throws {
        let archive = try BackupArchive.opened(file)
        let output = Output()
        do {
            let restoration = try Restoration(
                of: archive, root: machine.prefix, state: machine.stateDirectory,
                hasLedger: !withoutLedger)
            let isBlocked = try restoration.replacesLedger && restoration.isAgentRunning()
            try show(restoration, isBlocked, output)
            guard !dryRun else { return }
            if restoration.isNeeded, !yes { try ask() }
            let outcome = try restoration.apply(at: .now())
            try show(restoration, outcome, output)
        } catch let error as BackupError { throw Failure("\(error)", .unhealthy) }
    }

    private func show(
        _ restoration: Restoration, _ isBlocked: Bool, _ output: Output
    ) throws {
        if json {
            guard dryRun else { return }
            output.write(try JSONLines.encode(Answer(restoration, nil)))
        } else {
            for line in RestorePage.plan(restoration, isBlocked: isBlocked) { output.print(line) }
        }
        try output.flush()
    }

    private func show(
        _ restoration: Restoration, _ outcome: Restoration.Outcome, _ output: Output
    ) throws {
        if json {
            output.write(try JSONLines.encode(Answer(restoration, outcome)))
        } else {
            for line in RestorePage.done(restoration, outcome) { output.print(line) }
        }
        try output.flush()
    }

    private func ask() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw Failure("nobody can be asked: add --yes, or --dry-run to look", .usage)
        }
        let question = Array("Change this machine so? [y/N] ".utf8)
        write(STDERR_FILENO, question, question.count)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw Failure("nothing was changed", .unhealthy)
        }
    }

    private struct Answer: Encodable {
        let backup: String
        let host: String
        let time: Timestamp
        let files: [Restoration.Step]
        let variablesMissing: [String]
        let written: [String]?
        let keptAside: [String]?

        init(_ restoration: Restoration, _ outcome: Restoration.Outcome?) {
            backup = restoration.archive.path
            host = restoration.archive.manifest.host
            time = restoration.archive.manifest.time
            files = restoration.steps
            variablesMissing = restoration.variablesMissing
            written = outcome?.written
            keptAside = outcome?.keptAside
        }
    }
}
