internal import Glibc
internal import LinuxSystem
internal import TestSupport
internal import Testing

/// `scripts/backup-droplet.sh` with a program in doctl's place that does what its account file says and writes down
/// what it was asked: offline there is no other.
@Suite(.enabled(if: run(["bash", "-c", "command -v flock"]).status == 0, "there is no flock"))
struct DropletScriptTests {
    private static let script: String = {
        let here = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return "/\(here)/scripts/backup-droplet.sh"
    }()

    /// Snapshots are lines `ID NAME` in `account`.
    private static let doctl = """
        #!/bin/bash
        here=${0%/*}
        echo "$*" >> "$here/asked"
        [[ -e $here/broken ]] && { echo "Error: $(cat "$here/broken")"; exit 1; }
        case "$*" in
            "compute droplet get 42 "*) echo 42 ;;
            "compute droplet get "*) echo "Error: 404 not found"; exit 1 ;;
            "compute droplet-action snapshot 42 --snapshot-name "*" --wait") echo "99 $6" >> "$here/account" ;;
            "compute snapshot list "*) cat "$here/account" ;;
            "compute snapshot delete "*" --force") sed -i "/^$4 /d" "$here/account" ;;
            *) echo "Error: what is '$*'?"; exit 1 ;;
        esac

        """

    private let machine = Machine()

    private func snapshot(_ words: String..., path: String? = nil) -> (
        status: Int32, output: String
    ) {
        // PATH is the test's own: no doctl of this machine must be found.
        run(
            ["env", "PATH=\(path ?? machine.root + "/bin:/usr/bin:/bin")", "bash", Self.script]
                + words,
            environment: [
                "CATALYST_BACKUPS": machine.backups,
                "CATALYST_METADATA_URL": "http://127.0.0.1:9",
                "DIGITALOCEAN_ACCESS_TOKEN": Machine.secret,
            ])
    }

    private func install(account: String) {
        machine.write(Self.doctl, to: "/bin/doctl", mode: 0o755)
        machine.write(account, to: "/bin/account")
    }

    @Test func `a snapshot is taken and recorded, and of its own the newest stay`() throws {
        install(
            account: """
                1 catalyst-42-20260101T000000Z
                2 catalyst-42-20260201T000000Z
                3 mine
                4 catalyst-7-20250101T000000Z
                5 catalyst-42-20260301T000000Z

                """)
        let said = snapshot("--droplet-id", "42", "--keep", "2")
        #expect(said.status == 0, "\(said)")
        let record = try #require(machine.text("/backups/snapshot.json"))
        #expect(
            record.wholeMatch(
                of: /\{"id": "99", "name": "catalyst-42-\w+", "time": "[-0-9]+T[:0-9]+Z"\}\n/)
                != nil,
            "\(record)")
        let left = machine.text("/bin/account")?.split(separator: "\n").map { $0.prefix(2) }
        #expect(left == ["3 ", "4 ", "5 ", "99"], "\(said)")
        let asked = try #require(machine.text("/bin/asked"))
        #expect(!asked.contains(Machine.secret) && !said.output.contains(Machine.secret))
        var status = stat()
        #expect(stat(machine.backups, &status) == 0 && status.st_mode & 0o777 == 0o700)
        #expect(machine.names(in: "/backups") == [".snapshot-lock", "snapshot.json"])
    }

    @Test func `what is missing is told, is 3, and nothing is recorded`() {
        let none = snapshot("--droplet-id", "42")
        #expect(none.status == 3 && none.output.contains("there is no doctl"), "\(none)")
        install(account: "")
        let nowhere = snapshot()
        #expect(nowhere.status == 3 && nowhere.output.contains("--droplet-id"), "\(nowhere)")
        let unknown = snapshot("--droplet-id", "43")
        #expect(unknown.status == 3 && unknown.output.contains("404 not found"), "\(unknown)")
        machine.write("Unable to authenticate you", to: "/bin/broken")
        let locked = snapshot("--droplet-id", "42")
        #expect(locked.status == 3 && locked.output.contains("doctl auth init"), "\(locked)")
        #expect(snapshot("--keep", "0").status == 2)
        #expect(snapshot("--keep").status == 2)
        #expect(snapshot("--what").status == 2)
        #expect(machine.text("/backups/snapshot.json") == nil)
    }

    @Test func `a snapshot that fails leaves the last record`() {
        install(account: "")
        #expect(snapshot("--droplet-id", "42", "--dry-run").output.contains("would take"))
        #expect(machine.text("/backups/snapshot.json") == nil)
        machine.write("{}", to: "/backups/snapshot.json")
        machine.write(
            Self.doctl.replacing(
                "echo \"99 $6\" >> \"$here/account\"", with: "echo Error: busy; exit 1"),
            to: "/bin/doctl", mode: 0o755)
        let said = snapshot("--droplet-id", "42")
        #expect(
            said.status == 1 && said.output.contains("took no snapshot: Error: busy"), "\(said)")
        #expect(machine.text("/backups/snapshot.json") == "{}")
    }
}
