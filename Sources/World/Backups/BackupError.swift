/// Why a backup could not be made, read or brought back: what, why, and what to do.
package struct BackupError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
