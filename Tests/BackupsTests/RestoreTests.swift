internal import Glibc
internal import StackModel
internal import TestSupport
internal import Testing

@testable internal import Backups

@Test func `a backup comes back on another machine`() throws {
    let old = Machine.installed()
    let made = try old.back()
    let new = Machine()
    let restoration = try new.restoration(of: made.path)
    let changes = Dictionary(
        uniqueKeysWithValues: restoration.steps.map { ($0.path, $0.change) })
    #expect(changes["/etc/letsencrypt/renewal/example.org.conf"] == .left)
    #expect(changes.values.count { $0 == .new } == Machine.saved.count + 1)
    #expect(restoration.variablesMissing == ["DATABASE_URL", "MCP_API_KEY", "NEWS_TOKEN"])
    let outcome = try restoration.apply(at: Machine.time)
    #expect(outcome.keptAside == [])
    for path in Machine.saved where !path.contains("letsencrypt") {
        #expect(new.text(path) == old.text(path), "\(path)")
    }
    var status = stat()
    #expect(
        lstat(new.root + "/etc/ufw/user.rules", &status) == 0 && status.st_mode & 0o777 == 0o640)
    #expect(stat(new.root + "/etc/catalyst/.env", &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(new.text("/etc/catalyst/.env") == "DATABASE_URL=\nMCP_API_KEY=\nNEWS_TOKEN=\n")
    #expect(lstat(new.root + "/etc/nginx/sites-enabled/catalyst-mcp", &status) == 0)
    #expect(try !new.restoration(of: made.path).isNeeded, "a second time there is nothing to do")
}

@Test func `what is replaced is kept, and what is the same is left alone`() throws {
    let machine = Machine.installed()
    let made = try machine.back()
    machine.write("services: {}\n", to: "/etc/catalyst/stack.yaml", mode: 0o666)
    machine.write("another ledger\n", to: "/var/lib/catalyst/ledger.sqlite", mode: 0o600)
    let restoration = try machine.restoration(of: made.path)
    #expect(
        restoration.steps.filter { $0.change == .changed }.map(\.path) == [
            // The ledger's two files are one thing.
            "/etc/catalyst/stack.yaml", "/var/lib/catalyst/ledger.sqlite",
            "/var/lib/catalyst/ledger.sqlite-wal",
        ])
    let outcome = try restoration.apply(at: Machine.time)
    let stamp = ".before-restore-20270115T080000Z"
    #expect(machine.text("/etc/catalyst/stack.yaml" + stamp) == "services: {}\n")
    #expect(machine.text("/etc/catalyst/stack.yaml")?.contains("news") == true)
    #expect(machine.text("/var/lib/catalyst/ledger.sqlite") == "the ledger\n")
    #expect(machine.text("/var/lib/catalyst/ledger.sqlite\(stamp)") == "another ledger\n")
    // A ledger never meets another one's.
    #expect(machine.text("/var/lib/catalyst/ledger.sqlite\(stamp)-wal") == "what comes next\n")
    #expect(machine.text("/var/lib/catalyst/ledger.sqlite-wal") == "what comes next\n")
    #expect(outcome.keptAside.count == 3)
    let names = machine.names(in: "/etc/catalyst") + machine.names(in: "/var/lib/catalyst")
    #expect(!names.contains { $0.hasSuffix(".restoring") }, "\(names)")
    #expect(machine.text("/etc/catalyst/.env")?.contains(Machine.secret) == true)
}

@Test func `a ledger is not replaced under a running agent`() throws {
    let machine = Machine.installed()
    let made = try machine.back()
    machine.write("services: {}\n", to: "/etc/catalyst/stack.yaml")
    machine.write("newer\n", to: "/var/lib/catalyst/ledger.sqlite")
    let lock = try #require(try FileLock(machine.state + "/lock"))
    defer { withExtendedLifetime(lock) {} }
    let said = complaint {
        try machine.restoration(of: made.path).apply(at: Machine.time)
    }
    #expect(said?.contains("an agent uses '\(machine.state)'") == true)
    #expect(machine.text("/etc/catalyst/stack.yaml") == "services: {}\n", "nothing was changed")
    let plan = try machine.restoration(of: made.path, hasLedger: false)
    try #require(!plan.replacesLedger)
    _ = try plan.apply(at: Machine.time)
    #expect(machine.text("/etc/catalyst/stack.yaml")?.contains("news") == true)
    #expect(machine.text("/var/lib/catalyst/ledger.sqlite") == "newer\n")
}

@Test func `where one file cannot be written nothing is changed`() throws {
    let machine = Machine.installed()
    let made = try machine.back()
    machine.write("services: {}\n", to: "/etc/catalyst/stack.yaml")
    #expect(run(["rm", "-r", machine.root + "/etc/ufw"]).status == 0)
    machine.write("in the way\n", to: "/etc/ufw")
    let said = complaint { try machine.restoration(of: made.path).apply(at: Machine.time) }
    #expect(said?.hasPrefix("nothing was changed: ") == true, "\(said ?? "")")
    #expect(machine.text("/etc/catalyst/stack.yaml") == "services: {}\n")
    let names = machine.names(in: "/etc/catalyst") + machine.names(in: "/var/lib/catalyst")
    #expect(!names.contains { $0.hasSuffix(".restoring") }, "\(names)")
}

@Test func `the command shows what would change, and asks nobody who is not there`() throws {
    let old = Machine.installed()
    let made = try old.back()
    let new = Machine()
    func restore(_ flags: String...) -> (status: Int32, output: String) {
        new.catalystctl(["restore", made.path, "--root", new.root] + flags)
    }
    let dry = restore("--dry-run")
    #expect(
        dry.status == 0 && dry.output.contains("  new     /etc/catalyst/stack.yaml\n"), "\(dry)")
    #expect(dry.output.contains("DATABASE_URL, MCP_API_KEY, NEWS_TOKEN"))
    #expect(dry.output.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(dry.output)")
    #expect(new.names(in: "") == [])
    let unasked = restore()
    #expect(unasked.status == 2 && unasked.output.contains("add --yes"), "\(unasked)")
    #expect(new.names(in: "") == [])
    let done = restore("--yes")
    #expect(done.status == 0 && done.output.contains("systemctl daemon-reload"), "\(done)")
    #expect(new.text("/etc/catalyst/stack.yaml") == old.text("/etc/catalyst/stack.yaml"))
    #expect(restore("--json").status == 2)
    let again = restore("--json", "--dry-run")
    #expect(again.status == 0 && again.output.contains("\"change\":\"same\""), "\(again)")
}

@Test func `the commands make, list and check`() throws {
    let machine = Machine.installed()
    let places = ["--root", machine.root, "--to", machine.backups]
    let made = machine.catalystctl(["backup"] + places + ["--keep", "3"])
    #expect(made.status == 0 && made.output.contains("9 files, with the ledger"), "\(made)")
    #expect(made.output.contains("secrets to keep elsewhere: DATABASE_URL"), "\(made)")
    let path = String(made.output.prefix { $0 != "\n" })
    let list = machine.catalystctl(["backup", "list", "--to", machine.backups])
    #expect(
        list.status == 0 && list.output.contains(String(path.split(separator: "/").last ?? "?")))
    let check = machine.catalystctl(["backup", "check", path])
    #expect(check.status == 0 && check.output.contains("whole and unchanged"), "\(check)")
    #expect(
        machine.catalystctl(["backup", "check", path, "--json"]).output.contains("\"sha256\":"))
    #expect(machine.catalystctl(["backup", "--keep", "0"] + places).status == 2)
    #expect(machine.catalystctl(["backup", "list", "--to", "/no/such"]).status == 1)
    let repository = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let script = run(
        ["/\(repository)/scripts/backup-config.sh"] + places,
        environment: ["PATH": programFolder + ":/usr/bin:/bin"])
    #expect(script.status == 0 && script.output.contains("9 files"), "\(script)")
}
