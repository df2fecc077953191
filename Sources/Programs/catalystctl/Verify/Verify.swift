internal import ArgumentParser
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "The nine criteria of success, each checked for real: met, not, or not known.",
        usage: "catalystctl verify [--only <criterion> ...] [--url <url>] [--json]",
        discussion: """
            It asks the agent, and comes in through nginx as clients do. It raises a test alert.
            What could not be checked is shown with '–', and is never counted as met.

            CRITERIA
              \(Criterion.allCases.map(\.rawValue).joined(separator: " ").wrapped(to: 76)
                  .joined(separator: "\n  "))

            EXAMPLES
              sudo catalystctl verify                      all nine
              catalystctl verify --only services health    these two
              catalystctl verify --json | jq '.[] | select(.standing != "met")'

            EXIT STATUS
              0 all are met; 1 one is not; 5 none fails, but one could not be checked
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "The agent's control socket (default: $CATALYST_SOCKET, or the usual place).",
            valueName: "path"),
        completion: .file())
    var socket: String?

    @Option(parsing: .upToNextOption, help: ArgumentHelp("Only these.", valueName: "criterion"))
    var only: [Criterion] = []

    @Option(
        help: ArgumentHelp(
            "The front door, on this machine (default: the stack's watch.front_door).",
            valueName: "url"))
    var url: String?

    /// For everything together.
    static let limit = Duration.seconds(60)

    func validate() throws {
        if let url, FrontDoor(url) == nil {
            throw ValidationError("--url takes a URL such as https://example.org")
        }
    }

    func run() throws {
        let site: Site
        do throws(ToolError) {
            site = Site(
                agent: Agent(socket: socket), database: database,
                door: url.flatMap { FrontDoor($0) }, tools: try Tools(takesSignals: true),
                limit: Self.limit)
        } catch {
            throw Failure("cannot run other programs: \(error)", .unhealthy)
        }
        let judgements = try judged(site)
        let output = Output()
        if database.json {
            output.write(try JSONLines.encode(judgements))
        } else {
            let page = VerifyPage(judgements: judgements)
            for line in page.ending(on: .current()) { output.print(line) }
        }
        try output.flush()
        if judgements.status != .success { throw judgements.status }
    }

    /// Shows each when it is known: some take seconds.
    private func judged(_ site: Site) throws -> [Judgement] {
        let criteria = Criterion.allCases.filter { only.isEmpty || only.contains($0) }
        let progress = Progress(isShown: !database.json)
        defer { progress.clear() }
        var judgements: [Judgement] = []
        for (index, criterion) in criteria.enumerated() {
            progress.show("checking \(index + 1) of \(criteria.count): \(criterion.title) …")
            let judgement: Judgement
            do throws(ToolError) {
                try site.tools.checkpoint()
                judgement = Judgement(criterion: criterion, aspects: try criterion.aspects(site))
            } catch {
                throw Failure("verify: \(error)", .unhealthy)
            }
            judgements.append(judgement)
            guard !database.json else { continue }
            progress.clear()
            try Output.show(VerifyPage.lines(of: judgement, on: .current()))
        }
        return judgements
    }
}

extension Criterion {
    /// Looks, and judges.
    fileprivate func aspects(_ site: Site) throws(ToolError) -> [Aspect] {
        switch self {
        case .services: ServicesFacts(site).aspects
        case .database: DatabaseFacts(site).aspects
        case .certificate: CertificatesFacts(site).aspects
        case .firewall: try FirewallFacts(site).aspects
        case .authentication: try AuthenticationFacts(site).aspects
        case .health: try HealthFacts(site).aspects
        case .mcp: try MCPFacts(site).aspects
        case .backups: try BackupsFacts(site).aspects
        case .monitoring: try MonitoringFacts(site).aspects
        }
    }
}

/// One line on the terminal's stderr, which the next one overwrites.
private struct Progress {
    private let isOn: Bool

    init(isShown: Bool) { isOn = isShown && isatty(STDERR_FILENO) == 1 }

    func show(_ words: String) { write("\r\u{1B}[K\(words)") }
    func clear() { write("\r\u{1B}[K") }

    private func write(_ text: String) {
        guard isOn else { return }
        _ = Glibc.write(STDERR_FILENO, text, text.utf8.count)
    }
}
