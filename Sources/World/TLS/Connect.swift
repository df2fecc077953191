internal import Glibc

/// Why there is no connection.
package enum ConnectError: Error, Equatable {
    /// Our own side is at fault, in words.
    case unable(String)
    case refused
    case timedOut
    case failed(String)
}

/// A connected, non-blocking socket, the caller's to close: the first of the host's addresses that
/// takes the call.
package func connectedSocket(
    to host: String, _ port: UInt16, by deadline: ContinuousClock.Instant
) throws(ConnectError) -> CInt {
    var hints = addrinfo()
    hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &list)
    guard status == 0 else {
        throw .unable(
            "cannot find '\(host)': \(String(cString: gai_strerror(status)).lowercased())")
    }
    defer { freeaddrinfo(list) }
    var failure: ConnectError?
    var next = list
    while let address = next {
        do throws(ConnectError) {
            return try connectedSocket(to: address.pointee, by: deadline)
        } catch {
            // What the first address says is what the operator expects to read.
            failure = failure ?? error
        }
        next = address.pointee.ai_next
    }
    throw failure ?? .refused
}

private func connectedSocket(
    to address: addrinfo, by deadline: ContinuousClock.Instant
) throws(ConnectError) -> CInt {
    let kind = address.ai_socktype | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    let descriptor = socket(address.ai_family, kind, address.ai_protocol)
    guard descriptor >= 0 else { throw .unable("cannot open a socket: \(words(for: errno))") }
    do throws(ConnectError) {
        try connect(descriptor, to: address, by: deadline)
        return descriptor
    } catch {
        close(descriptor)
        throw error
    }
}

private func connect(
    _ descriptor: CInt, to address: addrinfo, by deadline: ContinuousClock.Instant
) throws(ConnectError) {
    if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 { return }
    var error = errno
    if error == EINPROGRESS {
        guard isReady(descriptor, for: POLLOUT, by: deadline) else { throw .timedOut }
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
    }
    switch error {
    case 0: return
    case ECONNREFUSED: throw .refused
    case ETIMEDOUT: throw .timedOut
    default: throw .failed(words(for: error))
    }
}

/// `connection reset by peer`: strerror's words in the middle of a sentence.
package func words(for error: CInt) -> String {
    strerror(error).map { String(cString: $0) }?.lowercased() ?? "error \(error)"
}
