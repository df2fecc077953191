@preconcurrency internal import Glibc
internal import Synchronization

/// A PostgreSQL cluster of its own in a temporary directory, on a free port of loopback, run by an
/// ordinary user: Postgres refuses root. It ends with the value, at the latest with the process.
package final class RealPostgres: @unchecked Sendable {
    package let port: UInt16
    package let password: String
    package let directory: String
    private let settings: [String]

    /// There is no server on this machine.
    package static let isMissing = programs == nil

    /// Certificates can be made.
    package static let canEncrypt = run(["/bin/sh", "-c", "command -v openssl"]).status == 0

    /// Debian keeps the server's programs out of PATH.
    private static let programs: String? = (13...18).reversed()
        .map { "/usr/lib/postgresql/\($0)/bin" }
        .first { access($0 + "/initdb", X_OK) == 0 }

    /// Runs, and answers, when this returns. `settings` are `name=value`; `access` are lines of
    /// pg_hba.conf that come first. `encrypts`: with a certificate for the name `db.invalid`.
    package init(
        password: String = "geheim", settings: [String] = [], access: [String] = [],
        encrypts: Bool = false
    ) throws {
        guard let programs = Self.programs else { throw NoPostgres("it is not installed") }
        var template = Array("/tmp/catalyst-postgres-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw NoPostgres("no directory") }
        directory = String(cString: made)
        port = freePort()
        self.password = password
        self.settings = settings + (encrypts ? ["ssl=on"] : [])
        RunningClusters.add(directory)
        let certificate = """
            openssl req -new -x509 -days 2 -nodes -subj /CN=db.invalid -newkey rsa:2048 \
            -addext subjectAltName=DNS:db.invalid -keyout data/server.key -out data/server.crt \
            && chmod 600 data/server.key
            """
        let rules = access.map { $0 + "\n" }.joined()
        try shell(
            """
            printf '%s' "$PASSWORD" > word \
            && \(programs)/initdb -D data -U catalyst --auth=scram-sha-256 --pwfile=word \
            --no-sync --encoding=UTF8 --locale=C \
            && printf '%s' "$RULES" | cat - data/pg_hba.conf > hba && cp hba data/pg_hba.conf \
            \(encrypts ? "&& " + certificate : "")
            """, environment: ["PASSWORD": password, "RULES": rules])
        try start()
    }

    deinit { stop() }

    package func stop() { RunningClusters.end(directory) }

    package func start() throws {
        let given = ["fsync=off", "shared_buffers=16MB"] + settings
        let words = given.map { "-c '\($0)'" }.joined(separator: " ")
        try shell(
            """
            \(Self.programs ?? "")/pg_ctl -D data -l log -w -t 60 \
            -o "-p \(port) -k \(directory) -c listen_addresses=127.0.0.1 \(words)" start
            """)
    }

    /// Without a checkpoint and without a word to its clients: what a power cut leaves.
    package func crash() throws {
        try shell("\(Self.programs ?? "")/pg_ctl -D data -m immediate -w -t 60 stop")
    }

    package func url(
        _ database: String = "postgres", user: String = "catalyst", password: String? = nil,
        options: String = "sslmode=prefer"
    ) -> String {
        let word = (password ?? self.password).utf8.map { byte in
            let isPlain = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            let digits = String(byte, radix: 16)
            return isPlain
                ? String(UnicodeScalar(byte)) : "%" + (digits.count < 2 ? "0" : "") + digits
        }.joined()
        return "postgres://\(user):\(word)@127.0.0.1:\(port)/\(database)?\(options)"
    }

    /// What psql prints of `statement`: a row a line, columns between `|`.
    @discardableResult
    package func psql(
        _ statement: String, in database: String = "postgres", user: String = "catalyst"
    ) throws -> String {
        try psql(["-c", statement], in: database, user: user)
    }

    @discardableResult
    package func psql(
        _ arguments: [String], in database: String = "postgres", user: String = "catalyst"
    ) throws -> String {
        let words = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1"] + arguments
        let (status, output) = run(
            words,
            environment: [
                "PGHOST": directory, "PGPORT": "\(port)", "PGUSER": user,
                "PGPASSWORD": password, "PGDATABASE": database,
            ])
        guard status == 0 else { throw NoPostgres(output) }
        return output
    }

    /// As the user that Postgres runs as, in the directory.
    private func shell(_ line: String, environment: [String: String] = [:]) throws {
        let isRoot = getuid() == 0
        if isRoot { chown(directory, 65534, 65534) }
        let user = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
        let (status, output) = run(
            user + ["/bin/sh", "-c", "cd \(directory) && " + line], environment: environment)
        guard status == 0 else { throw NoPostgres(output) }
    }
}

package struct NoPostgres: Error, CustomStringConvertible {
    package let description: String

    init(_ words: String) { description = words }
}

/// Clusters that run; ended with the process where nobody did it before.
private enum RunningClusters {
    private static let directories = {
        atexit { RunningClusters.endAll() }
        return Mutex<Set<String>>([])
    }()

    static func add(_ directory: String) {
        directories.withLock { _ = $0.insert(directory) }
    }

    static func end(_ directory: String) {
        let isRunning = directories.withLock { $0.remove(directory) != nil }
        if isRunning { remove(directory) }
    }

    private static func endAll() {
        for directory in directories.withLock({ $0 }) { remove(directory) }
    }

    private static func remove(_ directory: String) {
        // The postmaster's children follow it; then its files are nobody's.
        _ = run([
            "/bin/sh", "-c",
            """
            pid=$(head -1 \(directory)/data/postmaster.pid 2>/dev/null)
            [ -z "$pid" ] || kill -QUIT "$pid"
            while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
            rm -rf \(directory)
            """,
        ])
    }
}

/// A port of loopback that nobody uses at the moment.
private func freePort() -> UInt16 {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            _ = bind(descriptor, $0, size)
            _ = getsockname(descriptor, $0, &size)
        }
    }
    return UInt16(bigEndian: address.sin_port)
}
