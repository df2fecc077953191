internal import ArgumentParser
internal import ControlProtocol
internal import JSONLines
internal import StackFile
internal import StackModel

struct ConfigShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract:
            "The whole stack, resolved, its secrets hidden: the running one, or that of --file.",
        discussion: """
            EXAMPLES
              catalystctl config show
              catalystctl config show --file units/stack.yaml
              catalystctl config show --json | jq '.services[] | select(.name == "news")'
            """)

    @OptionGroup var options: AgentOptions
    @OptionGroup var files: FileOptions

    func run() throws {
        let stack =
            files.files.isEmpty
            ? try options.agent.answer(to: ControlRequest(.config)) { $0.config }
            : try files.stack().redacted()
        let output = Output()
        if options.json {
            output.write(try JSONLines.encode(stack))
        } else {
            let isTerminal = Terminal.current().isTerminal
            for line in render(stack).split(separator: "\n", omittingEmptySubsequences: false).map(
                String.init)
            {
                output.print(isTerminal ? displayed(line) : line)
            }
        }
        try output.flush()
    }
}
