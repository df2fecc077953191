internal import LinuxSystem
internal import StackModel

/// Where clients come in: nginx by the name that they know, but always this machine.
struct FrontDoor: Equatable {
    let isEncrypted: Bool
    /// Without brackets.
    let host: String
    let port: UInt16
    /// Nil where nobody named it, and localhost is asked.
    var isNamed = true

    /// What nginx listens on everywhere; no certificate is for its name.
    static let unnamed = FrontDoor(isEncrypted: true, host: "localhost", port: 443, isNamed: false)

    private init(isEncrypted: Bool, host: String, port: UInt16, isNamed: Bool) {
        self.isEncrypted = isEncrypted
        self.host = host
        self.port = port
        self.isNamed = isNamed
    }

    /// Nil where it is not of the form `https://host[:port][/path]`. The path does not matter.
    init?(_ url: String) {
        let lower = url.lowercased()
        isEncrypted = lower.hasPrefix("https://")
        guard isEncrypted || lower.hasPrefix("http://") else { return nil }
        let rest = url.dropFirst(isEncrypted ? 8 : 7).prefix { !"/?#".contains($0) }
        let standard: UInt16 = isEncrypted ? 443 : 80
        let name: Substring
        if rest.hasPrefix("["), let end = rest.firstIndex(of: "]") {
            name = rest[rest.index(after: rest.startIndex)..<end]
            guard let port = Self.port(rest[rest.index(after: end)...], standard) else {
                return nil
            }
            self.port = port
        } else {
            name = rest.prefix { $0 != ":" }
            guard let port = Self.port(rest.dropFirst(name.count), standard) else { return nil }
            self.port = port
        }
        // No `user:password@`, nothing that a shell or curl takes for something else.
        guard !name.isEmpty, name.allSatisfy({ $0.isLetter || $0.isNumber || "-._:".contains($0) })
        else { return nil }
        host = String(name)
    }

    private static func port(_ text: Substring, _ standard: UInt16) -> UInt16? {
        guard !text.isEmpty else { return standard }
        guard text.hasPrefix(":"), let port = UInt16(text.dropFirst()), port > 0 else { return nil }
        return port
    }

    /// `https://example.org`
    var origin: String {
        let name = host.contains(":") ? "[\(host)]" : host
        let isUsual = port == (isEncrypted ? 443 : 80)
        return (isEncrypted ? "https://" : "http://") + name + (isUsual ? "" : ":\(port)")
    }
}

/// A request through the front door.
struct DoorRequest: Equatable {
    var method = "GET"
    var path: String
    var headers: [String] = []
    var body: String?
}

/// What came back.
enum DoorReply: Equatable {
    case answer(DoorAnswer)
    /// Nobody answers, or not in time.
    case failure(String)
    /// It cannot be asked from here.
    case unavailable(String)
}

struct DoorAnswer: Equatable {
    var status: Int
    /// Their names in lower case.
    var headers: [String: String] = [:]
    var body = ""
}

extension FrontDoor {
    /// Asks with curl, which gets everything on its standard input: a key in its arguments could be read by anyone.
    func ask(_ request: DoorRequest, with tools: Tools, within limit: Duration) throws(ToolError)
        -> DoorReply
    {
        var command = Tools.Command(
            words: ["curl", "--disable", "--config", "-"], environment: toolEnvironment,
            timeout: limit + .seconds(2))
        command.input = Array(configuration(request, within: limit).utf8)
        let outcome: Tools.Outcome
        do throws(ToolError) { outcome = try tools.run(command) } catch {
            if error == .interrupted { throw error }
            return .unavailable("curl does not run: \(error)")
        }
        // A stream that does not end was cut off by the limit: what it said counts.
        if let answer = DoorAnswer(parsing: outcome.text), answer.status > 0 {
            return .answer(answer)
        }
        let reason = outcome.lastLines.last.map { $0.replacing(/^curl: (\(\d+\) )?/, with: "") }
        return .failure(reason ?? "no answer")
    }

    func configuration(_ request: DoorRequest, within limit: Duration) -> String {
        var lines = [
            "silent", "show-error", "include", "insecure", "http1.1", "globoff",
            "noproxy = \"*\"", "max-time = \(max(1, limit.components.seconds))",
            "url = \(quoted(origin + request.path))", "request = \(quoted(request.method))",
            "connect-to = \"::127.0.0.1:\(port)\"",
        ]
        lines += request.headers.map { "header = \(quoted($0))" }
        if let body = request.body { lines.append("data-raw = \(quoted(body))") }
        return lines.map { $0 + "\n" }.joined()
    }

    private func quoted(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        return "\"" + escaped.filter { !$0.isNewline } + "\""
    }
}

/// No proxy, no settings of whoever started us.
let toolEnvironment = [
    "PATH": environmentVariable("PATH")
        ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
]

extension DoorAnswer {
    /// Headers and body as `curl --include` prints them.
    init?(parsing text: String) {
        var rest = text.replacing("\r\n", with: "\n")[...]
        while true {
            guard let end = rest.firstRange(of: "\n\n") else { return nil }
            let lines = rest[..<end.lowerBound].split(separator: "\n")
            rest = rest[end.upperBound...]
            guard let first = lines.first, first.hasPrefix("HTTP/"),
                let code = first.split(separator: " ").dropFirst().first, let status = Int(code)
            else { return nil }
            // "100 Continue" stands before the answer itself.
            if (100..<200).contains(status) { continue }
            self.status = status
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                let value = line[line.index(after: colon)...].drop { $0 == " " }
                headers[line[..<colon].lowercased()] = String(value)
            }
            body = String(rest)
            return
        }
    }
}
