internal import ControlProtocol

extension ControlServer {
    /// Why somebody may not ask this; nil: they may.
    func refusal(of command: ControlRequest.Command, _ connection: ControlConnection) -> String? {
        switch connection.origin {
        case .service(let name):
            return "\(name.map { "'\($0)' is a service" } ?? "what a service started is one"), "
                + "and services may ask nothing here: ask from a login of your own"
        case .gone where command.changes:
            return "the process that connected had ended before it could be looked at: "
                + "ask again, with one that waits for its answer"
        case .gone, .outside: break
        }
        guard connection.role < (command.changes ? .operating : .reading) else { return nil }
        return command.changes
            ? "'\(command.rawValue)' changes things: ask as root or as a member of group 'catalyst-admin'"
            : "'\(command.rawValue)': ask as root or as a member of group 'catalyst'"
    }
}
