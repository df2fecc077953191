internal import FoundationEssentials
internal import Glibc
internal import NIOCore
internal import StackModel

/// Who the service says it is.
struct Identity {
    let name: String
    let version: String
    let schema: String
}

struct Answer {
    enum Manner {
        case whole, trickled
        /// The body so many times, with a pause after each.
        case events(Int, TimeAmount)
    }

    var status = 200
    var type = "application/json"
    var body: [UInt8]
    var location: String?
    var manner = Manner.whole

    init(_ text: String, status: Int = 200) {
        body = Array(text.utf8)
        self.status = status
    }
}

/// What is answered to which request. Confined to its event loop.
final class Service {
    let identity: Identity
    let faults: Faults
    private let dependencies: Dependencies

    init(identity: Identity, faults: Faults, dependencies: Dependencies) {
        self.identity = identity
        self.faults = faults
        self.dependencies = dependencies
    }

    /// `reply` is called later, after so long, or never.
    func take(
        _ request: Request, on loop: NIOIsolatedEventLoop, reply: @escaping (Answer) -> Void
    ) {
        if request.path.hasPrefix("/fault/") { return reply(fault(request)) }
        if faults.hangs { return }
        switch (request.method, request.path) {
        case ("GET", "/health"):
            loop.scheduleTask(in: faults.delay) { self.health(reply) }
        case ("GET", "/slow"):
            loop.scheduleTask(in: request.time("seconds", default: 1)) { reply(Answer("{}")) }
        case ("GET", "/"):
            reply(Answer(#"{"service":"\#(escaped(identity.name))"}"#))
        case (_, "/mcp"):
            reply(identity.answerMCP(request))
        default:
            reply(Answer(#"{"detail":"Not Found"}"#, status: 404))
        }
    }

    private func health(_ reply: @escaping (Answer) -> Void) {
        dependencies.state { state in
            let isWell = ![state.database, state.redis].contains("disconnected")
            let status = self.faults.isUnhealthy ? "unhealthy" : isWell ? "healthy" : "degraded"
            let body = self.body(status, state)
            reply(self.spoiled(Answer(body, status: self.faults.isUnhealthy ? 503 : 200)))
        }
    }

    private func body(_ status: String, _ state: Dependencies.State) -> String {
        let name = faults.wrongBody == .wrongService ? "somebody-else" : identity.name
        let schema = faults.wrongBody == .wrongSchema ? "v4.0" : identity.schema
        let age: Duration = faults.wrongBody == .stale ? .seconds(3600) : .zero
        return """
            {"status":"\(status)","service":"\(escaped(name))","version":"\(escaped(identity.version))",\
            "schema":"\(escaped(schema))","timestamp":"\((now() - age).rfc3339(digits: 0))",\
            "database":"\(state.database)","redis":"\(state.redis)"}
            """
    }

    private func spoiled(_ answer: Answer) -> Answer {
        var answer = answer
        switch faults.wrongBody {
        case .notJSON: answer.body = Array("<html>It works!</html>".utf8)
        case .http500: answer = Answer(#"{"detail":"Internal Server Error"}"#, status: 500)
        case .redirect:
            answer.status = 307
            answer.location = "/"
        case .huge: answer.body += [UInt8](repeating: UInt8(ascii: " "), count: 8 << 20)
        case .slow: answer.manner = .trickled
        case .wrongService, .wrongSchema, .stale, nil: break
        }
        return answer
    }

    private func fault(_ request: Request) -> Answer {
        guard request.method == "POST", request.isLocal else {
            return Answer(#"{"detail":"Forbidden"}"#, status: 403)
        }
        guard start(request) else { return Answer(#"{"detail":"no such fault"}"#, status: 404) }
        return Answer(#"{"fault":"\#(escaped(String(request.path.dropFirst(7))))"}"#)
    }

    /// False: there is no such fault.
    private func start(_ request: Request) -> Bool {
        switch request.path.dropFirst(7) {
        case "hang": faults.hangs = true
        case "unhealthy": faults.isUnhealthy = true
        case "ignore-sigterm": faults.ignoresTermination = true
        case "slow": faults.delay = request.time("seconds", default: 20)
        case "leak": faults.leak(megabytesPerSecond: request.number("rate") ?? 1)
        case "log-flood": faults.floodLog(bytesPerSecond: request.count("rate") ?? 0)
        case "fork":
            faults.fork(request.count("count") ?? 1, ownSession: request.count("setsid") == 1)
        case "wrong-body":
            guard let kind = request.query["kind"].flatMap(WrongBody.init) else { return false }
            faults.wrongBody = kind
        case "crash":
            if let signal = request.count("signal") {
                kill(getpid(), CInt(truncatingIfNeeded: signal))
            }
            _exit(CInt(truncatingIfNeeded: request.count("code") ?? 1))
        case "clear": faults.clear()
        default: return false
        }
        return true
    }
}

private func now() -> Timestamp {
    Timestamp(nanoseconds: Int64(Date.now.timeIntervalSince1970 * 1e9))
}

/// As the inside of a JSON string.
func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
        switch scalar {
        case "\"", "\\": result += "\\\(scalar)"
        case "\0"..<" ": result += " "
        default: result.unicodeScalars.append(scalar)
        }
    }
}
