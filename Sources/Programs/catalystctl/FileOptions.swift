internal import ArgumentParser
internal import LinuxSystem
internal import StackFile
internal import StackModel

/// Which files make the stack.
struct FileOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .customLong("file")], parsing: .upToNextOption,
        help: ArgumentHelp(
            "The stack's files, merged in this order.",
            discussion: "Without it: \(defaultStackFile), and what is in stack.d beside it.",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var files: [String] = []

    @Option(
        name: .customLong("profile"),
        help: ArgumentHelp("Also take services with this profile.", valueName: "name"))
    var profiles: [String] = []

    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp(
            "Variables for the files; without it: .env beside the first.", valueName: "file"),
        completion: .file())
    var envFile: String?

    var names: [String] { files.isEmpty ? defaultStackFiles() : files }

    var source: StackSource {
        StackSource(
            files: names, profiles: profiles, environment: environmentVariables(), envFile: envFile)
    }

    /// The stack; its mistakes, if there are any, go to stderr.
    func stack() throws -> StackSpec {
        let (stack, errors, _) = source.load()
        guard let stack else {
            Output.complain(errors.lines.joined(separator: "\n"), prefix: "")
            throw ExitStatus.unhealthy
        }
        return stack
    }
}
