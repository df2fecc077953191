internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

@Suite(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
struct ConnectionTests {
    private let cluster: RealPostgres

    init() throws { cluster = try Cluster.shared() }

    private func connection(_ url: String) throws(PostgresError) -> PostgresConnection {
        try PostgresConnection(to: PostgresURL(url), by: .patient)
    }

    @Test func `a query has parameters and rows`() throws {
        let connection = try connection(cluster.url())
        let rows = try connection.query(
            "SELECT $1::text, $2::int + 1, $3::text UNION ALL SELECT 'ü', 2, NULL",
            ["it's", "41", nil], by: .patient)
        #expect(rows == [["it's", "42", nil], ["ü", "2", nil]])
        #expect(try connection.query("SELECT 1 WHERE false", by: .patient) == [])
    }

    @Test func `an error is one line with its state, and the connection goes on`() throws {
        let connection = try connection(cluster.url())
        do throws(PostgresError) {
            _ = try connection.query("SELECT * FROM nowhere", by: .patient)
            Issue.record("a table that is not there answers")
        } catch {
            #expect(error.isSchemaMissing)
            #expect("\(error)".contains("relation \"nowhere\" does not exist"))
            #expect(!"\(error)".contains("\n"))
        }
        #expect(try connection.query("SELECT 1", by: .patient) == [["1"]])
    }

    @Test func `a statement that hangs ends with its deadline`() throws {
        let connection = try connection(cluster.url())
        #expect(throws: PostgresError.timedOut) {
            try connection.query("SELECT pg_sleep(600)", by: .now + .milliseconds(200))
        }
    }

    @Test func `a script that fails leaves no transaction open`() throws {
        let connection = try connection(cluster.url())
        #expect(throws: PostgresError.self) {
            try connection.run(script: "BEGIN; SELECT 1/0; COMMIT;", by: .patient)
        }
        #expect(try connection.query("SELECT 1", by: .patient) == [["1"]])
        try connection.run(script: "DO $$ BEGIN RAISE NOTICE 'hello'; END $$", by: .patient)
        #expect(connection.takeNotices() == ["NOTICE:  hello"])
    }

    @Test func `the server knows who asks`() throws {
        let connection = try connection(cluster.url())
        #expect(try connection.query("SHOW application_name", by: .patient) == [["catalyst"]])
    }

    @Test func `a password is in no message, not even where the server repeats it`() throws {
        let echoed = cluster.url(user: "geheim", password: "geheim")
        for url in [echoed, cluster.url(password: "falsch"), cluster.url("geheim-db")] {
            do throws(PostgresError) {
                _ = try connection(url)
                Issue.record("\(url) opens")
            } catch {
                #expect(!"\(error)".contains("geheim"), "\(error)")
                #expect(!"\(error)".contains("falsch"), "\(error)")
            }
        }
        // A password that was not escaped must not be told as a host, a port or a database.
        for url in ["pa@ss@host", "pa/ss@host", "1/ss@host", "pa:ss%@host"] {
            #expect(throws: PostgresError.malformedURL) { try PostgresURL("postgres://u:" + url) }
        }
        #expect(
            try PostgresURL(cluster.url("trading")).place == "127.0.0.1:\(cluster.port)/trading")
    }

    @Test func `what is to be known of a server is found out`() throws {
        let database = try Cluster.database().applied()
        let facts = try inspect(postgres: database.url, within: .seconds(60))
        let limit = try database.rows(
            """
            SELECT current_setting('max_connections')::int
                - current_setting('superuser_reserved_connections')::int
            """
        )
        #expect(facts.serverVersion.split(separator: ".").first.flatMap { Int($0) } ?? 0 >= 13)
        #expect(facts.connectionLimit == limit.first.flatMap { Int($0) })
        #expect(facts.connections >= 1)
        #expect(facts.databaseSize > 1_000_000)
        #expect(facts.schemaVersion == sqlFiles.count)
        #expect(facts.connectLatency > .zero)
        #expect(facts.queryLatency > .zero)
        #expect(!facts.wantsEncryption)
    }

    @Test func `an ordinary user without any right is told what it may know`() throws {
        let database = try Cluster.database().applied()
        let user = "nobody_" + database.name
        try database.rows("CREATE ROLE \(user) LOGIN PASSWORD 'geheim'")
        let url = database.cluster.url(database.name, user: user)
        let facts = try inspect(postgres: url, within: .seconds(60))
        #expect(facts.connections >= 1)
        #expect(facts.connectionLimit > 1)
        #expect(facts.databaseSize > 1_000_000)
        #expect(facts.schemaVersion == 0)
    }

    @Test func `a server that is away is told from a URL that is none`() {
        for (url, isAway) in [("postgres://u:p@127.0.0.1:1/x", true), ("nonsense", false)] {
            do throws(PostgresError) {
                _ = try inspect(postgres: url, within: .seconds(60))
                Issue.record("\(url) answers")
            } catch {
                #expect(error.meansAway == isAway)
            }
        }
    }
}

@Suite(
    .enabled(
        if: !RealPostgres.isMissing && RealPostgres.canEncrypt,
        "PostgreSQL's server or openssl is not installed"), .ownThreads)
struct EncryptionTests {
    @Test func `a connection is encrypted when the URL asks for it, and only then`() throws {
        let cluster = try Cluster.shared()
        let required = try inspect(
            postgres: cluster.url(options: "sslmode=require"), within: .seconds(60))
        #expect(required.isEncrypted)
        #expect(required.wantsEncryption)
        let without = try inspect(
            postgres: cluster.url(options: "sslmode=disable"), within: .seconds(60))
        #expect(!without.isEncrypted)
        #expect(!without.wantsEncryption)
    }

    @Test func `a server without encryption is refused when it is required`() throws {
        let bare = try Cluster.bare()
        try ping(postgres: bare.url(options: "sslmode=disable"), within: .seconds(60))
        do throws(PostgresError) {
            try ping(postgres: bare.url(options: "sslmode=require"), within: .seconds(60))
            Issue.record("it answers without encryption")
        } catch {
            #expect("\(error)".contains("does not support SSL"))
        }
    }

    @Test func `a certificate for another name is not accepted`() throws {
        let cluster = try Cluster.shared()
        let root = "sslmode=verify-full&sslrootcert=\(cluster.directory)/data/server.crt"
        do throws(PostgresError) {
            try ping(postgres: cluster.url(options: root), within: .seconds(60))
            Issue.record("it answers under a wrong name")
        } catch {
            #expect("\(error)".contains("does not match host name"), "\(error)")
        }
        // The name that it is for, at the same address.
        let named = cluster.url(options: root + "&host=db.invalid&hostaddr=127.0.0.1")
        #expect(try inspect(postgres: named, within: .seconds(60)).isEncrypted)
    }
}
