import Glibc
import StackModel
import SystemPackage
import TestSupport

@testable import LinuxSystem
@testable import Systemd

/// A systemd-journald in a mount namespace of its own: with sockets, a journal and a catalogue that
/// nobody else sees. It ends with the value, at the latest with this process.
final class RealJournald {
    /// Where its namespace is seen from here.
    private let root: String
    private let pid: pid_t
    private let holder: Child
    /// The holder ends when nobody holds this.
    private let lifeline: FileDescriptor

    static let isPossible =
        getuid() == 0 && access(program, X_OK) == 0 && access("/etc/machine-id", R_OK) == 0
        && run([
            "unshare", "--mount", "--propagation", "private", "mount", "-t", "tmpfs", "none",
            "/run",
        ])
        .status == 0

    private static let program = "/lib/systemd/systemd-journald"

    private static let script = """
        set -eu
        for place in /run /var/lib /usr/lib/systemd/catalog; do
            mount -t tmpfs -o mode=755 none $place
        done
        mkdir -p /run/log /run/systemd/journal /run/systemd/journald.conf.d
        cp "$2" /usr/lib/systemd/catalog/
        journalctl --update-catalog
        printf '%s\\n' '[Journal]' Storage=volatile RateLimitIntervalSec=0 ReadKMsg=no Audit=no \\
            ForwardToSyslog=no ForwardToWall=no >/run/systemd/journald.conf.d/test.conf
        "$1" >/dev/null 2>&1 &
        trap 'kill -CONT $!; kill $!; wait $!' EXIT
        for _ in $(seq 600); do
            ! journalctl --sync 2>/dev/null || { echo "$!"; break; }
            sleep 0.05
        done
        exec >/dev/null 2>&1
        read -r || true
        """

    init() throws {
        let life = try Pipe()
        // bash takes "nothing yet" for the end.
        _ = fcntl(life.readEnd.rawValue, F_SETFL, 0)
        let word = try Pipe()
        var request = SpawnRequest(
            arguments: [
                "unshare", "--mount", "--propagation", "private", "--", "bash", "-c", Self.script,
                "journald", Self.program, catalogPath,
            ], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        request.input = .descriptor(life.readEnd)
        request.output = .descriptor(word.writeEnd)
        request.error = .descriptor(word.writeEnd)
        holder = try request.spawn()
        lifeline = life.writeEnd
        try life.readEnd.close()
        word.closeWriteEnd()
        root = "/proc/\(holder.pid)/root"
        let words = Self.text(of: word.readEnd)
        pid = words.split(separator: "\n").last.flatMap { Int32($0) } ?? 0
        if pid == 0 { throw NoJournald(words: words) }
    }

    deinit {
        try? lifeline.close()  // Nothing was written to it.
        while waitpid(holder.pid, nil, 0) < 0, errno == EINTR {}
        try? holder.pidfd.close()  // It has ended.
    }

    var socketPath: String { root + Journal.socketPath }

    /// What has arrived is written before the answer.
    func journalctl(_ words: String...) -> String {
        let inside = ["nsenter", "--mount=/proc/\(holder.pid)/ns/mnt", "journalctl"]
        _ = run(inside + ["--sync"])
        return run(inside + ["--no-pager", "--quiet"] + words).output
    }

    func stop() { kill(pid, SIGSTOP) }
    func goOn() { kill(pid, SIGCONT) }

    /// Up to the end, which the script makes when it is ready.
    private static func text(of descriptor: FileDescriptor) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            var item = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            poll(&item, 1, -1)
            let count = read(descriptor.rawValue, &chunk, chunk.count)
            if count > 0 { bytes += chunk[..<count] }
            if count == 0 || count < 0 && errno != EAGAIN && errno != EINTR { break }
        }
        try? descriptor.close()  // It is read.
        return String(decoding: bytes, as: UTF8.self)
    }
}

struct NoJournald: Error { var words: String }

/// `units/catalyst.catalog`: two folders up from this one.
let catalogPath: String = {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(folder)/units/catalyst.catalog"
}()
