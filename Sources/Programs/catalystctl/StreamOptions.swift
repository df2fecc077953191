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
        } else if let duration = Self.duration(argument) {
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

    /// Reads `90s`, `1h30m`, `2d`; a number alone is seconds.
    private static func duration(_ text: String) -> Duration? {
        if let seconds = Int64(text), (0...secondsMax).contains(seconds) {
            return .seconds(seconds)
        }
        var total: Int64 = 0
        var digits = ""
        for character in text {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else {
                guard let factor = units[character], let number = Int64(digits),
                    number <= secondsMax / factor
                else { return nil }
                total += number * factor
                digits = ""
            }
        }
        return digits.isEmpty && !text.isEmpty && total <= secondsMax ? .seconds(total) : nil
    }

    private static let units: [Character: Int64] = [
        "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800,
    ]
    /// A hundred years: a `Timestamp` so long ago can still be written.
    private static let secondsMax: Int64 = 3_155_760_000
}
