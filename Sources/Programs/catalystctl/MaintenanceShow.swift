internal import ArgumentParser
internal import ControlProtocol
internal import JSONLines
internal import StackModel

struct MaintenanceShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Is a maintenance under way? (the default of 'maintenance')",
        discussion: """
            EXAMPLES
              catalystctl maintenance
              catalystctl maintenance --json | jq -r '.maintenance.until // "none"'
            """)

    @OptionGroup var options: AgentOptions

    func run() throws {
        let maintenance = try options.agent.status().host.maintenance
        if options.json {
            var reply = ControlReply.end()
            reply.maintenance = maintenance
            let output = Output()
            output.write(try JSONLines.encode(reply))
            return try output.flush()
        }
        let page = MaintenancePage(
            maintenance: maintenance, program: options.agent.program, now: .now())
        try Output.show(page.lines(on: .current()))
    }
}
