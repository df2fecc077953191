internal import FoundationEssentials
internal import NIOCore

/// The Model Context Protocol over Streamable HTTP, as far as a handshake goes: modelcontextprotocol.io, 2025-03-26.
extension Identity {
    private static let protocolVersion = "2025-03-26"

    func answerMCP(_ request: Request) -> Answer {
        switch request.method {
        case "GET": stream(request)
        case "POST": answerCall(request)
        case "DELETE": Answer("", status: 204)
        default: Answer(#"{"detail":"Method Not Allowed"}"#, status: 405)
        }
    }

    /// What it sends by itself: `count` events, `pause` seconds between them.
    private func stream(_ request: Request) -> Answer {
        var answer = Answer("event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n\n")
        answer.type = "text/event-stream"
        answer.manner = .events(
            min(request.count("count") ?? 3, 1000), request.time("pause", default: 1))
        return answer
    }

    private func answerCall(_ request: Request) -> Answer {
        // What is no call comes back as it is: for whoever counts requests.
        guard let call = try? JSONDecoder().decode(Call.self, from: Data(request.body)),
            call.jsonrpc == "2.0"
        else { return Answer(String(decoding: request.body, as: UTF8.self)) }
        guard let id = call.id else { return Answer("", status: 202) }
        guard let result = result(of: call.method) else {
            let error = #"{"code":-32601,"message":"there is no such method"}"#
            return Answer(#"{"jsonrpc":"2.0","id":\#(id.text),"error":\#(error)}"#)
        }
        let text = #"{"jsonrpc":"2.0","id":\#(id.text),"result":\#(result)}"#
        guard request.accept.contains("text/event-stream"),
            !request.accept.contains("application/json")
        else { return Answer(text) }
        var answer = Answer("event: message\ndata: \(text)\n\n")
        answer.type = "text/event-stream"
        return answer
    }

    private func result(of method: String) -> String? {
        switch method {
        case "initialize":
            """
            {"protocolVersion":"\(Self.protocolVersion)","capabilities":{"tools":{}},\
            "serverInfo":{"name":"\(escaped(name))","version":"\(escaped(version))"}}
            """
        case "tools/list": #"{"tools":[]}"#
        case "ping": "{}"
        default: nil
        }
    }
}

/// A JSON-RPC request, or a notification, which has no id.
private struct Call: Decodable {
    enum ID: Decodable {
        case number(Int)
        case string(String)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self = .number(number)
            } else {
                self = .string(try container.decode(String.self))
            }
        }

        var text: String {
            switch self {
            case .number(let number): String(number)
            case .string(let string): "\"\(escaped(string))\""
            }
        }
    }

    let jsonrpc: String
    let id: ID?
    let method: String
}
