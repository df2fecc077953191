import Glibc
import StackModel
import SystemPackage

@testable import LinuxSystem

/// A directory of one test's own, gone with it.
final class Folder: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/catalyst-linux-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp/nowhere"
        chmod(path, 0o777)
    }

    deinit { removeTree(path) }

    func file(_ name: String, _ text: String = "", mode: mode_t = 0o644) -> String {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, mode)
        write(descriptor, text, text.utf8.count)
        fchmod(descriptor, mode)
        close(descriptor)
        return "\(path)/\(name)"
    }
}

private func removeTree(_ path: String) {
    guard rmdir(path) != 0, errno == ENOTEMPTY || errno == EEXIST else { return }
    for name in Directory.names(in: path) where unlink("\(path)/\(name)") != 0 {
        removeTree("\(path)/\(name)")
    }
    rmdir(path)
}

struct Ended {
    let output: String
    /// As waitpid(2) says it.
    let status: CInt
    var lines: [String] { output.split(separator: "\n").map(String.init) }

    /// A line of /proc/self/status.
    func field(_ name: String) -> String {
        let line = lines.first { $0.hasPrefix("\(name):") } ?? ""
        return String(line.dropFirst(name.count + 1)).replacing("\t", with: " ").trimmed
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

extension SpawnRequest {
    /// With the usual way to programs.
    static func of(_ words: String...) -> SpawnRequest {
        SpawnRequest(arguments: words, environment: ["PATH": SpawnRequest.defaultPath])
    }

    static func shell(_ script: String) -> SpawnRequest { of("/bin/sh", "-c", script) }

    /// Starts it and waits for its end, without a loop.
    func run() throws -> Ended {
        var request = self
        let pipe = try Pipe()
        request.output = .descriptor(pipe.writeEnd)
        let child: Child
        do {
            child = try request.spawn()
        } catch {
            pipe.closeBoth()
            throw error
        }
        pipe.closeWriteEnd()
        let output = pipe.readToEnd()
        return Ended(output: output, status: child.await())
    }
}

extension Pipe {
    func readToEnd() -> String {
        defer { try? readEnd.close() }  // It has ended.
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(readEnd.rawValue, &chunk, chunk.count)
            if count > 0 { bytes += chunk.prefix(count) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            if count < 0 {
                var poll = pollfd(fd: readEnd.rawValue, events: Int16(POLLIN), revents: 0)
                guard errno == EAGAIN || errno == EINTR, Glibc.poll(&poll, 1, 10_000) > 0 else {
                    return "stuck"
                }
            }
        }
    }
}

extension Child {
    /// Its end, without a loop.
    func await() -> CInt {
        var status: CInt = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        try? pidfd.close()  // It has ended.
        return status
    }

    func killAndAwait() -> CInt {
        kill(pid, SIGKILL)
        return self.await()
    }
}

/// How many descriptors of this process are of a kind.
func openDescriptors(_ kind: String) -> Int {
    Directory.names(in: "/proc/self/fd").count { name in
        var target = [CChar](repeating: 0, count: 100)
        return readlink("/proc/self/fd/\(name)", &target, 99) > 0
            && String(decoding: target.map { UInt8(bitPattern: $0) }, as: UTF8.self).contains(kind)
    }
}

/// Whether `condition` comes true in time.
func holds(within limit: Duration = .seconds(10), _ condition: () -> Bool) -> Bool {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        usleep(2_000)
    }
    return true
}

extension EventLoop {
    /// Serves until `condition` comes true, or too late.
    func turns(within limit: Duration = .seconds(20), until condition: () -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now + limit
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try turn(waitingAtMost: .milliseconds(5))
        }
        return true
    }
}

/// Runs `body` on a thread of its own.
func onThread(_ body: @escaping @Sendable () -> Void) -> pthread_t {
    final class Box {
        let run: @Sendable () -> Void;
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { raw in
            if let raw { Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().run() }
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    return thread
}

/// Where cgroups can be made: root on a machine with cgroup v2 that is not locked away.
let hasCgroups: Bool = {
    guard let root = try? CgroupRoot(named: "catalyst-linux-try-\(getpid())").cgroup else {
        return false
    }
    try? root.remove()  // It was made a moment ago.
    return true
}()

let isRoot = geteuid() == 0
