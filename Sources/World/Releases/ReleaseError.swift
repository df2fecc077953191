/// Why a release could not be made, found or removed: what, why, and what to do.
package struct ReleaseError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    static let interrupted = ReleaseError("interrupted: nothing is kept")
}
