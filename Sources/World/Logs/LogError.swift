package import LinuxSystem
package import StackModel

/// Why a service's output cannot be captured.
package enum LogError: Error, Equatable, CustomStringConvertible {
    case system(SystemError)
    case open(ServiceName, SystemError)
    /// More changes wait for the reading thread than the bound allows.
    case busy

    package var description: String {
        switch self {
        case .system(let error): "cannot capture output: \(error)"
        case .open(let service, let error): "cannot capture the output of '\(service)': \(error)"
        case .busy: "cannot capture output: the log reader is busy"
        }
    }
}
