internal import ArgumentParser
internal import StackModel

/// What `logs` and `events` share.
struct StreamOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Go on with what comes, until Ctrl-C.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            "Nothing older: 90s, 10m, 2h, 1d, or a time such as 2026-11-22T14:00:00Z.",
            valueName: "time"))
    var since: Since?

    @Option(
        help: ArgumentHelp("At most so many of the last ones of each service.", valueName: "count"))
    var tail: Int?

    @Argument(help: "Only these services.", completion: .services)
    var services: [ServiceName] = []

    func validate() throws {
        if let tail, tail < 0 { throw ValidationError("--tail takes a count of 0 or more") }
    }
}

/// A point of time, given as such or as how long ago.
enum Since: Equatable, ExpressibleByArgument {
    case time(Timestamp)
    case ago(Duration)

    init?(argument: String) {
        if let time = Timestamp(rfc3339: argument) {
            self = .time(time)
        } else if let duration = Span.duration(argument) {
            self = .ago(duration)
        } else {
            return nil
        }
    }

    func timestamp(now: Timestamp) -> Timestamp {
        switch self {
        case .time(let time): time
        case .ago(let duration): now - duration
        }
    }
}
