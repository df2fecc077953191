internal import ControlProtocol
internal import Glibc
internal import LinuxSystem
internal import StackFile
internal import StackModel

/// The machine that is verified: what several criteria look at, each looked up once.
final class Site {
    let agent: Agent
    let tools: Tools
    let database: DatabaseOptions
    let status: Result<StackStatus, Failure>
    /// The running one; without an agent, that of the files.
    let stack: StackSpec?
    let door: FrontDoor
    /// `.env` and the environment.
    let variables: [String: String]
    /// Why `.env` could not be read.
    let variablesProblem: String?
    let isRoot = geteuid() == 0
    private let end: ContinuousClock.Instant

    init(
        agent: Agent, database: DatabaseOptions, door: FrontDoor?, tools: Tools, limit: Duration
    ) {
        self.agent = agent
        self.database = database
        self.tools = tools
        end = .now + limit
        status = asked { try agent.status() }
        let files = database.file == defaultStackFile ? defaultStackFiles() : [database.file]
        let source = StackSource(
            files: files, environment: environmentVariables(), envFile: database.envFile)
        let running = try? asked { try agent.answer(to: ControlRequest(.config)) { $0.config } }
            .get()
        stack = running ?? source.load().stack
        let (values, errors) = source.variables()
        variables = values
        variablesProblem = errors.lines.first
        self.door = door ?? stack?.watch.frontDoor.flatMap { FrontDoor($0) } ?? .unnamed
    }

    /// When something that may take `limit` must be over.
    func deadline(_ limit: Duration) -> ContinuousClock.Instant { min(.now + limit, end) }

    func left(atMost limit: Duration) -> Duration { max(.seconds(1), deadline(limit) - .now) }

    /// The key of the API; nil: not known here.
    var key: String? { variables["MCP_API_KEY"].flatMap { $0.isEmpty ? nil : $0 } }

    var databaseURL: String? {
        ["CATALYST_DATABASE_URL", "DATABASE_URL"].lazy.compactMap { self.variables[$0] }
            .first { !$0.isEmpty }
    }

    func ask(_ request: DoorRequest) throws(ToolError) -> DoorReply {
        try door.ask(request, with: tools, within: left(atMost: .seconds(10)))
    }

    /// Runs a tool of the system; nil where it is not there or does not run.
    func run(_ words: [String], limit: Duration = .seconds(10)) throws(ToolError) -> Tools.Outcome?
    {
        let command = Tools.Command(
            words: words, environment: toolEnvironment, timeout: left(atMost: limit))
        do throws(ToolError) { return try tools.run(command) } catch {
            if error == .interrupted { throw error }
            return nil
        }
    }

    /// Said beside what is right but for the certificate: that is the third criterion's.
    var untrusted: String {
        guard case .success(let facts)? = handshake, facts.problem != nil else { return "" }
        return " (certificate not trusted: see \(Criterion.certificate.number))"
    }

    /// What the live handshake shows; nil: the front door is not encrypted.
    lazy var handshake: Result<CertificateFacts, Failure>? =
        door.isEncrypted ? shownCertificate(by: door, deadline(.seconds(5))) : nil
}

/// `body`'s value, or why there is none, as the operator is told.
func asked<Value>(_ body: () throws -> Value) -> Result<Value, Failure> {
    do { return .success(try body()) } catch {
        return .failure(Failure(error) ?? Failure("\(error)", .noAgent))
    }
}
