internal import Postgres
internal import StackModel

/// Is the schema `ops` in the database, as new as this program, and the way to it encrypted?
struct DatabaseFacts {
    enum State {
        case unnamed
        /// `.env` cannot be read.
        case unknown(String)
        /// It does not answer, or does not let us look.
        case away(Failure)
        case reached(Schema)
    }

    struct Schema: Equatable {
        /// `host:port/database`
        var place: String
        var isEncrypted: Bool
        /// Files of SQL that there are here, and those of them that are applied as they are.
        var files: Int
        var applied: Int
    }

    var state: State

    init(_ state: State) { self.state = state }

    init(_ site: Site) {
        guard site.databaseURL != nil else {
            state = site.variablesProblem.map { .unknown($0) } ?? .unnamed
            return
        }
        let deadline = site.deadline(.seconds(15))
        let answer = asked {
            let database = try site.database.open(by: deadline)
            do throws(PostgresError) { return try database.standing(by: deadline) } catch {
                throw Failure.database(error)
            }
        }
        switch answer {
        case .success(let standing): state = .reached(Schema(standing))
        case .failure(let failure): state = .away(failure)
        }
    }

    var aspects: [Aspect] {
        switch state {
        case .unnamed:
            [
                .unchecked(
                    "no DATABASE_URL: there is no database to look at",
                    "set DATABASE_URL in \(defaultStackDirectory)/.env, then: catalystctl db migrate"
                )
            ]
        case .unknown(let problem): [.unchecked(problem, "sudo catalystctl verify")]
        case .away(let failure) where failure.status == .unhealthy:
            [.unmet(failure.headline, "catalystctl db status")]
        case .away(let failure): [.unchecked(failure.headline, "catalystctl db status")]
        case .reached(let schema): aspects(schema)
        }
    }

    private func aspects(_ schema: Schema) -> [Aspect] {
        let words = "schema ops: \(schema.applied) of \(schema.files) files applied"
        return [
            schema.applied == schema.files
                ? .met(words + " in \(schema.place)") : .unmet(words, "catalystctl db migrate"),
            schema.isEncrypted
                ? .met("the connection is encrypted")
                : .unmet(
                    "the connection is not encrypted", "add ?sslmode=require to DATABASE_URL"),
        ]
    }
}

extension DatabaseFacts.Schema {
    fileprivate init(_ standing: DatabaseStanding) {
        let known = standing.migrations.filter { $0.state != .unknown }
        self.init(
            place: standing.database, isEncrypted: standing.isEncrypted, files: known.count,
            applied: known.count { ![.pending, .changed].contains($0.state) })
    }
}
