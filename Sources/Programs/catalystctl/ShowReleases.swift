internal import ArgumentParser
internal import ControlProtocol

struct ShowReleases: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "releases",
        abstract: "The releases on this machine, the newest first, and who runs from them.",
        discussion: """
            EXAMPLES
              catalystctl releases
              catalystctl releases --json | jq -r 'select(.release.isCurrent) | .release.release.id'
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        let request = ControlRequest(.releases)
        if options.json { return try options.agent.printJSON(request) }
        var releases: [ReleaseReply] = []
        try options.agent.ask(request) { reply, _ in
            if let release = reply.release { releases.append(release) }
        }
        let page = ReleasesPage(releases: releases, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}
