internal import Glibc
internal import LinuxSystem

/// The program git, which asks nobody anything, and takes repositories of other users.
struct Git {
    let tools: Tools
    private let environment: [String: String]

    /// What it needs of our environment to reach others.
    private static let passedOn: Set = [
        "PATH", "HOME", "USER", "LOGNAME", "TZ", "XDG_CONFIG_HOME", "SSH_AUTH_SOCK", "GIT_SSH",
        "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy",
        "https_proxy", "no_proxy", "all_proxy", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    ]

    /// `aside` takes its settings. The user's own count too, and win.
    init(
        _ tools: Tools, aside: String, environment: [String: String], url: GitURL? = nil
    ) throws(ReleaseError) {
        self.tools = tools
        var own = environment.filter { Self.passedOn.contains($0.key) }
        own["LC_ALL"] = "C"
        own["GIT_TERMINAL_PROMPT"] = "0"
        own["GIT_CONFIG_GLOBAL"] = aside + "/gitconfig"
        own["GIT_INDEX_FILE"] = aside + "/index"
        let home = environment["HOME"] ?? "/"
        let folder = environment["XDG_CONFIG_HOME"] ?? home + "/.config"
        // Git itself goes on without settings of somebody else's home, but does not include them.
        let settings: [String] = ["\(folder)/git/config", "\(home)/.gitconfig"]
        let included = settings.filter { access($0, R_OK) == 0 }
        var lines =
            ["[core]", "sshCommand = ssh -o BatchMode=yes", "[include]"]
            + included.map { "path = \"\($0)\"" }
            + ["[safe]", "directory = *", "[gc]", "auto = 0"]
        if let url, let user = url.user, url.shown.hasPrefix("http") {
            // By the environment: everybody may read what programs are started with.
            own["CATALYST_GIT_USER"] = user
            own["CATALYST_GIT_PASSWORD"] = url.password ?? ""
            let script =
                "!f() { echo username=$CATALYST_GIT_USER; echo password=$CATALYST_GIT_PASSWORD; }; f"
            lines += ["[credential]", "helper =", "helper = \"\(script)\""]
        }
        self.environment = own
        let text = lines.joined(separator: "\n") + "\n"
        do {
            try TextFile.replace(aside + "/gitconfig", with: Array(text.utf8), mode: 0o600)
        } catch { throw ReleaseError("\(error)") }
    }

    /// What it printed, or an error that begins with `action`.
    @discardableResult
    func run(_ words: [String], to action: String) throws(ReleaseError) -> String {
        let outcome = try ask(words)
        guard outcome.isSuccess else {
            let said = outcome.lastLines.suffix(5).joined(separator: "\n")
            throw ReleaseError(
                "cannot \(action): "
                    + (outcome.isLate
                        ? "git took longer than ten minutes"
                        : said.isEmpty ? "git \(outcome.exit)" : said))
        }
        return outcome.text
    }

    func ask(_ words: [String]) throws(ReleaseError) -> Tools.Outcome {
        try tools.call(.init(words: ["git"] + words, environment: environment))
    }
}
