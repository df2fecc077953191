/// One file of `sql/`.
package struct Migration: Equatable, Sendable {
    package var version: Int
    /// `0001_tables.sql`
    package var file: String
    package var statements: String

    /// Nil: the file's name is no number of four digits with a name behind it.
    package init?(file: String, statements: String) {
        guard file.hasSuffix(".sql"), file.utf8.count > 9, let version = Int(file.prefix(4)),
            version > 0, file.dropFirst(4).hasPrefix("_")
        else { return nil }
        self.version = version
        self.file = file
        self.statements = statements
    }

    /// `tables`
    package var name: String { String(file.dropFirst(5).dropLast(4)) }

    /// How a file and the database stand to each other.
    package enum State: String, Sendable, Encodable {
        case pending
        case applied
        /// By psql, so that the database does not know which text it was.
        case unrecorded
        /// The file is another one than the one that was applied.
        case changed
        /// The database has it, and there is no file for it: ours are older.
        case unknown
    }
}

/// What the database says about a migration.
package struct MigrationReport: Equatable, Sendable, Encodable {
    package var version: Int
    package var name: String
    package var state: Migration.State
    /// RFC 3339; nil: it is not there.
    package var appliedAt: String?
    package var appliedBy: String?
}

/// Why the schema was not brought up to date.
package struct MigrationError: Error, Equatable, CustomStringConvertible {
    package var description: String
}
