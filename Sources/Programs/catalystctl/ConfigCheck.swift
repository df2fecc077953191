internal import ArgumentParser
internal import JSONLines
internal import StackFile
internal import StackModel

struct ConfigCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Is the stack file in order? All mistakes at once, with their lines. Asks no agent.",
        discussion: """
            EXAMPLES
              catalystctl config check
              catalystctl config check --file units/stack.yaml --file override.yaml
              catalystctl config check --file stack.yaml --json | jq -r '.errors[].message'
            """)

    @OptionGroup var options: FileOptions

    @Flag(help: "Print what was found as JSON.")
    var json = false

    func run() throws {
        let (stack, errors, warnings) = options.source.load()
        let output = Output()
        if json {
            let finding = Finding(
                services: stack?.services.count, errors: errors.map(Finding.Mistake.init),
                warnings: warnings.map(Finding.Mistake.init))
            output.write(try JSONLines.encode(finding))
        } else {
            let lines = errors.lines + warnings.map { "warning: \($0)" }
            if !lines.isEmpty { Output.complain(lines.joined(separator: "\n"), prefix: "") }
            output.print(summary(services: stack?.services.count, errors.count, warnings.count))
        }
        try output.flush()
        if stack == nil { throw ExitStatus.unhealthy }
    }

    private func summary(services: Int?, _ errorCount: Int, _ warningCount: Int) -> String {
        let name = displayed(options.names.joined(separator: " + "))
        let verdict =
            services.map { "in order, \(count($0, "service"))" } ?? count(errorCount, "mistake")
        return "\(name): \(verdict)"
            + (warningCount > 0 ? ", \(count(warningCount, "warning"))" : "")
    }

    private func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// What `config check --json` prints.
private struct Finding: Encodable {
    struct Mistake: Encodable {
        let file: String
        let line: Int?
        let key: String?
        let message: String

        init(_ problem: Problem) {
            file = problem.file
            line = problem.line
            key = problem.key
            message = problem.message
        }
    }

    /// Absent: the files are not in order.
    let services: Int?
    let errors: [Mistake]
    let warnings: [Mistake]
}
