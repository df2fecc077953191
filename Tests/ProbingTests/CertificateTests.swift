internal import Glibc
internal import StackModel
internal import TLS
internal import Testing

@testable internal import Probing

/// A root, an authority below it, and a server's certificate, made once for all tests.
private final class Authority {
    let directory = makeTemporaryDirectory()

    /// `leaf`, `authority`, `root`, `other`: PEM files; nil where openssl cannot be run.
    init?() {
        let script = """
            cd \(directory) && exec 2>/dev/null
            key() { openssl req -newkey rsa:2048 -nodes -keyout $1.key -subj "$2" -out $1.csr; }
            printf 'basicConstraints=critical,CA:true\\n' > ca.ext
            printf 'subjectAltName=DNS:example.org,DNS:www.example.org\\n' > leaf.ext
            openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -days 30 -subj '/O=Tests/CN=Root' -out root &&
            openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -days 30 -subj '/O=Tests/CN=Middle' -out other &&
            key authority '/O=Tests/CN=Middle' && key leaf '/' &&
            openssl x509 -req -in authority.csr -CA root -CAkey root.key -CAcreateserial -days 20 -extfile ca.ext -out authority &&
            openssl x509 -req -in leaf.csr -CA authority -CAkey authority.key -CAcreateserial -days 10 -extfile leaf.ext -out leaf
            """
        guard Program(["/bin/sh", "-c", script])?.succeeds() == true else {
            remove(directory)
            return nil
        }
    }

    deinit { remove(directory) }

    func facts(_ names: [String], afterDays days: Int64 = 0) throws -> CertificateFacts {
        let path = directory + "/" + names.joined(separator: "+")
        let files = names.map { directory + "/" + $0 }.joined(separator: " ")
        _ = Program(["/bin/sh", "-c", "cat \(files) > \(path).pem"])?.succeeds()
        let time = Timestamp(nanoseconds: wallClock().nanoseconds + days * 86_400_000_000_000)
        return try certificateFacts(inFile: path + ".pem", at: time)
    }
}

@Test(.enabled(if: Program.exists("openssl"), "openssl is not installed"))
func `certificates and their chain are read`() throws {
    let authority = try #require(Authority())
    let leaf = try authority.facts(["leaf"])
    #expect(leaf.subject == "example.org")
    #expect(leaf.issuer == "Middle, Tests")
    #expect(leaf.chainLength == 1)
    #expect(leaf.problem == nil)
    let left = try #require(leaf.expires) - wallClock()
    #expect(left > .seconds(9 * 86_400) && left <= .seconds(10 * 86_400))
    let chain = try authority.facts(["leaf", "authority", "root"])
    #expect(chain.chainLength == 3)
    #expect(chain.problem == nil)
    // A key in the same file is passed over.
    #expect(try authority.facts(["leaf.key", "leaf", "authority"]).chainLength == 2)
}

@Test(.enabled(if: Program.exists("openssl"), "openssl is not installed"))
func `what is wrong with a chain is told`() throws {
    let authority = try #require(Authority())
    let day = try #require(try authority.facts(["leaf"]).expires).rfc3339(digits: 0).prefix(10)
    #expect(try authority.facts(["leaf"], afterDays: 11).problem == "it expired on \(day)")
    let early = try authority.facts(["leaf"], afterDays: -2).problem
    #expect(early?.hasPrefix("it is not valid before ") == true)
    let middle = try authority.facts(["root", "authority"], afterDays: 25).problem
    #expect(middle?.hasPrefix("'Middle' of its chain expired on ") == true)
    let swapped = try authority.facts(["leaf", "root", "authority"]).problem
    #expect(swapped?.hasPrefix("its chain is broken: 'Root' did not issue 'example.org'") == true)
    // The right name, and another's key.
    let forged = try authority.facts(["leaf", "other"]).problem
    #expect(forged?.hasPrefix("its chain is broken: 'Middle' did not issue 'example.org'") == true)
    let none = try authority.facts(["leaf.key"])
    #expect(none.problem?.hasPrefix("there is no certificate in '") == true)
    #expect(none.expires == nil)
    let gone = try certificateFacts(inFile: "/no/such.pem", at: wallClock())
    #expect(gone.problem == "cannot read '/no/such.pem': no such file or directory")
    let folder = try certificateFacts(inFile: "/", at: wallClock())
    #expect(folder.problem == "cannot read '/': is a directory")
}

/// `openssl s_server` that answers with the files of a directory.
private final class FileServer {
    let port = freePort()
    let directory = makeTemporaryDirectory()
    private let program: Program?

    init() {
        makeCertificate(in: directory)
        let body = #"{"status":"healthy","service":"scanner"}"#
        program = Program([
            "/bin/sh", "-c",
            """
            cd \(directory) && printf '%s' '\(body)' > health &&
            exec openssl s_server -accept 127.0.0.1:\(port) -cert certificate -key key -WWW -quiet
            """,
        ])
    }

    deinit {
        program?.kill()
        remove(directory)
    }
}

@Test(.enabled(if: Program.exists("openssl"), "openssl is not installed"))
func `an https probe reads the body`() async {
    let server = FileServer()
    let root = "https://127.0.0.1:\(server.port)"
    let report = await Asking.report(.http(url: root + "/health"), awaitsListener: true)
    #expect(report.outcome == .healthy)
    #expect(report.body?.contains("scanner") == true)
    let other = await Asking.report(.http(url: root + "/health"), service: "news")
    #expect(other.outcome == .failed(.wrongService("scanner")))
    let plain = await Asking.report(.http(url: "http://127.0.0.1:\(server.port)/health"))
    #expect(plain.outcome != .healthy)
}

@Test(.enabled(if: Program.exists("openssl"), "openssl is not installed"))
func `a front door shows its certificate`() async throws {
    let server = FileServer()
    _ = await Asking.report(
        .tcp(host: "127.0.0.1", port: server.port), within: .seconds(20), awaitsListener: true)
    let url = "https://u:geheim@127.0.0.1:\(server.port)/health"
    guard case .frontDoor(let facts) = inspect(.frontDoor(url: url), within: .seconds(20)) else {
        Issue.record("\(inspect(.frontDoor(url: url), within: .seconds(20)))")
        return
    }
    #expect(facts.status == 200)
    #expect(facts.tlsVersion == "TLSv1.3")
    #expect(facts.latency > .zero)
    let certificate = try #require(facts.certificate)
    #expect(certificate.source == "127.0.0.1:\(server.port)")
    #expect(certificate.subject == "localhost")
    #expect(certificate.chainLength == 1)
    #expect(certificate.problem == "clients do not accept it: self-signed certificate")
    #expect(try #require(certificate.expires) > wallClock())
}

@Test func `a front door without TLS is asked without a key`() {
    let server = RawServer { connection in
        let isKeyless = !readRequest(connection).lowercased().contains("authorization")
        sendAll(
            Array(http("", status: isKeyless ? "401 Unauthorized" : "200 OK").utf8),
            over: connection)
    }
    defer { server.stop() }
    let url = "http://u:geheim@127.0.0.1:\(server.port)/"
    guard case .frontDoor(let facts) = inspect(.frontDoor(url: url), within: .seconds(20)) else {
        Issue.record("no answer")
        return
    }
    #expect(facts.status == 401)
    #expect(facts.tlsVersion == nil)
    #expect(facts.certificate == nil)
}

@Test func `a front door that does not answer is away`() {
    let closed = RawServer(listens: false) { _ in }
    let silent = RawServer { awaitEnd($0) }
    let other = answering("SSH-2.0-OpenSSH_9.2\r\n")
    defer { for server in [silent, other] { server.stop() } }
    func door(_ server: RawServer, _ scheme: String, _ limit: Duration) -> InspectionResult {
        inspect(.frontDoor(url: "\(scheme)://127.0.0.1:\(server.port)/"), within: limit)
    }
    #expect(door(closed, "https", .seconds(5)) == .failed("connection refused", isAway: true))
    for scheme in ["http", "https"] {
        let result = door(silent, scheme, .milliseconds(100))
        #expect(result == .failed("no answer in time", isAway: true))
    }
    #expect(door(other, "http", .seconds(5)) == .failed("the answer is not HTTP", isAway: true))
    guard
        case .failed(let words, false) = inspect(
            .frontDoor(url: "ftp://u:geheim@h/"), within: .seconds(5))
    else {
        Issue.record("a bad URL was asked")
        return
    }
    #expect(!words.contains("geheim"))
}
