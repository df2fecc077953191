internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "What was measured: of services, and of things such as @host and @postgres.",
        usage: "catalystctl metrics [<service|@thing> ...] [options]",
        discussion: """
            Raw samples are kept for an hour, minutes for 7 days, hours for 400 days.

            EXAMPLES
              catalystctl metrics                the newest values of everything
              catalystctl metrics scanner        the last hour: now, mean, high
              catalystctl metrics scanner --metric cpu --since 6h     as a graph
              catalystctl metrics @host @disk --since 30d --resolution hour
              catalystctl metrics scanner --csv > scanner.csv

            THINGS
              \(Subject.Thing.allCases.map { "@" + $0.rawValue }.joined(separator: " "))
            """)

    @OptionGroup var options: AgentOptions

    @Option(
        help: ArgumentHelp("A graph of this measure; may be repeated.", valueName: "name"),
        completion: .list(Metric.allCases.map(\.name)), transform: metric(named:))
    var metric: [Metric] = []

    @Option(
        help: ArgumentHelp(
            "From then on: 10m, 6h, 7d, or a time (default: 1h).", valueName: "time"))
    var since: Since?

    @Option(
        help: ArgumentHelp(
            "raw, minute or hour (default: the finest that goes back so far).", valueName: "name"))
    var resolution: Fineness?

    @Flag(help: "Print comma-separated values: time,subject,metric,unit,value,high.")
    var csv = false

    @Argument(
        help: ArgumentHelp("Services, or things (none: all of them).", valueName: "service|@thing"),
        completion: .services, transform: subject(_:))
    var subjects: [Subject] = []

    func validate() throws {
        if csv, options.json { throw ValidationError("--csv and --json exclude each other") }
    }

    func run() throws {
        let now = Timestamp.now()
        let from = since?.timestamp(now: now) ?? now - (isOverview ? .seconds(300) : .seconds(3600))
        var request = ControlRequest(.metrics, since: from)
        request.subjects = subjects.isEmpty ? nil : subjects
        request.resolution = resolution?.resolution
        if options.json { return try options.agent.printJSON(request) }
        if csv { return try printCSV(request) }
        var series: [Series] = []
        try options.agent.ask(request) { reply, _ in
            if let one = reply.series { series.append(one) }
        }
        let page = MetricsPage(
            series: series, metrics: metric, program: options.agent.program, from: from, now: now)
        let terminal = Terminal.current()
        try Output.show(isOverview ? page.overview(on: terminal) : page.lines(on: terminal))
    }

    /// One line for each subject.
    private var isOverview: Bool {
        subjects.isEmpty && metric.isEmpty && since == nil && resolution == nil && !csv
    }

    private func printCSV(_ request: ControlRequest) throws {
        let output = Output()
        defer { output.flushOrForget() }
        output.print(CSV.header)
        try options.agent.ask(request, whenIdle: { try output.flush() }) { reply, _ in
            for line in reply.series.map({ CSV(metrics: metric).lines($0) }) ?? [] {
                output.print(line)
                try output.flushIfLarge()
            }
        }
        try output.flush()
    }
}

/// `Resolution` by its name.
enum Fineness: String, CaseIterable, ExpressibleByArgument {
    case raw, minute, hour

    var resolution: Resolution {
        switch self {
        case .raw: .raw
        case .minute: .minute
        case .hour: .hour
        }
    }
}

@Sendable private func subject(_ argument: String) throws -> Subject {
    try Subject(checking: argument)
}

@Sendable private func metric(named argument: String) throws -> Metric {
    if let metric = Metric(name: argument) { return metric }
    let names = Metric.allCases.map(\.name)
    let hint = nearest(to: argument, among: names).map { ", did you mean '\($0)'?" }
    throw ValidationError(
        "no metric '\(displayed(argument))'"
            + (hint ?? "\nthe metrics are: \(names.joined(separator: ", "))"))
}
