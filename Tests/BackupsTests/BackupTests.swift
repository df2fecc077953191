internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import TestSupport
internal import Testing

@testable internal import Backups

@Test func `a backup holds the configuration and the ledger, and no secret`() throws {
    let machine = Machine.installed()
    let made = try machine.back()
    #expect(made.path == machine.backups + "/config-droplet-20270115T080000Z.tar.gz")
    #expect(made.manifest.files.map(\.path).sorted() == Machine.saved)
    #expect(made.manifest.variablesNeeded == ["DATABASE_URL", "MCP_API_KEY", "NEWS_TOKEN"])
    #expect(
        made.manifest.missing.map(\.path) == [
            "/etc/catalyst/.env", "/etc/nginx/catalyst/key.conf",
            "/etc/nginx/catalyst/tls/privkey.pem",
        ])
    #expect(made.manifest.losses.isEmpty && made.manifest.isSiteEnabled)
    var status = stat()
    #expect(stat(made.path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    #expect(stat(machine.backups, &status) == 0 && status.st_mode & 0o777 == 0o700)
    #expect(try BackupArchive(checking: made.path).manifest == made.manifest)
    // The documented way without catalystctl.
    let all = run(["tar", "--extract", "--to-stdout", "--file", made.path])
    #expect(all.status == 0 && all.output.contains("what comes next\n"))
    #expect(!all.output.contains(Machine.secret))
    #expect(machine.names(in: "/backups") == [".lock", "config-droplet-20270115T080000Z.tar.gz"])
}

@Test(arguments: [
    ("x: postgres://news:\(Machine.secret)@db/x", "line 1 seems to hold a URL's password"),
    ("a: 1\nenvironment: [API_TOKEN=\(Machine.secret)]", "line 2 seems to hold a secret"),
    ("  DB_PASSWORD: '\(Machine.secret)'", "line 1 seems to hold a secret"),
    ("# catalyst_0123456789abcdef0123456789abcdef", "line 1 seems to hold an API key"),
    ("x: redis://:${P:-\(Machine.secret)}@h", "line 1 seems to hold a URL's password"),
])
func `a file that holds a secret is left out, and told`(text: String, why: String) throws {
    let machine = Machine.installed()
    machine.write(text + "\n", to: "/etc/catalyst/stack.d/10-machine.yaml")
    let made = try machine.back()
    #expect(made.manifest.losses.map(\.path) == ["/etc/catalyst/stack.d/10-machine.yaml"])
    #expect(made.manifest.losses.first?.why == why + ": put it into .env")
    #expect(!made.manifest.files.contains { $0.path.contains("10-machine") })
    let ours = machine.catalystctl(
        ["backup", "--root", machine.root, "--to", machine.root + "/more"])
    #expect(ours.status == 1 && ours.output.contains(why) && !ours.output.contains(Machine.secret))
}

@Test func `what only names a secret is no secret`() {
    for text in [
        "url: postgres://news:${PASSWORD}@db/x", "DB_PASSWORD: ${DB_PASSWORD:?is missing}",
        "environment: {API_TOKEN: $API_TOKEN}", "KEY_FILE=/run/key", "KEY_FILE: /run/key",
        "# postgres://user:password@host/db", "keep: 5", "ssl_certificate_key /etc/key.pem;",
        "API_KEY=", "proxy_pass http://127.0.0.1:5000;", "a: http://user@host/",
    ] { #expect(SecretScan.finding(in: Array(text.utf8)) == nil, "\(text)") }
}

@Test func `the newest of this host stay, and nothing else is touched`() throws {
    let machine = Machine.installed()
    machine.write("{}", to: "/backups/snapshot.json")
    machine.write("x", to: "/backups/config-droplet-of-mine.tar.gz")
    try machine.back(up: Machine.time, host: "other")
    for hour in 0..<4 {
        let made = try machine.back(
            up: Machine.time - .seconds(-3600 * hour), keep: 2)
        #expect(made.removed.count == (hour < 2 ? 0 : 1))
    }
    #expect(
        machine.names(in: "/backups") == [
            ".lock", "config-droplet-20270115T100000Z.tar.gz",
            "config-droplet-20270115T110000Z.tar.gz", "config-droplet-of-mine.tar.gz",
            "config-other-20270115T080000Z.tar.gz", "snapshot.json",
        ])
    let list = try BackupShelf(machine.backups).list()
    #expect(list.map(\.name.host) == ["droplet", "droplet", "other"])
    // Two within a second have two names.
    try machine.back(host: "twice")
    #expect(try machine.back(host: "twice").path.hasSuffix("config-twice-20270115T080001Z.tar.gz"))
}

@Test func `only what a backup is named like is a backup`() {
    for (name, host) in [
        ("config-a-20261123T021500Z.tar.gz", "a"),
        ("config-catalyst-mcp.example.org-20261123T021500Z.tar.gz", "catalyst-mcp.example.org"),
    ] {
        #expect(BackupName(name)?.host == host)
        #expect(BackupName(name)?.file == name)
    }
    for name in [
        "snapshot.json", "config-20261123T021500Z.tar.gz", "config-a-20261123T021500Z.tar",
        ".config-a-20261123T021500Z.tar.gz.partial", "config-a-20261323T021500Z.tar.gz",
        "config-a-20261123T0215+0Z.tar.gz", "config-a b-20261123T021500Z.tar.gz",
        "config-a-.tar.gz",
    ] { #expect(BackupName(name) == nil, "\(name)") }
    #expect(BackupName(host: "a b/c", time: Machine.time).host == "a-b-c")
}

@Test func `where something cannot be read no backup is made, and old ones stay`() throws {
    let machine = Machine.installed()
    try machine.back()
    let before = machine.names(in: "/backups")
    mkdir(machine.root + "/etc/ufw/user6.rules", 0o755)
    let said = complaint { try machine.back(up: Machine.time - .seconds(-60), keep: 1) }
    #expect(
        said
            == "cannot save '\(machine.root)/etc/ufw/user6.rules': it is no plain file: move it away"
    )
    #expect(machine.names(in: "/backups") == before)
    let empty = Machine()
    #expect(
        complaint { try empty.back() }
            == "there is no '\(empty.root)/etc/catalyst/stack.yaml': is catalyst installed here?")
}

@Test func `one that is killed leaves nothing in place, and the next one cleans up`() throws {
    let machine = Machine.installed()
    try machine.back()
    let before = machine.names(in: "/backups")
    // It stands where it compresses until it is killed: after its own end nothing is left of it.
    machine.write(
        "#!/bin/sh\nwhile kill -0 $PPID 2>/dev/null; do sleep 0.05; done\n", to: "/bin/gzip",
        mode: 0o755)
    let script = """
        PATH=\(machine.root)/bin:$PATH "$0" backup --root \(machine.root) --to \(machine.backups) &
        for i in $(seq 400); do
          ls -A \(machine.backups) | grep -q partial && break
          sleep 0.05
        done
        ls -A \(machine.backups) | grep -c partial
        kill -9 $!
        wait $!
        echo "status $?"
        """
    let killed = run(["bash", "-c", script, programFolder + "/catalystctl"])
    #expect(killed.output.contains("1\n") && killed.output.contains("status 137"), "\(killed)")
    let left = machine.names(in: "/backups")
    #expect(left.count == before.count + 1 && left.contains { $0.hasSuffix(".partial") })
    #expect(try BackupShelf(machine.backups).list().count == 1)
    try machine.back(up: Machine.time - .seconds(-60))
    #expect(!machine.names(in: "/backups").contains { $0.hasSuffix(".partial") })
}

@Test(
    .enabled(
        if: geteuid() == 0 && run(["unshare", "-m", "true"]).status == 0, "needs root to mount")
)
func `a full disk is told, and the old backup stays`() throws {
    let machine = Machine.installed()
    mkdir(machine.backups, 0o700)
    // Random: it does not become smaller.
    let script = """
        mount -t tmpfs -o size=512k none "$1/backups" &&
        "$0" backup --root "$1" --to "$1/backups" >/dev/null &&
        head -c 1000000 /dev/urandom > "$1/var/lib/catalyst/ledger.sqlite" &&
        { "$0" backup --root "$1" --to "$1/backups"; echo "status $?"; ls -A "$1/backups"; }
        """
    let full = run(
        ["unshare", "-m", "sh", "-c", script, programFolder + "/catalystctl", machine.root])
    #expect(
        full.output.contains("no backup was made") && full.output.contains("status 1"), "\(full)")
    #expect(full.output.lowercased().contains("no space left on device"), "\(full)")
    let names = full.output.split(separator: "\n").filter { $0.contains("config-") }
    #expect(names.filter { !$0.contains("cannot write") }.count == 1, "\(full)")
}

@Test func `while an agent has the ledger, the agent is asked for a copy`() throws {
    let machine = Machine.installed()
    let lock = try #require(try FileLock(machine.state + "/lock"))
    defer { withExtendedLifetime(lock) {} }
    machine.write("a copy\n", to: "/var/lib/catalyst/snapshot-1.sqlite", mode: 0o600)
    let made = try machine.back { .success(machine.state + "/snapshot-1.sqlite") }
    let ledgers = made.manifest.files.filter { $0.path.contains("ledger") }
    #expect(ledgers.map(\.path) == ["/var/lib/catalyst/ledger.sqlite"])
    #expect(ledgers.first?.bytes == 7)
    #expect(machine.text("/var/lib/catalyst/snapshot-1.sqlite") == nil, "it is taken away")
    let without = try machine.back(up: Machine.time - .seconds(-60)) {
        .failure(BackupError("it is busy"))
    }
    #expect(without.manifest.losses.map(\.why) == ["the agent made no copy: it is busy"])
}
