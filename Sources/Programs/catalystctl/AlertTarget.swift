internal import ArgumentParser
internal import ControlProtocol
internal import StackModel

/// An alert's or a rollout's number, with or without its `#`.
struct RecordNumber: Equatable, ExpressibleByArgument {
    let number: Int64

    init?(argument: String) {
        guard let number = Int64(argument.hasPrefix("#") ? argument.dropFirst() : argument[...]),
            number > 0
        else { return nil }
        self.number = number
    }
}

/// What is silenced: one alert, or whatever is about a service or a thing.
enum AlertTarget: Equatable {
    case alert(Int64)
    case subject(Subject)

    static let help = ArgumentHelp(
        "An alert's number, a service, or a thing such as @disk.", valueName: "alert|service")

    @Sendable init(argument: String) throws {
        if let number = RecordNumber(argument: argument) {
            self = .alert(number.number)
        } else {
            self = .subject(try Subject(checking: argument))
        }
    }

    func request(_ command: ControlRequest.Command) -> ControlRequest {
        switch self {
        case .alert(let number):
            var request = ControlRequest(command)
            request.alert = number
            return request
        case .subject(.service(let name)): return ControlRequest(command, services: [name])
        case .subject(let thing):
            var request = ControlRequest(command)
            request.subjects = [thing]
            return request
        }
    }
}

extension Subject {
    /// Reads `scanner` or `@disk`; what there is not is answered with what was meant.
    @Sendable init(checking argument: String) throws {
        guard argument.hasPrefix("@") else {
            guard ServiceName.isValid(argument) else {
                throw ValidationError("'\(displayed(argument))' is no name of a service")
            }
            self = .service(ServiceName(argument))
            return
        }
        guard let subject = Subject(argument) else {
            let things = Thing.allCases.map { Subject.thing($0).description }
            let hint = nearest(to: argument, among: things).map { ", did you mean '\($0)'?" }
            throw ValidationError(
                "no thing '\(displayed(argument))'"
                    + (hint ?? "; there are \(things.joined(separator: ", "))"))
        }
        self = subject
    }
}
