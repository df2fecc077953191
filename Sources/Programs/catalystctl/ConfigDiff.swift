internal import ArgumentParser
internal import ControlProtocol
internal import JSONLines
internal import StackFile
internal import StackModel

struct ConfigDiff: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "What a reload of these files would start, stop and restart.",
        discussion: """
            EXAMPLES
              catalystctl config diff
              catalystctl config diff --file new-stack.yaml --json | jq '.restarted'
            """)

    @OptionGroup var options: AgentOptions
    @OptionGroup var files: FileOptions

    func run() throws {
        // The agent shows no secrets, so ours are hidden alike: a new password is no difference.
        let new = try files.stack().redacted()
        let running = try options.agent.answer(to: ControlRequest(.config)) { $0.config }
        let difference = StackDifference(from: running, to: new)
        let output = Output()
        if options.json {
            output.write(try JSONLines.encode(difference))
        } else {
            for line in DifferencePage(difference: difference).lines(on: .current()) {
                output.print(line)
            }
        }
        try output.flush()
    }
}
