internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import TestSupport

@testable internal import Backups

/// A machine's files below a directory of one test's own, gone with it.
final class Machine: Sendable {
    let root: String
    static let time = Timestamp(nanoseconds: 1_800_000_000_000_000_000)
    static let secret = "hunter2-is-no-password"

    init() {
        var template = Array("/tmp/catalyst-backups-XXXXXX".utf8CString)
        mkdtemp(&template)
        root = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { _ = run(["chmod", "-R", "u+rwx", root]); _ = run(["rm", "-rf", root]) }

    var backups: String { root + "/backups" }
    var state: String { root + "/var/lib/catalyst" }

    func write(_ text: String, to path: String, mode: mode_t = 0o644) {
        let whole = root + path
        try? Directory.make(
            String(whole[..<(whole.lastIndex(of: "/") ?? whole.endIndex)]), mode: 0o755)
        let descriptor = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        _ = Glibc.write(descriptor, text, text.utf8.count)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    func text(_ path: String) -> String? { TextFile.read(root + path) }

    func names(in path: String) -> [String] { Directory.names(in: root + path).sorted() }

    /// With all that an installed machine has.
    static func installed() -> Machine {
        let machine = Machine()
        machine.write("services:\n  news: {command: sleep 1}\n", to: "/etc/catalyst/stack.yaml")
        machine.write("x-catalyst: {}\n", to: "/etc/catalyst/stack.d/10-machine.yaml")
        machine.write(
            "MCP_API_KEY=\(secret)\nexport NEWS_TOKEN='\(secret)'\n# X=1\n",
            to: "/etc/catalyst/.env", mode: 0o600)
        machine.write("server {}\n", to: "/etc/nginx/sites-available/catalyst-mcp")
        try? Directory.make(machine.root + "/etc/nginx/sites-enabled", mode: 0o755)
        symlink(
            "/etc/nginx/sites-available/catalyst-mcp",
            machine.root + "/etc/nginx/sites-enabled/catalyst-mcp")
        machine.write("add_header X y;\n", to: "/etc/nginx/catalyst/headers.conf")
        machine.write("\(secret)\n", to: "/etc/nginx/catalyst/key.conf", mode: 0o600)
        machine.write("\(secret)\n", to: "/etc/nginx/catalyst/tls/privkey.pem", mode: 0o600)
        machine.write("[Service]\n", to: "/etc/systemd/system/catalystd.service.d/10-local.conf")
        machine.write("### RULES\n", to: "/etc/ufw/user.rules", mode: 0o640)
        machine.write("cert = x\n", to: "/etc/letsencrypt/renewal/example.org.conf")
        machine.write("elsewhere\n", to: "/etc/nginx/sites-available/default")
        machine.write("the ledger\n", to: "/var/lib/catalyst/ledger.sqlite", mode: 0o600)
        machine.write("what comes next\n", to: "/var/lib/catalyst/ledger.sqlite-wal", mode: 0o600)
        machine.write("\(secret)\n", to: "/var/lib/catalyst/last-good-stack.json", mode: 0o600)
        machine.write("\(secret)\n", to: "/var/lib/catalyst/rollout-old.json", mode: 0o600)
        return machine
    }

    static let saved = [
        "/etc/catalyst/stack.d/10-machine.yaml", "/etc/catalyst/stack.yaml",
        "/etc/letsencrypt/renewal/example.org.conf", "/etc/nginx/catalyst/headers.conf",
        "/etc/nginx/sites-available/catalyst-mcp",
        "/etc/systemd/system/catalystd.service.d/10-local.conf", "/etc/ufw/user.rules",
        "/var/lib/catalyst/ledger.sqlite", "/var/lib/catalyst/ledger.sqlite-wal",
    ]

    @discardableResult
    func back(
        up time: Timestamp = Machine.time, host: String = "droplet", keep: Int = 14,
        ask: () -> Result<String, BackupError> = { .failure(BackupError("nobody is asked")) }
    ) throws -> BackupMaker.Made {
        var maker = BackupMaker(version: "1.2.3")
        maker.root = root
        maker.state = state
        maker.host = host
        maker.time = time
        return try maker.make(in: backups, keep: keep, askAgent: ask)
    }

    func restoration(of path: String, hasLedger: Bool = true) throws -> Restoration {
        try Restoration(
            of: BackupArchive(checking: path), root: root, state: state, hasLedger: hasLedger)
    }

    /// Whatever the programs print: status and both outputs.
    func catalystctl(_ words: [String], environment: [String: String] = [:])
        -> (status: Int32, output: String)
    {
        run([programFolder + "/catalystctl"] + words, environment: environment)
    }
}

/// Where the programs are that were built with these tests.
let programFolder: String = {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let text = String(
        decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? ""
}()

/// The description of what `work` throws.
func complaint(_ work: () throws -> some Any) -> String? {
    do { _ = try work() } catch { return "\(error)" }
    return nil
}
