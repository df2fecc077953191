internal import ArgumentParser
internal import StackFile
internal import StackModel

/// What the agent has done by us, so that it neither runs git nor reads YAML.
struct ReleaseCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Make and open releases: the agent's own tool, see 'deploy' and 'rollback'.",
        shouldDisplay: false,
        subcommands: [ReleasePrepare.self, ReleaseOpen.self])
}

/// Where releases are, and which files make a stack with them.
struct ReleaseOptions: ParsableArguments {
    @Option(help: "The directory with 'releases' and 'current'.")
    var root: String

    @Option(help: "The stack file that a release may have.")
    var stackName = ReleasePolicy().stack

    @OptionGroup var files: FileOptions

    /// The stack with `stackFile` in the place of the machine's first; nil: the machine's own.
    func stack(in directory: String, _ stackFile: String?) throws -> StackSpec {
        var source = files.source
        if let stackFile, let first = source.files.first {
            source.files[0] = stackFile
            // A release has no secrets: `.env` stays the machine's.
            source.homeFile = first
        }
        // Where a release lies is no news to whoever reads of a line in its files.
        func shown(_ text: String) -> String { text.replacing(directory + "/", with: "") }
        let (stack, errors, _) = source.load()
        guard var stack else {
            throw Failure(errors.lines.map(shown).joined(separator: "\n"), .unhealthy)
        }
        stack.warnings = stack.warnings.map(shown)
        return stack
    }
}
