internal import ArgumentParser
internal import JSONLines

struct ConfigResolve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "The stack as one line of JSON, secrets included: what the agent reads.",
        discussion: """
            EXAMPLES
              catalystctl config resolve --file units/stack.yaml | jq '.services[].name'
            """)

    @OptionGroup var options: FileOptions

    func run() throws {
        let output = Output()
        output.write(try JSONLines.encode(try options.stack()))
        try output.flush()
    }
}
