internal import Glibc

/// A blocking stream socket, connected to the Unix socket at `path`.
func connected(to path: String, within limit: Duration) throws(ControlClientError) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard path.utf8.count <= capacity else {
        throw ControlClientError(path: path, reason: .pathTooLong(bytesMax: capacity))
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }

    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw ControlClientError(path: path, reason: .system(errno)) }
    // unix(7): connect waits for room in the listener's queue as long as a send may wait, then
    // fails with EAGAIN.
    var time = timeval(limit)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafeBytes(of: &address) { bytes in
        connect(
            descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
            socklen_t(bytes.count))
    }
    guard result == 0 else {
        let reason = ControlClientError.Reason(connecting: errno)
        close(descriptor)
        throw ControlClientError(path: path, reason: reason)
    }
    return descriptor
}

extension timeval {
    fileprivate init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}

extension ControlClientError.Reason {
    fileprivate init(connecting number: Int32) {
        self =
            switch number {
            case ENOENT, ENOTDIR: .noSocket
            case ECONNREFUSED: .nobodyListens
            case EACCES, EPERM: .notAllowed
            case EAGAIN: .silent
            default: .system(number)
            }
    }
}
