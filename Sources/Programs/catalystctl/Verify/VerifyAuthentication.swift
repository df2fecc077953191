internal import LinuxSystem
internal import StackModel

/// Does the front door let in whoever has the key, and nobody else?
struct AuthenticationFacts {
    var keyless: DoorReply
    var wrong: DoorReply
    /// Nil: the key is not known here.
    var right: DoorReply?
    /// Why it is not known: `.env` cannot be read. Nil: there is none.
    var keyProblem: String?
    /// Said beside what is right but for the certificate.
    var note = ""

    init(keyless: DoorReply, wrong: DoorReply, right: DoorReply?, keyProblem: String? = nil) {
        self.keyless = keyless
        self.wrong = wrong
        self.right = right
        self.keyProblem = keyProblem
    }

    init(_ site: Site) throws(ToolError) {
        keyless = try site.ask(.ping())
        guard case .answer = keyless else {
            wrong = keyless
            return
        }
        wrong = try site.ask(.ping(key: "catalyst_" + String(repeating: "0", count: 32)))
        if let key = site.key { right = try site.ask(.ping(key: key)) }
        keyProblem = site.variablesProblem
        note = site.untrusted
    }

    var aspects: [Aspect] {
        switch keyless {
        case .unavailable(let why): [.unchecked(why, "apt install curl")]
        case .failure(let why): [.unmet(why, "systemctl status nginx")]
        case .answer(let answer): [keylessAspect(answer), wrongAspect(answer), rightAspect]
        }
    }

    private func keylessAspect(_ answer: DoorAnswer) -> Aspect {
        switch answer.status {
        case 401: .met("without a key: 401" + note)
        case 429: .tooMany
        default: .unmet("without a key: \(answer.status), not 401", "nginx -T, scripts/install")
        }
    }

    private func wrongAspect(_ keyless: DoorAnswer) -> Aspect {
        guard case .answer(let answer) = wrong else { return wrong.aspect(of: "with a wrong key") }
        guard answer.status == 401 else {
            return answer.status == 429
                ? .tooMany
                : .unmet("with a wrong key: \(answer.status), not 401", "nginx -T, scripts/install")
        }
        let isSame = answer.body == keyless.body && answer.shape == keyless.shape
        return isSame || keyless.status != 401
            ? .met("with a wrong key: 401 of the same shape")
            : .unmet(
                "with a wrong key: a 401 that differs from the one without a key",
                "nginx -T, scripts/install")
    }

    private var rightAspect: Aspect {
        guard let right else {
            return keyProblem.map { .unchecked("with the key: \($0)", "sudo catalystctl verify") }
                ?? .unmet("there is no MCP_API_KEY", "catalystctl key rotate")
        }
        guard case .answer(let answer) = right else { return right.aspect(of: "with the key") }
        return switch answer.status {
        case 401, 403: .unmet("with the key: \(answer.status)", "catalystctl key rotate")
        case 429: .tooMany
        default: .met("with the key: \(answer.status)")
        }
    }
}

extension DoorRequest {
    /// The smallest question to the MCP server.
    static func ping(key: String? = nil) -> DoorRequest {
        var request = DoorRequest.mcp(#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, key: key)
        if key == nil { request.headers.removeAll { $0.hasPrefix("X-API-Key") } }
        return request
    }

    static func mcp(_ body: String, key: String?, more: [String] = []) -> DoorRequest {
        let headers = [
            "Content-Type: application/json", "Accept: application/json, text/event-stream",
        ]
        return DoorRequest(
            method: "POST", path: "/mcp",
            headers: headers + (key.map { ["X-API-Key: \($0)"] } ?? []) + more, body: body)
    }
}

extension DoorReply {
    /// Where no answer came.
    func aspect(of what: String) -> Aspect {
        switch self {
        case .answer(let answer): .unmet("\(what): \(answer.status)", "systemctl status nginx")
        case .failure(let why): .unmet("\(what): \(why)", "systemctl status nginx")
        case .unavailable(let why): .unchecked("\(what): \(why)", "apt install curl")
        }
    }
}

extension DoorAnswer {
    /// The headers that are there, without those whose values change from answer to answer.
    fileprivate var shape: [String: String] {
        headers.filter { !["date", "x-request-id"].contains($0.key) }
    }
}

extension Aspect {
    /// nginx has enough of us.
    static let tooMany = Aspect.unchecked(
        "429: the rate limit is reached", "in a minute: catalystctl verify")
}
