import ControlProtocol
import Glibc
import StackModel
import Testing

/// The disk under ledger and logs has no byte left.
@Suite(
    .ownThread, .timeLimit(.minutes(20)),
    .enabled(if: SmallDisk.canBeMade, "only root may mount a small file system"))
struct DiskTests {
    @Test func `a full disk touches no service, is told, and nothing is lost when it mends`() throws
    {
        let sick = try freePort()
        let disk = try SmallDisk()
        let stack = Self.stack(try freePort(), sick)
        try withAgent(in: disk.folder, prefix: disk.prefix, { _ in stack }) { agent in
            try agent.expectAllWell()
            let before = try ["writer", "web", "sick"].map(agent.pid)
            let daemon = try agent.status().agent.pid
            try disk.fill()
            let failing = try agent.alert(about: "@agent") { $0.rule == .ledgerFailing }
            try agent.expectTold(.fired, of: failing.id)
            #expect(failing.severity == .critical)
            try agent.expect("status says so") { status in
                status.notes.contains { $0.contains("nothing is kept on disk") }
            }
            #expect(try agent.catalystctl("restart", "idle").status == 0)
            try Self.expectPromptAnswers(agent)
            let full = try agent.alert(about: "@disk") { $0.rule == .diskHigh }
            try http("POST", port: sick, "/fault/unhealthy")
            try agent.expect("sick", "is probed, and the disk is to blame") {
                $0.health == .blocked && $0.blockedBy == ["@disk"]
            }
            try Self.expectPromptAnswers(agent)
            try http("POST", port: sick, "/fault/clear")
            try agent.expectAllWell()

            try disk.free()
            try agent.expectResolved(failing.id, within: .seconds(90))
            try agent.expectResolved(full.id)
            try agent.expect("the note is gone") { $0.notes.allSatisfy { !$0.contains("disk") } }
            #expect(try ["writer", "web", "sick"].map(agent.pid) == before)
            #expect(try agent.status().agent.pid == daemon)
            try agent.stop()

            try agent.startAgain()
            try agent.expectAllWell()
            let events = try agent.events()
            #expect(events.contains { $0.kind == .asked && $0.message.hasSuffix("restart idle") })
            #expect(events.contains { $0.kind == .blocked && $0.service == "sick" })
            for id in [failing.id, full.id] {
                let kinds = try agent.life(of: id).map(\.kind)
                #expect(kinds.count { $0 == .fired } == 1 && kinds.last == .resolved, "\(kinds)")
            }
        }
    }

    @Test func `an agent that begins on a full disk runs the stack, and tells`() throws {
        let disk = try SmallDisk()
        try disk.fill()
        let stack = Self.stack(try freePort(), try freePort())
        try withAgent(in: disk.folder, prefix: disk.prefix, { _ in stack }) { agent in
            try agent.expectAllWell()
            let failing = try agent.alert(about: "@agent") { $0.rule == .ledgerFailing }
            try agent.expectTold(.fired, of: failing.id)
            let pid = try agent.pid(of: "writer")
            try disk.free()
            try agent.expectResolved(failing.id, within: .seconds(90))
            try agent.expectTold(.resolved, of: failing.id)
            #expect(try agent.pid(of: "writer") == pid)
            try agent.stop()
            try agent.startAgain()
            #expect(try agent.life(of: failing.id).map(\.kind).contains(.fired))
        }
    }

    @Test func `a disk that became read-only touches no service, and the next agent goes on`()
        throws
    {
        let disk = try SmallDisk()
        let stack = Self.stack(try freePort(), try freePort())
        try withAgent(in: disk.folder, prefix: disk.prefix, { _ in stack }) { agent in
            try agent.expectAllWell()
            let before = try agent.pids()
            agent.kill9()
            try disk.remount("ro")
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(try agent.pids() == before)
            let failing = try agent.alert(about: "@agent") { $0.rule == .ledgerFailing }
            try agent.expectTold(.fired, of: failing.id)
            #expect(try agent.catalystctl("restart", "idle").status == 0)
            try agent.expect("status says so") { status in
                status.notes.contains { $0.contains("read-only") }
            }
            let second = try run(agent.flags, in: agent.folder)
            #expect(
                second.errors.contains("another catalystd uses the state directory"), "\(second)")

            try disk.remount("rw")
            try agent.expectResolved(failing.id, within: .seconds(90))
            #expect(try agent.service("web").pid == before["web"])
        }
    }

    private static func stack(_ port: UInt16, _ sick: UInt16) -> String {
        Piece.stack(
            Piece.shell("writer", "while :; do echo a line of some length; sleep 0.02; done"),
            Piece.web("web", port: port), Piece.web("sick", port: sick), Piece.sleeper("idle"))
                + """
                x-catalyst:
                  metrics: off
                  database: off
                  alerts:
                    rules:
                      ledger-failing: {hold: 8s}
                      disk-high: {for: 1s, hold: 1s}
                      disk-filling: off

                """
    }

    /// The half of many within a second: a busy machine may delay some.
    private static func expectPromptAnswers(_ agent: RunningAgent) throws {
        let times = try (0..<20).map { _ in
            try ContinuousClock().measure { _ = try agent.status() }
        }
        #expect(times.sorted()[10] < .seconds(1), "\(times)")
    }
}

/// A file system of 8 MiB under an agent's state directory, which only the agent sees.
private final class SmallDisk {
    static let canBeMade =
        getuid() == 0 && isInstalled("nsenter")
        && (try? run(["unshare", "--mount", "true"], in: Folder()).status) == 0

    let folder: Folder
    private let keeper: Program

    init() throws {
        folder = try Folder()
        // The collector, which has no rights, is to look at it.
        chmod(folder.path, 0o711)
        mkdir(folder.path + "/state", 0o755)
        let script = "mount -t tmpfs -o size=8m tmpfs '\(folder.path)/state' && exec sleep 100000"
        keeper = try Program(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script], in: folder)
        let pid = keeper.pid
        guard holds({ contents(of: "/proc/\(pid)/comm") == "sleep\n" }) else {
            throw Failure("cannot mount: \(keeper.errors)")
        }
    }

    deinit { keeper.end() }

    /// Runs the agent where the disk is to be seen; it outlives the agent.
    var prefix: [String] { ["nsenter", "--mount=/proc/\(keeper.pid)/ns/mnt", "--"] }

    private var ballast: String { "/proc/\(keeper.pid)/root\(folder.path)/state/ballast" }

    /// To the last byte.
    func fill() throws {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let chunk = [UInt8](repeating: 0xAA, count: 4096)
        while write(descriptor, chunk, chunk.count) > 0 {}
        guard errno == ENOSPC else { throw Failure("cannot fill '\(ballast)': \(errno)") }
    }

    /// `ro` or `rw`; nobody may have a file of it open for writing.
    func remount(_ mode: String) throws {
        let outcome = try run(
            prefix + ["mount", "-o", "remount,\(mode)", "\(folder.path)/state"], in: folder)
        guard outcome.status == 0 else { throw Failure("cannot remount: \(outcome)") }
    }

    func free() throws {
        guard unlink(ballast) == 0 else { throw Failure("cannot remove '\(ballast)': \(errno)") }
    }
}
