internal import Glibc
internal import LinuxSystem
internal import StackModel

/// The stack's build command, run in a new release's directory.
struct Build {
    let command: [String]
    let release: Release
    let shelf: ReleaseShelf
    let environment: [String: String]

    /// The agent's environment may hold secrets: a build gets none.
    private static let passedOn: Set = ["PATH", "HOME", "LANG", "TZ"]
    private static let logBytesMax = 16 << 20

    func run(
        _ tools: Tools, timeout: Duration, tell: @escaping (String) -> Void
    ) throws(ReleaseError) {
        tell("building: \(shownCommand)")
        let path = shelf.logPath(of: release.id)
        let log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard log >= 0 else { throw failure("write '\(path)'") }
        defer { close(log) }
        var room = Self.logBytesMax
        let outcome = try tools.call(
            Tools.Command(
                words: command, environment: variables, directory: shelf.path(of: release.id),
                timeout: timeout,
                onLine: { line in
                    tell(line)
                    let text = line + "\n"
                    room -= text.utf8.count
                    if room >= 0 { write(log, text, text.utf8.count) }
                }, isOneStream: true))
        guard !outcome.isSuccess else { return }
        // The release goes, its log does not.
        let kept = shelf.directory + "/failed-build.log"
        rename(path, kept)
        let what =
            outcome.isLate ? "took longer than \(timeout) and was ended" : "\(outcome.exit)"
        throw ReleaseError(
            "the build failed: '\(shownCommand)' \(what)\n"
                + outcome.lastLines.map { "  \($0)\n" }.joined()
                + "all that it said is in '\(kept)'; what it runs is x-catalyst.releases.build")
    }

    private var shownCommand: String { withoutPasswords(command.joined(separator: " ")) }

    private var variables: [String: String] {
        var variables = environment.filter { Self.passedOn.contains($0.key) }
        variables["CATALYST_RELEASE"] = release.id
        variables["CATALYST_VERSION"] = release.version
        variables[Workplace.buildMark] = shelf.path(of: release.id)
        return variables
    }
}
