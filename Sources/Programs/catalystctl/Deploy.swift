internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Deploy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Make a release and roll the services that it changes, one after another.",
        usage: "catalystctl deploy [<source>] [options]",
        discussion: """
            The source is a directory, a tarball, or a git repository (a path or a URL),
            at the revision behind '#' or --revision; a word that is neither is a revision
            of the stack's own repository. Each service is proven before the next one; if
            one fails, all goes back to the release before, unless the stack file has
            another failure_action.

            Ctrl-C only ends the looking on: the rollout goes on.

            EXAMPLES
              catalystctl deploy v5.4.0 --plan     what it would do, and how long it takes
              catalystctl deploy v5.4.0            that revision of the stack's repository
              catalystctl deploy .                 this directory, or its git HEAD
              catalystctl deploy ../app#main       a local clone, at its branch main
              catalystctl deploy --only news,scanner --reason "feed fix"
              catalystctl deploy v5.4.1 --override-freeze "trading is halted anyway"

            EXIT STATUS
              0  it succeeded; with --plan, --detach: it is planned, begun
              1  it failed, was cancelled or refused, or paused
              2  the command line is wrong; 3  there is no agent; 4  not allowed
            """)

    @OptionGroup var options: RolloutOptions
    @OptionGroup var parts: DeployOptions

    @Option(help: ArgumentHelp("The git revision: a tag, a branch, a commit.", valueName: "rev"))
    var revision: String?

    @Argument(
        help: ArgumentHelp(
            "A directory, a tarball, a git repository, or a revision.", valueName: "source"),
        completion: .file())
    var source: String?

    func run() throws {
        let origin = try DeploySource(source, revision: revision, exists: fullPath)
        var request = parts.request(.deploy)
        request.source = origin.source
        request.revision = origin.revision
        let revisionWords = revision.map { ["--revision", $0] } ?? []
        let words = ["deploy"] + (source.map { [$0] } ?? []) + revisionWords + parts.words
        try options.run(request, words: words)
    }
}
