internal import ArgumentParser

struct Backup: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Save this machine's configuration and the ledger in one file, without secrets.",
        discussion: """
            EXAMPLES
              catalystctl backup
              catalystctl backup list
              catalystctl backup check FILE
              catalystctl restore FILE --dry-run

            WHAT IS IN IT
              The stack's files, nginx' site, overridden units, ufw's rules, certbot's
              renewals, which release ran, and the ledger as it is now. What seems to
              hold a secret is left out, and told. The file is read back before it
              counts; older ones are removed only then.
            """,
        subcommands: [BackupMake.self, BackupList.self, BackupCheck.self],
        defaultSubcommand: BackupMake.self)
}

/// Where backups are.
struct BackupPlace: ParsableArguments {
    @Option(
        name: .customLong("to"),
        help: ArgumentHelp("The directory of backups.", valueName: "dir"),
        completion: .directory)
    var directory = "/var/backups/catalyst"

    @Flag(help: "Print the answer as JSON.")
    var json = false
}

/// Which machine is meant: this one, or one whose disk is mounted here.
struct MachineOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Before every path: a mounted disk, or a copy.", valueName: "dir"),
        completion: .directory)
    var root = "/"

    @Option(
        help: ArgumentHelp(
            "The agent's state directory (default: /var/lib/catalyst below --root).",
            valueName: "dir"),
        completion: .directory)
    var state: String?

    /// Empty for this machine.
    var prefix: String {
        var prefix = root
        while prefix.hasSuffix("/") { prefix.removeLast() }
        return prefix
    }

    var stateDirectory: String { state ?? prefix + "/var/lib/catalyst" }
}
