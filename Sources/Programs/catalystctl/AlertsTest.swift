internal import ArgumentParser
internal import ControlProtocol

struct AlertsTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Raise alerts that mean nothing, to see that alerts arrive.",
        usage: "catalystctl alerts test [options]",
        discussion: """
            It tells how many of them the ledger has for good. With --batch what was raised before
            under the same name and number is not raised again: repeat it after a failure.

            EXAMPLES
              catalystctl alerts test
              catalystctl alerts test --count 1000 --batch drill --first 1
            """)

    @OptionGroup var options: AgentOptions

    @Option(help: ArgumentHelp("How many, 1 to 10000.", valueName: "count"))
    var count: Int?

    @Option(help: ArgumentHelp("The name of a batch that may be repeated.", valueName: "name"))
    var batch: String?

    @Option(help: ArgumentHelp("The number of the first in its batch.", valueName: "number"))
    var first: Int?

    func validate() throws {
        if let count, !(1...10_000).contains(count) {
            throw ValidationError("--count takes 1 to 10000")
        }
        if let first, first < 0 { throw ValidationError("--first takes a number of 0 or more") }
        if first != nil, batch == nil {
            throw ValidationError("--first numbers a batch: name it with --batch")
        }
    }

    func run() throws {
        // Ten thousand of them may take longer than an answer usually does.
        var request = ControlRequest(.testAlert, wait: true)
        request.count = count
        request.batch = batch
        request.first = first
        try options.agent.change(request, isJSON: options.json)
    }
}
