internal import COpenSSL

/// OpenSSL, loaded when it is first needed: its functions and one client configuration for each way
/// to verify.
final class Library: Sendable {
    let functions: catalyst_openssl
    /// Checks the server's certificate against the system's authorities.
    nonisolated(unsafe) let verifying: OpaquePointer
    /// Takes any certificate.
    nonisolated(unsafe) let trusting: OpaquePointer

    /// The one of this process, or why there is none.
    static let shared: Result<Library, TLSError> = Result(catching: Library.load)

    private init(_ functions: catalyst_openssl, verifying: OpaquePointer, trusting: OpaquePointer) {
        self.functions = functions
        self.verifying = verifying
        self.trusting = trusting
    }

    private static func load() throws(TLSError) -> Library {
        var table = catalyst_openssl()
        if let reason = catalyst_openssl_load(&table) {
            throw .unavailable("cannot load OpenSSL 3: \(String(cString: reason))")
        }
        guard let verifying = table.SSL_CTX_new(table.TLS_client_method()),
            let trusting = table.SSL_CTX_new(table.TLS_client_method()),
            table.SSL_CTX_set_default_verify_paths(verifying) == 1
        else { throw .unavailable("cannot set up OpenSSL") }
        table.SSL_CTX_set_verify(verifying, SSL_VERIFY_PEER, nil)
        table.SSL_CTX_set_verify(trusting, SSL_VERIFY_NONE, nil)
        return Library(table, verifying: verifying, trusting: trusting)
    }

    /// The oldest error that OpenSSL has noted for this thread, in words.
    func takeError() -> String? {
        let code = functions.ERR_get_error()
        functions.ERR_clear_error()
        guard code != 0, let text = functions.ERR_reason_error_string(code) else { return nil }
        return String(cString: text)
    }
}
