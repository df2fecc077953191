internal import COpenSSL
internal import Glibc

/// How a server must prove who it is.
package enum Verification: Equatable, Sendable {
    /// A certificate for its name, from one of the system's authorities.
    case system
    /// The same is looked at, and told (`certificateFacts`); the conversation goes on whatever it
    /// is.
    case observed
    /// Not at all.
    case none
}

/// Why nothing can be said over TLS.
package enum TLSError: Error, Equatable {
    /// OpenSSL is not there.
    case unavailable(String)
    case timedOut
    case failed(String)
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unavailable(let reason): reason
        case .timedOut: "no TLS answer in time"
        case .failed(let reason): reason
        }
    }
}

/// The client's side of TLS over a connected, non-blocking socket, which stays its owner's to
/// close.
///
/// Blocks its thread until a deadline at most. Used by one thread at a time.
package final class TLSConnection {
    let library: Library
    let session: OpaquePointer
    private let socket: CInt

    /// Shakes hands with `server`, a name or a numeric address.
    package init(
        over socket: CInt, to server: String, verification: Verification,
        by deadline: ContinuousClock.Instant
    ) throws(TLSError) {
        library = try Library.shared.get()
        let configuration = verification == .none ? library.trusting : library.verifying
        guard let session = library.functions.SSL_new(configuration) else {
            throw .unavailable("cannot begin a TLS session")
        }
        self.session = session
        self.socket = socket
        if verification == .observed {
            library.functions.SSL_set_verify(session, SSL_VERIFY_NONE, nil)
        }
        try name(server)
        guard library.functions.SSL_set_fd(session, socket) == 1 else {
            throw .unavailable("cannot begin a TLS session")
        }
        _ = try perform(by: deadline) { $0.SSL_connect(session) }
    }

    deinit { library.functions.SSL_free(session) }

    package func send(_ bytes: [UInt8], by deadline: ContinuousClock.Instant) throws(TLSError) {
        guard !bytes.isEmpty else { return }
        // Without SSL_MODE_ENABLE_PARTIAL_WRITE, a write is whole or has failed.
        _ = try perform(by: deadline) { functions in
            bytes.withUnsafeBytes { functions.SSL_write(session, $0.baseAddress, CInt($0.count)) }
        }
    }

    /// At least one byte, or none at the end.
    package func receive(
        upTo count: Int, by deadline: ContinuousClock.Instant
    ) throws(TLSError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = try perform(by: deadline) { functions in
            bytes.withUnsafeMutableBytes {
                functions.SSL_read(session, $0.baseAddress, CInt($0.count))
            }
        }
        return Array(bytes.prefix(Int(read)))
    }

    /// Says goodbye; does not wait for an answer.
    package func close() { _ = library.functions.SSL_shutdown(session) }

    private func name(_ server: String) throws(TLSError) {
        let functions = library.functions
        // An address is proved by the certificate's addresses, and is no server name (RFC 6066,
        // section 3).
        if functions.X509_VERIFY_PARAM_set1_ip_asc(functions.SSL_get0_param(session), server) == 1 {
            return
        }
        var name = Array(server.utf8CString)
        let isNamed = name.withUnsafeMutableBytes { bytes in
            functions.SSL_ctrl(
                session, SSL_CTRL_SET_TLSEXT_HOSTNAME, CLong(TLSEXT_NAMETYPE_host_name),
                bytes.baseAddress)
        }
        guard isNamed == 1, functions.SSL_set1_host(session, server) == 1 else {
            throw .failed("cannot ask for a certificate of '\(server)'")
        }
    }

    /// Repeats `call` when the socket is ready for it; 0 is the end of the stream.
    private func perform(
        by deadline: ContinuousClock.Instant, _ call: (catalyst_openssl) -> CInt
    ) throws(TLSError) -> CInt {
        while true {
            library.functions.ERR_clear_error()
            errno = 0
            let result = call(library.functions)
            if result > 0 { return result }
            let events: CInt
            switch library.functions.SSL_get_error(session, result) {
            case SSL_ERROR_WANT_READ: events = POLLIN
            case SSL_ERROR_WANT_WRITE: events = POLLOUT
            case SSL_ERROR_ZERO_RETURN: return 0
            case SSL_ERROR_SYSCALL where errno != 0: throw .failed(words(for: errno))
            default: throw .failed(refusal)
            }
            guard isReady(socket, for: events, by: deadline) else { throw .timedOut }
        }
    }

    private var refusal: String {
        let verdict = library.functions.SSL_get_verify_result(session)
        if verdict != CLong(X509_V_OK),
            let text = library.functions.X509_verify_cert_error_string(verdict),
            library.functions.SSL_get_verify_mode(session) != SSL_VERIFY_NONE
        {
            return "TLS certificate not accepted: \(String(cString: text))"
        }
        return library.takeError().map { "TLS failed: \($0)" } ?? "connection closed"
    }
}

/// Waits until `socket` is ready for `events` of poll(2); false: not in time.
package func isReady(_ socket: CInt, for events: CInt, by deadline: ContinuousClock.Instant) -> Bool
{
    while true {
        let left = deadline - .now
        guard left > .zero else { return false }
        let (seconds, attoseconds) = left.components
        let milliseconds = min(seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1, 3_600_000)
        var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
        let ready = poll(&entry, 1, CInt(milliseconds))
        if ready > 0 || (ready < 0 && errno != EINTR) { return true }
    }
}
