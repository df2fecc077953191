internal import ArgumentParser
internal import Glibc

@main
enum Main {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            exit(report(error).rawValue)
        }
    }

    private static func run(_ words: [String]) throws {
        // Parsing takes longer than asking the agent, and these two are typed all day.
        if words.isEmpty || words == ["status"] { return try Look().once() }
        var command = try Catalystctl.parseAsRoot(CommandLineWords(words).arranged())
        try command.run()
    }

    /// Tells the operator what went wrong, and returns what the shell is told.
    private static func report(_ error: any Error) -> ExitStatus {
        if let status = error as? ExitStatus { return status }
        if error is OutputClosed { return .success }
        if let failure = Failure(error) {
            Output.complain(failure.message)
            return failure.status
        }
        let isHelp = Catalystctl.exitCode(for: error).isSuccess
        let message = Catalystctl.fullMessage(for: error)
        if isHelp {
            Output.printOrExit(message)
            return .success
        }
        Output.complain(message, prefix: "")
        return .usage
    }
}
