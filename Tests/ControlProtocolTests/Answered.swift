import ControlProtocol
import JSONLines

/// `catalystctl`, run with an agent that answers so; and what it asked, if it did.
func run(_ arguments: [String], answer: [ControlReply]) throws
    -> (program: Program, request: ControlRequest?)
{
    let agent = try TinyAgent(try answer.map(text).joined())
    defer { agent.stop() }
    let program = try Program(arguments + ["--socket", agent.path])
    let request = try agent.requests.first.map {
        try JSONLines.decode(ControlRequest.self, from: Array($0.utf8))
    }
    return (program, request)
}

func reply(_ change: (inout ControlReply) -> Void) -> ControlReply {
    var reply = ControlReply()
    change(&reply)
    return reply
}

/// As an agent sends it.
func text(_ reply: ControlReply) throws -> String {
    String(decoding: try JSONLines.encode(reply), as: UTF8.self)
}
