/// Pieces of stack files.
enum Piece {
    static let standin = Program.folder + "/catalyst-standin"

    /// Probed often, so that tests are short.
    static let quick =
        "interval: 500ms, timeout: 500ms, retries: 2, start_period: 20s, start_interval: 50ms"

    /// The lines of a stand-in that is probed over HTTP.
    static func web(
        _ name: String, port: UInt16, _ flags: [String] = [], rules: String = quick,
        more: String = ""
    ) -> String {
        let words = [standin, "--name", name, "--port", "\(port)"] + flags
        return """
              \(name):
                command: [\(words.map { "'\($0)'" }.joined(separator: ", "))]
                healthcheck: {test: [HTTP, "http://127.0.0.1:\(port)/health"], \(rules)}
                deploy: {restart_policy: {condition: any}}
            \(more.split(separator: "\n").map { "    \($0)\n" }.joined())
            """
    }

    /// A stand-in whose socket is the agent's; `rolling` is what its `x-catalyst` says beside.
    static func listening(
        _ name: String, port: UInt16, _ flags: [String] = [], rules: String = quick,
        rolling: String = "drain: 50ms", more: String = ""
    ) -> String {
        let words = [standin, "--name", name] + flags
        return """
              \(name):
                command: [\(words.map { "'\($0)'" }.joined(separator: ", "))]
                healthcheck: {test: [HTTP, "http://127.0.0.1:\(port)/health"], \(rules)}
                x-catalyst: {listen: '127.0.0.1:\(port)', \(rolling)}
                deploy: {restart_policy: {condition: any}}
            \(more.split(separator: "\n").map { "    \($0)\n" }.joined())
            """
    }

    /// How long every new instance must stay well among users.
    static func soak(_ time: String) -> String { "x-catalyst: {rollout: {soak: \(time)}}\n" }

    /// A shell script as a service.
    static func shell(_ name: String, _ script: String, more: String = "") -> String {
        """
          \(name):
            command: [/bin/sh, -c, \(quoted(script))]
        \(more.split(separator: "\n").map { "    \($0)\n" }.joined())
        """
    }

    /// As it is, whatever YAML and Compose make of quotes and dollars.
    static func quoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "''").replacing("$", with: "$$"))'"
    }

    /// Sleeps, and leaves at once when asked.
    static func sleeper(_ name: String, more: String = "") -> String {
        "  \(name):\n    command: [sleep, '100000']\n"
            + more.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    static func stack(_ services: String...) -> String {
        "services:\n" + services.joined(separator: "\n") + "\n"
    }
}
