import Glibc
import LinuxSystem
import SystemPackage

/// A datagram socket that stands where journald's or systemd's is.
final class Listener {
    let path: String
    private let socket: FileDescriptor

    init(at path: String = freshPath()) throws {
        self.path = path
        socket = try UnixSocket.receiver(at: path)
    }

    deinit {
        try? socket.close()  // Nothing is written to it.
        unlink(path)
    }

    static func freshPath() -> String {
        var template = Array("/tmp/catalyst-systemd-XXXXXX".utf8CString)
        // A free name; whoever listens there makes the file.
        close(mkstemp(&template))
        let path = template.withUnsafeBufferPointer {
            $0.baseAddress.map { String(cString: $0) } ?? ""
        }
        unlink(path)
        return path
    }

    /// The next datagram's text; nil where none waits.
    func text() -> String? {
        UnixSocket.receive(from: socket, bytesMax: 256 << 10).map {
            String(decoding: $0.bytes, as: UTF8.self)
        }
    }

    /// The next datagram's fields; nil where none waits.
    func next() -> [String: String]? {
        guard let (bytes, _) = UnixSocket.receive(from: socket, bytesMax: 256 << 10) else {
            return nil
        }
        var fields: [String: String] = [:]
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[text(line[..<equals])] = text(line[(equals + 1)...])
            } else {
                let size = Int(
                    rest.prefix(8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
                fields[text(line)] = text(rest.dropFirst(8).prefix(size))
                rest = rest.dropFirst(8 + size + 1)
            }
        }
        return fields
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
