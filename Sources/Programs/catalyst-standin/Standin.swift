internal import ArgumentParser
@preconcurrency internal import Glibc

/// Stands in for any of the eight trading services: the health contract, and faults on demand.
@main
struct Standin: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catalyst-standin",
        abstract: "Stand in for a trading service.",
        discussion: """
            Serves GET /health, GET /, GET /slow?seconds=S and POST /mcp. While it runs, POST /fault/KIND from this \
            host makes trouble: hang, crash?code=N|signal=N, unhealthy, leak?rate=MB, fork?count=N&setsid=1, \
            ignore-sigterm, log-flood?rate=BYTES, slow?seconds=S, wrong-body?kind=KIND, clear. SIGUSR1 toggles hang.
            """)

    @Option(help: "The service's name, as /health says it.")
    var name = "standin"
    @Option(help: "Listen on this port.")
    var port: UInt16?
    @Option(help: "Listen on this address.")
    var host = "127.0.0.1"
    @Option(help: "Use this inherited listening socket (also: CATALYST_LISTEN_FD, LISTEN_FDS).")
    var fd: CInt?
    @Option(help: "Check this Redis (also: REDIS_URL).")
    var redis: String?
    @Option(help: "Check this Postgres (also: DATABASE_URL).")
    var postgres: String?
    @Option(help: "The version that /health says (also: CATALYST_VERSION).")
    var versionName: String?
    @Option(help: "The version is this file's first line.")
    var versionFile: String?
    @Option(help: "The schema that /health says.")
    var schema = "v5.0 normalized"

    @Option(help: "What to print first, in lines.")
    var lines: String?
    @Flag(help: "Exit before listening.")
    var crashAtStart = false
    @Option(help: "Seconds to wait before listening.")
    var slowStart: Double = 0
    @Option(help: "Seconds after which requests get no answer.")
    var hangAfter: Double?
    @Option(help: "Seconds after which it exits.")
    var crashAfter: Double?
    @Option(help: "How --crash-after and --crash-at-start exit.")
    var exitCode: CInt = 1
    @Option(help: "Seconds after which /health says unhealthy.")
    var unhealthyAfter: Double?
    @Option(
        help:
            "What is wrong with /health: \(WrongBody.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var wrongBody: WrongBody?
    @Option(help: "MB of memory to leak each second.")
    var leak: Double?
    @Option(help: "Processes to start that stay.")
    var fork = 0
    @Flag(help: "Give each of them a session of its own.")
    var forkSetsid = false
    @Flag(name: .customLong("ignore-sigterm"), help: "Go on after SIGTERM.")
    var ignoreTermination = false
    @Option(help: "Bytes to log each second; 0: without limit.")
    var logFlood: Int?
    @Option(help: "Seconds between log lines.")
    var logEvery: Double?

    func run() throws {
        setvbuf(stdout, nil, _IOLBF, 0)
        if let lines { print(lines) }
        if crashAtStart { Glibc.exit(exitCode) }
        if ignoreTermination { signal(SIGTERM, SIG_IGN) }
        // Before there is an event loop, as a service that loads its models.
        if slowStart > 0 { usleep(UInt32(min(slowStart, 3600) * 1e6)) }
        Life(of: self).live()
    }
}

extension WrongBody: ExpressibleByArgument {}
