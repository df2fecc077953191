internal import ArgumentParser
internal import JSONLines
internal import Releases
internal import StackModel

struct ReleaseOpen: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "open",
        abstract: "Print a release that is there, and its stack, as a line of JSON.",
        shouldDisplay: false)

    @OptionGroup var options: ReleaseOptions

    @Option(help: "The release.")
    var id: String

    func run() throws {
        guard let release = ReleaseShelf(root: options.root).release(id) else {
            throw Failure(
                "there is no whole release '\(id)' in '\(options.root)/releases'\n"
                    + "what there is: 'catalystctl releases'", .unhealthy)
        }
        let directory = "\(options.root)/releases/\(id)"
        let stack = try options.stack(
            in: directory, release.hasStack ? "\(directory)/\(options.stackName)" : nil)
        let output = Output()
        output.write(try JSONLines.encode(PreparedRelease(release, stack: stack)))
        try output.flush()
    }
}
