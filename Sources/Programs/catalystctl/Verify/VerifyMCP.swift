internal import JSONLines
internal import LinuxSystem

/// Does an MCP client get through nginx to a server that speaks with it?
struct MCPFacts {
    /// Nil: there is no key to come in with.
    var initialize: DoorReply?
    var keyProblem: String?
    /// Nil: it did not get so far.
    var initialized: DoorReply?
    var note = ""

    init(initialize: DoorReply?, initialized: DoorReply? = nil, keyProblem: String? = nil) {
        self.initialize = initialize
        self.initialized = initialized
        self.keyProblem = keyProblem
    }

    init(_ site: Site) throws(ToolError) {
        keyProblem = site.variablesProblem
        note = site.untrusted
        guard let key = site.key else { return }
        let reply = try site.ask(.mcp(Self.greeting, key: key))
        initialize = reply
        guard case .answer(let answer) = reply, answer.greeting != nil else { return }
        var more = ["MCP-Protocol-Version: \(Self.protocolVersion)"]
        if let session = answer.headers["mcp-session-id"] {
            more.append("Mcp-Session-Id: \(session)")
        }
        initialized = try site.ask(
            .mcp(#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#, key: key, more: more))
        guard more.count > 1 else { return }
        var goodbye = DoorRequest.mcp("", key: key, more: more)
        goodbye.method = "DELETE"
        goodbye.body = nil
        // A server need not know it.
        _ = try site.ask(goodbye)
    }

    static let protocolVersion = "2025-03-26"
    static let greeting = """
        {"jsonrpc":"2.0","id":1,"method":"initialize","params":{\
        "protocolVersion":"\(protocolVersion)","capabilities":{},\
        "clientInfo":{"name":"catalystctl verify","version":"1"}}}
        """

    var aspects: [Aspect] {
        guard let initialize else {
            return [
                keyProblem.map { .unchecked($0, "sudo catalystctl verify") }
                    ?? .unmet("there is no MCP_API_KEY to come in with", "catalystctl key rotate")
            ]
        }
        guard case .answer(let answer) = initialize else {
            return [initialize.aspect(of: "initialize")]
        }
        switch answer.status {
        case 200: return greetingAspects(answer)
        case 429: return [.tooMany]
        case 401, 403:
            return [
                .unmet(
                    "initialize: \(answer.status), the key is not taken", "catalystctl key rotate")
            ]
        default:
            return [.unmet("initialize: \(answer.status)", "catalystctl why orchestration")]
        }
    }

    private func greetingAspects(_ answer: DoorAnswer) -> [Aspect] {
        guard let greeting = answer.greeting else {
            let why = answer.refusal ?? "the answer is none of MCP's"
            return [.unmet("initialize: \(why)", "catalystctl logs orchestration --tail 20")]
        }
        let server = greeting.serverInfo
        let name = [server.name, server.version ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        let first = Aspect.met("initialize: '\(name)', MCP \(greeting.protocolVersion)" + note)
        switch initialized {
        case .answer(let answer) where (200..<300).contains(answer.status):
            return [first, .met("initialized: \(answer.status)")]
        case .answer(let answer) where answer.status == 429: return [first, .tooMany]
        case .answer(let answer):
            return [
                first,
                .unmet("initialized: \(answer.status)", "catalystctl logs orchestration --tail 20"),
            ]
        case let other?: return [first, other.aspect(of: "initialized")]
        case nil: return [first, .unchecked("initialized was not sent")]
        }
    }
}

/// What a server answers to `initialize`.
private struct Greeting: Decodable {
    struct Server: Decodable {
        let name: String
        let version: String?
    }
    let protocolVersion: String
    let serverInfo: Server
}

/// A JSON-RPC answer to the question with the id 1.
private struct GreetingMessage: Decodable {
    struct Refusal: Decodable { let message: String }
    let id: Int?
    let result: Greeting?
    let error: Refusal?
}

extension DoorAnswer {
    fileprivate var greeting: Greeting? { messages.lazy.compactMap(\.result).first }
    fileprivate var refusal: String? { messages.lazy.compactMap(\.error?.message).first }

    /// The messages in JSON, or in a stream of events.
    private var messages: [GreetingMessage] {
        let isStream = headers["content-type"]?.hasPrefix("text/event-stream") ?? false
        let texts = isStream ? serverSentEvents(in: body) : [body]
        // What is no message of ours says nothing.
        return texts.compactMap {
            try? JSONLines.decode(GreetingMessage.self, from: Array($0.utf8))
        }
        .filter { $0.id == 1 || $0.error != nil }
    }
}

/// The data of each event of a `text/event-stream`.
func serverSentEvents(in text: String) -> [String] {
    var events: [String] = []
    var data: [Substring] = []
    let lines: [Substring] = text.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines + [""] {
        if line.hasPrefix("data:") {
            let value = line.dropFirst(5)
            data.append(value.hasPrefix(" ") ? value.dropFirst() : value)
        } else if line.isEmpty, !data.isEmpty {
            events.append(data.joined(separator: "\n"))
            data = []
        }
    }
    return events
}
