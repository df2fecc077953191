internal import ArgumentParser

/// The words after `catalystctl`, put the way ArgumentParser wants them.
struct CommandLineWords {
    let words: [String]

    init(_ words: [String]) { self.words = words }

    /// Moves options that stand before the command behind it; refuses an unknown command.
    func arranged() throws(Failure) -> [String] {
        let optionCount = leadingOptionCount
        let rest = words.dropFirst(optionCount)
        guard let word = rest.first, !word.hasPrefix("-") else { return words }
        let commands = Catalystctl.configuration.subcommands
        guard let command = Self.command(named: word) else { throw Self.unknown(word, commands) }
        let parts = command.configuration.subcommands.map { $0._commandName }
        let part = rest.dropFirst().first
        let depth = part.map(parts.contains) ?? false ? 2 : 1
        // What follows `alerts` may be a service, what follows `help` anything.
        if depth == 1, !parts.isEmpty, let part, !part.hasPrefix("-"), command != Alerts.self,
            word != "help"
        {
            throw Self.unknown("\(word) \(part)", command.configuration.subcommands, of: word + " ")
        }
        return Array(rest.prefix(depth) + words.prefix(optionCount) + rest.dropFirst(depth))
    }

    private var leadingOptionCount: Int {
        var count = 0
        while count < words.count {
            if words[count] == "--socket" {
                count += 2
            } else if words[count] == "--json" || words[count].hasPrefix("--socket=") {
                count += 1
            } else {
                break
            }
        }
        return min(count, words.count)
    }

    private static func command(named word: String) -> (any ParsableCommand.Type)? {
        word == "help"
            ? Catalystctl.self
            : Catalystctl.configuration.subcommands.first { $0._commandName == word }
    }

    private static func unknown(
        _ word: String, _ commands: [any ParsableCommand.Type], of group: String = ""
    ) -> Failure {
        let names = commands.filter { $0.configuration.shouldDisplay }
            .map { group + $0._commandName }
        let hint = nearest(to: word, among: names).map { ", did you mean '\($0)'?" } ?? ""
        let list = names.joined(separator: ", ")
        return Failure(
            "no command '\(displayed(word))'\(hint)\nthe commands are: \(list)", .usage)
    }
}
