internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

/// For the shell's completion: the names of the services.
struct Services: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "__services", abstract: "Names for completion.", shouldDisplay: false)

    @OptionGroup var options: AgentOptions

    func run() throws {
        let output = Output()
        for service in try options.agent.status().services {
            output.print(displayed(service.name.text))
        }
        try output.flush()
    }
}
