internal import ArgumentParser
internal import JSONLines
internal import Releases
internal import StackFile
internal import StackModel

struct ReleasePrepare: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Fetch, build and seal a release; print it and its stack as a line of JSON.",
        shouldDisplay: false)

    @OptionGroup var options: ReleaseOptions

    @Option(help: "A directory, a tarball, a git repository; without it: the --repository.")
    var source: String?

    @Option(help: "The git revision.")
    var revision: String?

    @Option(help: "A git repository; without it: x-catalyst.releases.repository.")
    var repository: String?

    @Flag(help: "Only look: build nothing and keep nothing.")
    var plan = false

    func run() throws {
        var order = ReleaseMaker.Order()
        order.source = source
        order.revision = revision
        order.stackName = options.stackName
        order.isPlan = plan
        // Nil: the release may bring the only stack file there is.
        let machine = options.files.source.load().stack?.releases
        order.repository = repository ?? machine?.repository
        order.spaceMin = machine?.spaceMin ?? order.spaceMin
        let prepared: PreparedRelease
        do {
            let maker = try ReleaseMaker(
                root: options.root, environment: environmentVariables(), isAlone: true,
                tell: { Output.complain($0, prefix: "") })
            prepared = try maker.make(order, resolve: options.stack)
        } catch let error as ReleaseError {
            throw Failure("cannot make a release: \(error)", .unhealthy)
        }
        let output = Output()
        output.write(try JSONLines.encode(prepared))
        try output.flush()
    }
}
