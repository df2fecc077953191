internal import Glibc

/// Why the agent could not be asked, or did not answer.
package struct ControlClientError: Error, Equatable, Sendable {
    package let path: String
    package let reason: Reason

    package init(path: String, reason: Reason) {
        self.path = path
        self.reason = reason
    }

    package enum Reason: Equatable, Sendable {
        case noSocket, nobodyListens, notAllowed
        case pathTooLong(bytesMax: Int)
        /// It listens, but does not answer in time.
        case silent
        /// It hung up before the answer was complete.
        case closed
        case lineTooLong(bytesMax: Int)
        /// What it says is no reply of this version's protocol.
        case malformed
        case system(Int32)
    }
}

extension ControlClientError: CustomStringConvertible {
    package var description: String {
        switch reason {
        case .silent, .closed, .lineTooLong, .malformed:
            "no answer from the agent at '\(path)': \(reason)"
        case .noSocket, .nobodyListens, .notAllowed, .pathTooLong, .system:
            "cannot reach the agent at '\(path)': \(reason)"
        }
    }
}

extension ControlClientError.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSocket: "there is no such socket"
        case .nobodyListens: "nobody listens there"
        case .notAllowed: "permission denied"
        case .pathTooLong(let bytesMax): "a socket's path has at most \(bytesMax) bytes"
        case .silent: "it listens but stays silent"
        case .closed: "it hung up in the middle"
        case .lineTooLong(let bytesMax): "a line is longer than \(bytesMax) bytes"
        case .malformed: "it speaks another version of the protocol"
        case .system(let number): String(cString: strerror(number))
        }
    }
}
