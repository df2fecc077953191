internal import Glibc
internal import Postgres
internal import StackModel
internal import Testing

/// Debian keeps the server's programs out of PATH.
private let programs: String? = (13...18).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
    .first { access($0 + "/initdb", X_OK) == 0 }

/// A cluster of its own, run by an ordinary user: Postgres refuses root.
private final class LocalPostgres: Sendable {
    let port = freePort()
    private let directory = makeTemporaryDirectory()
    private let program: Program?

    init?(password: String) {
        guard let programs else { return nil }
        let data = directory + "/data"
        let user = getuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : ""
        if getuid() == 0 { chown(directory, 65534, 65534) }
        let line = """
            cd \(directory) && echo '\(password)' > word && chmod 644 word \
            && \(user)\(programs)/initdb -D \(data) -U catalyst --auth=scram-sha-256 --pwfile=word --no-sync \
            && exec \(user)\(programs)/postgres -D \(data) -p \(port) -k '' -c listen_addresses=127.0.0.1 -c fsync=off
            """
        program = Program(["/bin/sh", "-c", line])
    }

    func url(_ password: String, _ database: String = "postgres") -> String {
        "postgres://catalyst:\(password)@127.0.0.1:\(port)/\(database)?sslmode=prefer"
    }

    func stop() {
        // Immediate shutdown: the postmaster takes its children along.
        program?.kill(with: SIGQUIT)
        remove(directory)
    }
}

private func asked(_ url: String) async -> Report.Outcome {
    await Asking.report(.postgres(url: url)).outcome
}

@Test(.enabled(if: programs != nil, "PostgreSQL's server is not installed"))
func `SELECT 1 is answered by a real Postgres`() async throws {
    let postgres = try #require(LocalPostgres(password: "ge heim"))
    defer { postgres.stop() }
    let listener = Probe.tcp(host: "127.0.0.1", port: postgres.port)
    #expect(
        await Asking.report(listener, within: .seconds(60), awaitsListener: true).outcome
            == .healthy)
    let deadline = ContinuousClock.now + .seconds(20)
    while await asked(postgres.url("ge%20heim")) != .healthy {
        guard ContinuousClock.now < deadline else {
            Issue.record("never healthy: \(await asked(postgres.url("ge%20heim")))")
            return
        }
    }
    guard case .failed(.other(let words)) = await asked(postgres.url("falsch")) else {
        Issue.record("a wrong password opens")
        return
    }
    #expect(words.contains("password authentication failed"))
    #expect(!words.contains("falsch"))
    guard case .failed(.other(let missing)) = await asked(postgres.url("ge%20heim", "nowhere"))
    else {
        Issue.record("a database that is not there answers")
        return
    }
    #expect(missing.contains("database \"nowhere\" does not exist"))
}

@Test func `a Postgres that is silent ends with the time limit`() async {
    let silent = RawServer { awaitEnd($0) }
    defer { silent.stop() }
    let report = await Asking.report(
        .postgres(url: "postgres://u:p@127.0.0.1:\(silent.port)/x"), within: .milliseconds(300))
    #expect(report.outcome == .failed(.timedOut))
}

@Test func `what is no Postgres is told in words, without the password`() async {
    let port = RawServer(listens: false) { _ in }.port
    guard case .failed(.other(let words)) = await asked("postgres://u:geheim@127.0.0.1:\(port)/x")
    else {
        Issue.record("nobody answers")
        return
    }
    #expect(words.contains("Connection refused"))
    #expect(!words.contains("geheim"))
    #expect(throws: PostgresError.malformedURL) {
        try ping(postgres: "postgres://u:ge%heim@host/", within: .seconds(1))
    }
}
