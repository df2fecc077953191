internal import CLinux
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
        owner(ofAny: listeners.map(\.inode)) ?? "a process of another user"
    }

    /// Whether somebody listens at its number, whatever the address.
    var isListenedAt: Bool { !listeners.isEmpty }

    /// The other sockets that listen at the very address of the one with this inode.
    func listeners(besides inode: String) -> [String] {
        let listeners = listeners
        let address = listeners.first { $0.inode == inode }?.address
        return listeners.filter { $0.address == address && $0.inode != inode }.map(\.inode)
    }

    /// Who has one of these sockets, in words.
    func owner(ofAny inodes: [String]) -> String? {
        for entry in Proc.all() {
            for inode in inodes where holds(entry.pid, socket: inode) {
                return "'\(Proc.name(of: entry.pid) ?? "?")' (pid \(entry.pid))"
            }
        }
        return nil
    }

    private var listeners: [(address: Substring, inode: String)] {
        ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { table in
            let text = TextFile.read(table, bytesMax: Self.tableBytesMax) ?? ""
            return Self.listeners(in: text, at: number)
        }
    }

    /// Of a table as the kernel writes it.
    static func listeners(in text: String, at number: UInt16) -> [(
        address: Substring, inode: String
    )] {
        let number = String(number, radix: 16, uppercase: true)
        let wanted = ":" + String(repeating: "0", count: max(0, 4 - number.utf8.count)) + number
        var found: [(address: Substring, inode: String)] = []
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            // 0A is TCP_LISTEN.
            guard fields.count > 9, fields[3] == "0A" else { break }
            if fields[1].hasSuffix(wanted) { found.append((fields[1], String(fields[9]))) }
        }
        return found
    }

    /// The kernel lists those that listen first, 150 bytes each; very many connections may stand behind them.
    private static let tableBytesMax = 256 << 10

    private func holds(_ pid: Int32, socket inode: String) -> Bool {
        Directory.names(in: "/proc/\(pid)/fd").contains { name in
            var target = [CChar](repeating: 0, count: 64)
            return readlink("/proc/\(pid)/fd/\(name)", &target, 63) > 0
                && target.starts(with: "socket:[\(inode)]".utf8CString.dropLast())
        }
    }
}
