internal import ControlClient
internal import ControlProtocol
internal import StackModel

/// Why a command did not come about: for the operator on stderr, and for the shell.
struct Failure: Error, Equatable {
    var message: String
    var status: ExitStatus

    init(_ message: String, _ status: ExitStatus) {
        self.message = message
        self.status = status
    }

    /// Nil: an error that ArgumentParser knows how to tell.
    init?(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as ControlClientError: self.init(error)
        case let error as ControlError: self.init(error)
        default: return nil
        }
    }

    private init(_ error: ControlClientError) {
        let wayOut: String? =
            switch error.reason {
            case .noSocket, .nobodyListens:
                """
                is catalystd running? start it with 'systemctl start catalystd' or \
                'catalystd --stack FILE',
                or name its socket with --socket or CATALYST_SOCKET
                """
            case .notAllowed: "become root, or a member of the group 'catalyst' to look at things"
            case .pathTooLong: "name a shorter one with --socket or CATALYST_SOCKET"
            case .silent: "look at it with 'journalctl -u catalystd -n 50'"
            case .malformed: "compare 'catalystctl version' with 'catalystd --version'"
            case .closed, .lineTooLong, .system: nil
            }
        self.init(
            wayOut.map { "\(error)\n\($0)" } ?? error.description,
            error.reason == .notAllowed ? .notAllowed : .noAgent)
    }

    private init(_ error: ControlError) {
        switch error.code {
        case .notAllowed:
            self.init(
                "\(error)\nbecome root, or a member of the group 'catalyst-admin'", .notAllowed)
        case .badRequest, .unknownService, .unknownAlert: self.init(error.message, .usage)
        case .unknownRelease:
            self.init("\(error)\nwhat there is: 'catalystctl releases'", .usage)
        case .unknownRollout:
            self.init("\(error)\nwhat there was: 'catalystctl rollouts'", .usage)
        case .frozen:
            self.init("\(error)\nto do it all the same: --override-freeze \"reason\"", .unhealthy)
        case .badStack:
            self.init(
                "\(error)\nthe running stack goes on; see 'catalystctl config check'", .unhealthy)
        case .failed, .busy, .stopping: self.init(error.message, .unhealthy)
        }
    }
}
