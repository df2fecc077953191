internal import Foundation
internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct MigrationTests {
    private let files = sqlFiles.map { $0.split(separator: "/").last.map(String.init) ?? "" }

    private func ctl(
        _ words: [String], _ database: Database, _ variable: String = "DATABASE_URL"
    ) -> (status: Int32, output: String) {
        catalystctl(["db"] + words, environment: [variable: database.url])
    }

    @Test func `all files are applied, and a second time none`() throws {
        let database = try Cluster.database()
        let before = ctl(["status"], database)
        #expect(before.status == 1)
        #expect(before.output.contains("not there"))
        #expect(before.output.contains("next: catalystctl db migrate"))
        let first = ctl(["migrate"], database)
        #expect(first.status == 0, "\(first.output)")
        #expect(
            first.output.split(separator: "\n").dropLast().map(String.init)
                == files.map { "applied \($0)" })
        let second = ctl(["migrate"], database, "CATALYST_DATABASE_URL")
        #expect(second.status == 0)
        #expect(
            second.output == "127.0.0.1:\(database.cluster.port)/\(database.name): was up to date\n"
        )
        let after = ctl(["status"], database)
        #expect(after.status == 0)
        #expect(after.output.contains("\(files.count) of \(files.count) files applied"))
        #expect(after.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(!(before.output + first.output + after.output).contains("geheim"))
    }

    @Test func `the checksum is that of the file`() throws {
        let database = try Cluster.database()
        #expect(ctl(["migrate"], database).status == 0)
        let sums = run(["sha256sum"] + sqlFiles).output.split(separator: "\n").map {
            String($0.prefix(64))
        }
        #expect(
            try database.rows("SELECT checksum FROM ops.migrations ORDER BY version") == sums)
    }

    @Test func `two at once wait for each other`() async throws {
        let database = try Cluster.database()
        let holder = try PostgresConnection(to: PostgresURL(database.url), by: .patient)
        _ = try holder.query("SELECT pg_advisory_lock(7226, 1)", by: .patient)
        async let one = onThread { ctl(["migrate"], database) }
        async let two = onThread { ctl(["migrate"], database) }
        let waiting = """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        #expect(try await holds { try database.rows(waiting) == ["2"] })
        _ = try holder.query("SELECT pg_advisory_unlock(7226, 1)", by: .patient)
        let (first, second) = await (one, two)
        #expect(first.status == 0, "\(first.output)")
        #expect(second.status == 0, "\(second.output)")
        #expect((first.output + second.output).contains("waiting"))
        let applied = (first.output + second.output).split(separator: "\n")
            .filter { $0.hasPrefix("applied ") }
        #expect(applied.count == files.count)
    }

    @Test func `what psql applied is recognised and taken over`() throws {
        let database = try Cluster.database().applied()
        let before = ctl(["status"], database)
        #expect(before.status == 0)
        #expect(before.output.contains("applied by psql"))
        #expect(ctl(["migrate"], database).output.hasSuffix("was up to date\n"))
        #expect(
            try database.rows("SELECT count(*) FROM ops.migrations WHERE checksum IS NULL")
                == ["0"])
        #expect(!ctl(["status"], database).output.contains("applied by psql"))
    }

    @Test func `a file that was changed afterwards is named, and nothing is done`() throws {
        let database = try Cluster.database()
        #expect(ctl(["migrate"], database).status == 0)
        let folder = try Folder(copying: sqlFiles)
        try folder.write("0002_views.sql", folder.text("0002_views.sql") + "-- one word more\n")
        try folder.write("0006_more.sql", "CREATE TABLE ops.more ();")
        let result = ctl(["migrate", "--sql", folder.path], database)
        #expect(result.status == 1)
        #expect(result.output.contains("'0002_views.sql' is not the file that was applied"))
        #expect(try database.rows("SELECT to_regclass('ops.more') IS NULL") == ["t"])
        let status = ctl(["status", "--sql", folder.path], database)
        #expect(status.status == 1)
        #expect(status.output.contains("changed since"))
    }

    @Test func `a file that fails leaves nothing of it behind`() throws {
        let database = try Cluster.database()
        let folder = try Folder(copying: sqlFiles)
        let broken = "BEGIN; CREATE TABLE ops.half (); SELECT 1/0; COMMIT;"
        try folder.write("0006_broken.sql", broken)
        let result = ctl(["migrate", "--sql", folder.path], database)
        #expect(result.status == 1)
        #expect(result.output.contains("cannot apply '0006_broken.sql'"))
        #expect(result.output.contains("division by zero"))
        #expect(try database.rows("SELECT to_regclass('ops.half') IS NULL") == ["t"])
        #expect(
            try database.rows("SELECT max(version) FROM ops.migrations")
                == ["\(files.count)"])
        try folder.write("0006_broken.sql", "CREATE TABLE ops.silent ();")
        #expect(
            ctl(["migrate", "--sql", folder.path], database).output
                .contains("does not note that in ops.migrations"))
        try folder.write("0008_gap.sql", "SELECT 1;")
        let gap = ctl(["migrate", "--sql", folder.path], database)
        #expect(gap.status == 2)
        #expect(gap.output.contains("number 7 is due"))
    }

    @Test func `who may not make roles or schemas is told what to do`() throws {
        let database = try Cluster.database(in: Cluster.bare())
        let owner = "owner_" + database.name
        try database.rows("CREATE ROLE \(owner) LOGIN PASSWORD 'geheim'")
        let variables = ["DATABASE_URL": database.cluster.url(database.name, user: owner)]
        let denied = catalystctl(["db", "migrate"], environment: variables)
        #expect(denied.status == 1)
        #expect(
            denied.output.contains("GRANT CREATE ON DATABASE \(database.name) TO \(owner)"),
            "\(denied.output)")
        try database.rows("GRANT CREATE ON DATABASE \(database.name) TO \(owner)")
        let made = catalystctl(["db", "migrate"], environment: variables)
        #expect(made.status == 0, "\(made.output)")
        #expect(made.output.contains("CREATE ROLE catalyst_writer NOLOGIN"), "\(made.output)")
        // An administrator does it; the next migration grants.
        try database.rows("CREATE ROLE catalyst_writer; CREATE ROLE catalyst_reader")
        #expect(catalystctl(["db", "migrate"], environment: variables).status == 0)
        #expect(
            try database.rows(
                "SELECT has_table_privilege('catalyst_writer', 'ops.alerts', 'UPDATE')") == ["t"])
        try database.rows("CREATE ROLE \(owner)_not LOGIN PASSWORD 'geheim'")
        let stranger = catalystctl(
            ["db", "status"],
            environment: ["DATABASE_URL": database.cluster.url(database.name, user: owner + "_not")]
        )
        #expect(stranger.status == 4)
        #expect(stranger.output.contains("permission denied for schema ops"), "\(stranger.output)")
    }

    @Test func `the database may be named in a file beside the stack's`() throws {
        let database = try Cluster.database()
        let folder = try Folder(copying: [])
        try folder.write(".env", "DATABASE_URL='\(database.url)'\n")
        let stack = ["--file", folder.path + "/stack.yaml"]
        let exposed = catalystctl(["db", "migrate"] + stack)
        #expect(exposed.status == 2)
        #expect(exposed.output.contains("chmod 600"))
        chmod(folder.path + "/.env", 0o600)
        let result = catalystctl(["db", "migrate", "--json"] + stack)
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains("\"applied\":[\"0001_tables.sql\""))
        #expect(catalystctl(["db"] + stack).status == 0)
        let nowhere = catalystctl(["db", "--file", "/nonexistent/stack.yaml"])
        #expect(nowhere.status == 2)
        #expect(nowhere.output.contains("DATABASE_URL"))
    }

    @Test func `a database that is away is told without its password`() {
        let url = "postgres://u:geheim@127.0.0.1:1/trading"
        let result = catalystctl(["db"], environment: ["DATABASE_URL": url])
        #expect(result.status == 1)
        #expect(result.output.contains("cannot connect to '127.0.0.1:1/trading'"))
        #expect(!result.output.contains("geheim"))
        let cut = catalystctl(["db"], environment: ["DATABASE_URL": "postgres://u:ge/heim@host"])
        #expect(cut.status == 2)
        #expect(!cut.output.contains("heim"))
    }
}

/// A directory of files for one test.
private final class Folder {
    let path: String

    init(copying files: [String]) throws {
        var template = Array("/tmp/catalyst-sql-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? ""
        for file in files {
            let name = file.split(separator: "/").last ?? ""
            try write(String(name), String(contentsOfFile: file, encoding: .utf8))
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }  // Nothing else to do.

    func text(_ name: String) throws -> String {
        try String(contentsOfFile: path + "/" + name, encoding: .utf8)
    }

    func write(_ name: String, _ text: String) throws {
        try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
    }
}
