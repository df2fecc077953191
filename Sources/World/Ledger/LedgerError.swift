/// Why the ledger cannot be used: what failed, why, and the way out.
package struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// It may be over later: a full disk, a lack of rights.
        case obstacle
        /// The file is no ledger, or no longer one.
        case damage
        /// One entry, or question, is impossible; others are not.
        case entry
    }

    package let kind: Kind
    package let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
