internal import Glibc
package import StackModel

extension Port {
    /// Whether somebody listens there already, so that a service could not.
    package var isTaken: Bool {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var result: UnsafeMutablePointer<addrinfo>?
        // A name cannot be looked up here without waiting; the service will find out.
        guard
            getaddrinfo(
                address == "localhost" ? "127.0.0.1" : address, String(number), &hints, &result)
                == 0,
            let info = result?.pointee
        else { return false }
        defer { freeaddrinfo(result) }
        let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // With it, connections that linger in TIME_WAIT do not count, as for any server.
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        return bind(descriptor, info.ai_addr, info.ai_addrlen) != 0 && errno == EADDRINUSE
    }

    /// Who listens, in words: `'python3' (pid 4711)`. Reads all of /proc: for messages only.
    package var ownerWords: String {
        let inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap(listeningInodes)
        for entry in Proc.all() {
            for inode in inodes where holds(entry.pid, socket: inode) {
                return "'\(Proc.name(of: entry.pid) ?? "?")' (pid \(entry.pid))"
            }
        }
        return "a process of another user"
    }

    private func listeningInodes(_ table: String) -> [Substring] {
        let wanted =
            ":" + String(repeating: "0", count: max(0, 4 - String(number, radix: 16).count))
            + String(number, radix: 16, uppercase: true)
        return (TextFile.read(table, bytesMax: 8 << 20) ?? "").split(separator: "\n").dropFirst()
            .compactMap { line in
                let fields = line.split(separator: " ")
                // 0A is TCP_LISTEN.
                guard fields.count > 9, fields[1].hasSuffix(wanted), fields[3] == "0A" else {
                    return nil
                }
                return fields[9]
            }
    }

    private func holds(_ pid: Int32, socket inode: Substring) -> Bool {
        Directory.names(in: "/proc/\(pid)/fd").contains { name in
            var target = [CChar](repeating: 0, count: 64)
            return readlink("/proc/\(pid)/fd/\(name)", &target, 63) > 0
                && target.starts(with: "socket:[\(inode)]".utf8CString.dropLast())
        }
    }
}
