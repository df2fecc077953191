internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

/// What commands that change something share.
struct ChangeOptions: ParsableArguments {
    @OptionGroup var options: AgentOptions

    @Flag(inversion: .prefixedNo, help: "Wait until it has come about, and show how.")
    var wait = true

    func change(_ command: ControlRequest.Command, _ services: [ServiceName] = []) throws {
        let request = ControlRequest(command, services: services, wait: wait)
        if options.json { return try options.agent.printJSON(request) }
        try options.agent.show(request)
    }
}
