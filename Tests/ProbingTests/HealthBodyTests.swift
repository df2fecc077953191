internal import StackModel
internal import Testing

@testable import Probing

private let noon = Timestamp(rfc3339: "2025-10-18T12:00:00Z") ?? Timestamp(nanoseconds: 0)

private func outcome(
    _ body: String, status: Int = 200, _ adjust: (inout Contract) -> Void = { _ in }
) -> Report.Outcome {
    var contract = Contract()
    adjust(&contract)
    return HealthBody.outcome(
        httpStatus: status, body: Array(body.utf8), service: "scanner", contract: contract,
        now: noon)
}

@Test(arguments: [
    // The documented body.
    (
        #"{"status":"healthy","service":"scanner","version":"5.3.0","schema":"v5.0 normalized","#
            + #""timestamp":"2025-10-18T12:00:00Z","database":"connected","redis":"connected"}"#,
        Report.Outcome.healthy
    ),
    (#"{"status":"OK"}"#, .healthy),
    (#"{"status":true}"#, .healthy),
    (#"{"status":null}"#, .healthy),
    (#"{"status":{"nested":1}}"#, .healthy),
    ("", .healthy),
    ("<html>It works!</html>", .healthy),
    ("[1, 2]", .healthy),
    (#"{"service":"scanner"}"#, .healthy),
    (#"{"status":"healthy","service":"catalyst-scanner"}"#, .healthy),
    (#"{"status":"healthy","database":"not configured","redis":"ok"}"#, .healthy),
    (#"{"status":"degraded"}"#, .degraded("says its status is 'degraded'")),
    (#"{"status":"degraded","redis":"disconnected"}"#, .degraded("redis: disconnected")),
    (
        #"{"status":"healthy","database":"error: timeout","redis":"disconnected"}"#,
        .degraded("database: error: timeout, redis: disconnected")
    ),
    (#"{"status":"healthy","redis":false}"#, .degraded("redis: false")),
    (#"{"status":"unhealthy","redis":"disconnected"}"#, .failed(.status("unhealthy"))),
    (#"{"status":"starting"}"#, .failed(.status("starting"))),
    (#"{"status":"healthy","service":"news"}"#, .failed(.wrongService("news"))),
])
func `a body is read as an outcome`(body: String, expected: Report.Outcome) {
    #expect(outcome(body) == expected)
}

@Test func `a status other than 2xx outweighs the body`() {
    #expect(outcome(#"{"status":"healthy"}"#, status: 503) == .failed(.httpStatus(503)))
    #expect(outcome("", status: 301) == .failed(.httpStatus(301)))
    #expect(outcome("", status: 204) == .healthy)
}

@Test func `a contract is held against the body`() {
    let body = #"{"status":"healthy","service":"scanner","version":"5.3.0","schema":"v5.0"}"#
    #expect(outcome(body) { $0.schema = "v5.0" } == .healthy)
    #expect(outcome(body) { $0.schema = "v6.0" } == .failed(.wrongSchema("v5.0")))
    #expect(outcome(body) { $0.version = "5.4.0" } == .failed(.wrongVersion("5.3.0")))
    #expect(outcome(body) { $0.service = "Scanner" } == .failed(.wrongService("scanner")))
    #expect(
        outcome("hello") { $0.version = "5" } == .failed(.other("the body is not a JSON object")))
    #expect(outcome(#"{"status":"healthy"}"#) { $0.version = "5" } == .failed(.wrongVersion("")))
}

@Test(arguments: [
    ("2025-10-18T11:59:30Z", Report.Outcome.healthy),
    ("2025-10-18T12:00:30Z", .healthy),
    ("2025-10-18T11:59:59.123456", .healthy),
    ("2025-10-18T14:00:00+02:00", .healthy),
    ("2025-10-18T11:00:00Z", .failed(.stale(seconds: 3600))),
    ("2025-10-18T13:00:00Z", .failed(.stale(seconds: -3600))),
    ("yesterday", .failed(.other("the body has no timestamp in RFC 3339"))),
])
func `a timestamp must be fresh`(timestamp: String, expected: Report.Outcome) {
    let found = outcome(#"{"status":"healthy","timestamp":"\#(timestamp)"}"#) {
        $0.freshness = .seconds(60)
    }
    #expect(found == expected)
}

@Test(arguments: [
    ("scanner", "scanner", true), ("Scanner", "scanner", true),
    ("catalyst-scanner", "scanner", true),
    ("scanner_service", "scanner", true), ("risk_manager", "risk-manager", true),
    ("Risk Manager Service", "risk-manager", true), ("risk", "risk-manager", true),
    ("scanner2", "scanner", false), ("news", "scanner", false), ("", "scanner", false),
])
func `a service may say its name in its own way`(said: String, name: String, isSame: Bool) {
    #expect(HealthBody.names(said, name) == isSame)
}
