internal import ControlProtocol
internal import StackModel

/// `catalystctl health`: one line a service.
struct HealthPage {
    let status: StackStatus

    func lines(on terminal: Terminal) -> [String] {
        let width = status.services.reduce(0) { max($0, $1.name.text.cellCount) }
        return status.services.map { service in
            let name = displayed(service.name.text).padded(to: width)
            let text = "\(name)  \(words(service))".shortened(to: terminal.width - 2)
            return symbol(service, on: terminal) + " " + text
        }
    }

    private func symbol(_ service: ServiceStatus, on terminal: Terminal) -> String {
        if let concern = service.concern { return terminal.paint(concern.symbol, concern.color) }
        return service.isWell ? terminal.paint("✓", .green) : terminal.paint("–", .dim)
    }

    private func words(_ service: ServiceStatus) -> String {
        if let concern = service.concern { return service.account(of: concern, at: status.time) }
        if !service.wanted { return "stopped" }
        if service.state == .completed { return "completed" }
        guard service.hasHealthCheck else { return "up (has no health check)" }
        return service.latency > .zero
            ? "healthy, answered in \(humanLatency(service.latency))" : "healthy"
    }
}
