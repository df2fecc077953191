import Glibc

/// A datagram socket that stands where systemd's is.
final class Datagrams {
    private let descriptor: CInt
    private var all: [String] = []

    init(_ path: String) throws {
        descriptor = socket(
            AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let descriptor = descriptor
        let result = withUnsafeBytes(of: &address) {
            bind(
                descriptor, $0.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t($0.count))
        }
        guard result == 0 else { throw Failure("cannot receive at '\(path)': \(errno)") }
    }

    deinit { close(descriptor) }

    /// What has come so far.
    var heard: [String] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count >= 0 else { return all }
            all.append(String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }
}
