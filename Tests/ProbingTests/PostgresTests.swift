internal import Postgres
internal import StackModel
internal import TestSupport
internal import Testing

private func asked(_ url: String) async -> Report.Outcome {
    await Asking.report(.postgres(url: url)).outcome
}

@Test(
    .enabled(if: !RealPostgres.isMissing, "PostgreSQL's server is not installed"), .ownThreads)
func `SELECT 1 is answered by a real Postgres`() async throws {
    let postgres = try RealPostgres(password: "ge heim")
    defer { postgres.stop() }
    #expect(await asked(postgres.url()) == .healthy)
    guard case .failed(.other(let words)) = await asked(postgres.url(password: "falsch")) else {
        Issue.record("a wrong password opens")
        return
    }
    #expect(words.contains("password authentication failed"))
    #expect(!words.contains("falsch"))
    guard case .failed(.other(let missing)) = await asked(postgres.url("nowhere")) else {
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
