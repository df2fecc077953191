internal import LinuxSystem

/// Why a release could not be made, found or removed: what, why, and what to do.
package struct ReleaseError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    static let interrupted = ReleaseError("interrupted: nothing is kept")
}

extension Tools {
    /// `run`, for whoever makes a release.
    func call(_ command: Command) throws(ReleaseError) -> Outcome {
        do { return try run(command) } catch { throw ReleaseError(error) }
    }

    /// `checkpoint`, for whoever makes a release.
    func pause() throws(ReleaseError) {
        do { try checkpoint() } catch { throw ReleaseError(error) }
    }
}

extension ReleaseError {
    init(_ error: ToolError) {
        self = error == .interrupted ? .interrupted : ReleaseError(error.description)
    }
}
