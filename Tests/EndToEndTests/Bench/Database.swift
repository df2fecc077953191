import Glibc

/// A PostgreSQL of one test's own, run by an ordinary user: Postgres refuses root.
final class Database {
    /// Debian keeps the server's programs out of PATH.
    static let programs: String? = (13...18).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        .first { access($0 + "/initdb", X_OK) == 0 }

    let port: UInt16
    private let folder: Folder
    private var server: Program?

    init() throws {
        guard let programs = Self.programs else { throw Failure("there is no PostgreSQL") }
        port = try freePort()
        folder = try Folder()
        if getuid() == 0 { chown(folder.path, 65534, 65534) }
        let made = try run(
            Self.asUser + [
                "\(programs)/initdb", "-D", "\(folder.path)/data", "-U", "catalyst", "--auth=trust",
                "--no-sync",
            ], in: folder, within: .seconds(60))
        guard made.status == 0 else { throw Failure("initdb: \(made)") }
        try start()
    }

    private static let asUser =
        getuid() == 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

    var url: String { "postgresql://catalyst@127.0.0.1:\(port)/postgres" }

    /// Returns when it answers.
    func start() throws {
        let programs = Self.programs ?? ""
        server = try Program(
            Self.asUser + [
                "\(programs)/postgres", "-D", "\(folder.path)/data", "-p", "\(port)", "-k", "",
                "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off",
            ], in: folder)
        guard holds(within: .seconds(30), { (try? value("SELECT 1")) == "1" }) else {
            throw Failure("PostgreSQL does not answer: \(server?.errors ?? "")")
        }
    }

    /// At once: connections break.
    func stop() {
        signal(SIGCONT)
        server?.signal(SIGQUIT)
        _ = server?.exitCode(within: .seconds(20))
    }

    /// SIGSTOP, or SIGCONT, to all of it: connections stay, and nobody answers.
    func signal(_ number: CInt) {
        guard let server else { return }
        for entry in ProcessEntry.descendants(of: server.pid) { kill(entry.pid, number) }
        server.signal(number)
    }

    /// What a statement gives, as text.
    func value(_ statement: String) throws -> String {
        let outcome = try run(
            ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement], in: folder)
        guard outcome.status == 0 else { throw Failure("'\(statement)': \(outcome)") }
        return outcome.output.split(separator: "\n").joined(separator: "\n")
    }

    deinit { stop() }
}
