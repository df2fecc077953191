internal import ArgumentParser
internal import ControlProtocol

struct Rollback: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Go back to an earlier release, with the same care as a deploy.",
        usage: "catalystctl rollback [<release>] [options]",
        discussion: """
            EXAMPLES
              catalystctl rollback                 to the release before
              catalystctl rollback --plan          what it would do
              catalystctl releases                 where one can go back to
              catalystctl rollback 20261122T210500Z-3f2a91c

            EXIT STATUS
              As of 'catalystctl deploy': 0 it succeeded, 1 it did not.
            """)

    @OptionGroup var options: RolloutOptions
    @OptionGroup var parts: DeployOptions

    @Argument(help: "The release to go back to; none: the one before.")
    var release: String?

    func run() throws {
        var request = parts.request(.rollback)
        request.release = release
        let words = ["rollback"] + (release.map { [$0] } ?? []) + parts.words
        try options.run(request, words: words)
    }
}
