import ControlProtocol
import Glibc
import JSONLines
import LinuxSystem
import SystemPackage

/// One end of a connection, never blocking: server and askers share a test's thread.
final class Asker {
    let descriptor: FileDescriptor
    private var input = LineBuffer(lineBytesMax: ControlLimits.replyBytesMax)

    init(_ path: String) throws {
        let number = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0
        )
        descriptor = FileDescriptor(rawValue: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafeBytes(of: &address) {
            connect(
                number, $0.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t($0.count))
        }
        guard result == 0 else { throw SystemError("connect to '\(path)'") }
    }

    deinit { try? descriptor.close() }  // What was not read is not wanted by anybody.

    /// How many bytes were taken.
    @discardableResult
    func send(_ text: String) -> Int {
        Glibc.send(descriptor.rawValue, text, text.utf8.count, Int32(MSG_NOSIGNAL))
    }

    func send(_ request: ControlRequest) throws {
        send(String(decoding: try JSONLines.encode(request), as: UTF8.self))
    }

    /// The next reply; nil where none is whole yet, or the end has come.
    func reply() throws -> ControlReply? {
        while true {
            if let line = try input.next() {
                return try JSONLines.decode(ControlReply.self, from: line)
            }
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = read(descriptor.rawValue, &chunk, chunk.count)
            guard count > 0 else { return nil }
            input.append(chunk.prefix(count))
        }
    }

    /// Whether it is over soon: a process that another test starts meanwhile may hold the other end
    /// until its exec.
    var endsSoon: Bool {
        var entry = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 20_000) == 1 && isOver
    }

    /// Whether the other end has hung up, and all was read.
    var isOver: Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor.rawValue, &byte, 1, Int32(MSG_PEEK))
        return count == 0 || count < 0 && errno != EAGAIN
    }
}
