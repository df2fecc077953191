internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

/// What commands that roll services share.
struct RolloutOptions: ParsableArguments {
    @OptionGroup var options: AgentOptions

    @Flag(help: "Say what would be done and how long it takes, and do nothing.")
    var plan = false

    @Option(
        help: ArgumentHelp(
            "Do it in a freeze window all the same; the reason is kept.", valueName: "reason"))
    var overrideFreeze: String?

    @Flag(
        name: [.customLong("detach"), .customLong("no-wait")],
        help: "Begin it and return at once, instead of showing how it goes.")
    var detach = false

    func validate() throws {
        if plan, detach { throw ValidationError("--plan and --detach exclude each other") }
        if let overrideFreeze, overrideFreeze.allSatisfy(\.isWhitespace) {
            throw ValidationError("--override-freeze wants a reason: it is what others read later")
        }
    }

    /// `words` are the command as it was typed, without `--plan`.
    func run(_ request: ControlRequest, words: [String]) throws {
        var request = request
        request.overrideFreeze = overrideFreeze
        if plan {
            request.plan = true
            request.wait = true
            return try show(request, words: words)
        }
        request.wait = !detach
        try RolloutWatch(agent: options.agent, isJSON: options.json).run(request)
    }

    private func show(_ request: ControlRequest, words: [String]) throws {
        if options.json { return try options.agent.printJSON(request) }
        var plan: RolloutPlan?
        let output = Output()
        try options.agent.ask(request, whenIdle: { try output.flush() }) { reply, _ in
            plan = reply.plan ?? plan
            if let line = reply.output { output.print(displayed(line, keepingTabs: true)) }
        }
        guard let plan else { throw Failure("the agent's answer holds no plan", .noAgent) }
        var next = words
        if let overrideFreeze { next += ["--override-freeze", overrideFreeze] }
        let page = PlanPage(plan: plan, program: options.agent.program, command: shellWords(next))
        for line in page.lines(on: .current()) { output.print(line) }
        try output.flush()
    }
}

/// What deploys and rollbacks share.
struct DeployOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only these services, of those that changed: a,b or repeated.", valueName: "services"),
        completion: .services)
    var only: [ServiceList] = []

    @Flag(help: "Also the services that have not changed.")
    var all = false

    @Option(help: ArgumentHelp("Why, for those who read it later.", valueName: "text"))
    var reason: String?

    func request(_ command: ControlRequest.Command) -> ControlRequest {
        var request = ControlRequest(command, services: only.flatMap(\.names))
        request.all = all ? true : nil
        request.reason = reason
        return request
    }

    /// As they were typed.
    var words: [String] {
        var words: [String] = []
        if !only.isEmpty {
            words += ["--only", only.flatMap(\.names).map(\.text).joined(separator: ",")]
        }
        if all { words.append("--all") }
        if let reason { words += ["--reason", reason] }
        return words
    }
}

/// `scanner,news`.
struct ServiceList: ExpressibleByArgument {
    let names: [ServiceName]

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false)
            .map { String($0.drop { $0 == " " }) }
        guard words.allSatisfy(ServiceName.isValid) else { return nil }
        names = words.map { ServiceName($0) }
    }
}

/// `words` as a shell takes them, without passwords.
func shellWords(_ words: [String]) -> String {
    words.map { word in
        let word = withoutPasswords(word)
        let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:,@#+=~•".contains($0) }
        if isPlain, !word.isEmpty, !word.hasPrefix("#"), !word.hasPrefix("~") { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
}
