internal import LinuxSystem

/// The nginx that is the front door.
struct NginxService {
    /// Nil: that of the machine, which systemd runs.
    private let configuration: String?
    private let tools: Tools

    init(configuration: String?) throws {
        self.configuration = configuration
        tools = try Tools(takesSignals: true)
    }

    /// Throws what nginx says against its configuration.
    func check() throws {
        try run(["nginx", "-t"] + own, to: "check nginx' configuration with 'nginx -t'")
    }

    /// It reads its configuration again; connections under way are served to their end.
    func reload() throws {
        if configuration != nil {
            try run(["nginx", "-s", "reload"] + own, to: "reload nginx")
        } else {
            try run(["systemctl", "reload", "nginx.service"], to: "reload nginx with systemctl")
        }
    }

    private var own: [String] { configuration.map { ["-c", $0] } ?? [] }

    private func run(_ words: [String], to action: String) throws {
        let outcome = try tools.run(
            Tools.Command(words: words, environment: toolEnvironment, timeout: .seconds(30)))
        guard outcome.isSuccess else {
            let said = outcome.lastLines.suffix(3).joined(separator: "\n")
            throw Failure(
                "cannot \(action): \(said.isEmpty ? "\(outcome.exit)" : said)", .unhealthy)
        }
    }
}
