/// What the shell is told. Scripts rely on these numbers.
enum ExitStatus: Int32, Error, CaseIterable {
    case success = 0
    case unhealthy = 1
    case usage = 2
    case noAgent = 3
    case notAllowed = 4
    case unchecked = 5

    var meaning: String {
        switch self {
        case .success: "done; for 'status' and 'health': everything asked about is healthy"
        case .unhealthy: "something is not healthy, or what was asked did not come about"
        case .usage: "the command line is wrong, or there is no such service, alert or release"
        case .noAgent: "there is no agent, or it does not answer"
        case .notAllowed: "this user may not do that"
        case .unchecked: "for 'verify': nothing is wrong, but something could not be checked"
        }
    }

    static var table: String {
        allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n")
    }
}
