internal import COpenSSL
internal import Glibc
package import StackModel

/// The certificates in a PEM file, the one that a server shows first. What cannot be read is told
/// as the facts' problem; keys in the file are passed over.
package func certificateFacts(
    inFile path: String, at time: Timestamp
) throws(TLSError) -> CertificateFacts {
    let library = try Library.shared.get()
    var facts = CertificateFacts(source: path)
    do throws(UnreadableFile) {
        let chain = certificates(in: try contents(of: path), of: library)
        if chain.isEmpty {
            facts.problem =
                "there is no certificate in '\(path)': it is not in PEM format, or empty"
        } else {
            facts.take(chain, at: time)
        }
    } catch {
        facts.problem = error.words
    }
    return facts
}

extension TLSConnection {
    /// What the server has shown. Meaningful with `Verification.observed`; `isNamed`: it must be
    /// for the server's name.
    package func certificateFacts(
        source: String, isNamed: Bool, at time: Timestamp
    ) -> CertificateFacts {
        var facts = CertificateFacts(source: source)
        let functions = library.functions
        guard let list = functions.SSL_get_peer_cert_chain(session) else {
            facts.problem = "the server shows no certificate"
            return facts
        }
        let chain = (0..<max(0, functions.OPENSSL_sk_num(list))).compactMap { index in
            functions.OPENSSL_sk_value(list, index).map { item -> Certificate in
                let pointer = OpaquePointer(item)
                _ = functions.X509_up_ref(pointer)
                return Certificate(pointer, of: library)
            }
        }
        facts.take(chain, at: time)
        if facts.problem == nil { facts.problem = objection(isNamed: isNamed) }
        return facts
    }

    /// `TLSv1.3`.
    package var version: String {
        library.functions.SSL_get_version(session).map { String(cString: $0) } ?? "TLS"
    }

    private func objection(isNamed: Bool) -> String? {
        let verdict = library.functions.SSL_get_verify_result(session)
        let isOfName = [X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH]
            .contains { CLong($0) == verdict }
        guard verdict != CLong(X509_V_OK), isNamed || !isOfName,
            let text = library.functions.X509_verify_cert_error_string(verdict)
        else { return nil }
        return "clients do not accept it: \(String(cString: text))"
    }
}

extension CertificateFacts {
    /// The first is the server's own; each further one should vouch for the one before.
    mutating func take(_ chain: [Certificate], at time: Timestamp) {
        guard let leaf = chain.first else { return }
        subject = leaf.subject
        issuer = leaf.issuer
        expires = leaf.expires
        chainLength = chain.count
        for (index, certificate) in chain.enumerated() where problem == nil {
            let name = index == 0 ? "it" : "'\(certificate.subject)' of its chain"
            if let end = certificate.expires, end <= time {
                problem = "\(name) expired on \(day(end))"
            } else if let begin = certificate.begins, begin > time {
                problem = "\(name) is not valid before \(day(begin))"
            } else if index > 0, !chain[index - 1].isIssued(by: certificate) {
                let issued = chain[index - 1].subject
                problem =
                    "its chain is broken: '\(certificate.subject)' did not issue '\(issued)' before it"
                    + " (the server's own comes first, then who issued it)"
            }
        }
    }
}

private func day(_ time: Timestamp) -> Substring { time.rfc3339(digits: 0).prefix(10) }

private func certificates(in bytes: [UInt8], of library: Library) -> [Certificate] {
    let functions = library.functions
    // What ends the file is an error too.
    defer { functions.ERR_clear_error() }
    return bytes.withUnsafeBytes { raw in
        guard !raw.isEmpty, let source = functions.BIO_new_mem_buf(raw.baseAddress, CInt(raw.count))
        else { return [] }
        defer { _ = functions.BIO_free(source) }
        var chain: [Certificate] = []
        while chain.count < chainMax,
            let pointer = functions.PEM_read_bio_X509(source, nil, nil, nil)
        {
            chain.append(Certificate(pointer, of: library))
        }
        return chain
    }
}

private struct UnreadableFile: Error { let words: String }

private func contents(of path: String) throws(UnreadableFile) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
        let advice =
            errno == EACCES
            ? " (let the collector's user read it, or watch the front door instead)" : ""
        throw UnreadableFile(words: "cannot read '\(path)': \(words(for: errno))\(advice)")
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: fileBytesMax)
    var filled = 0
    while filled < bytes.count {
        let count = bytes.withUnsafeMutableBytes {
            read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
        }
        guard count >= 0 else {
            throw UnreadableFile(words: "cannot read '\(path)': \(words(for: errno))")
        }
        if count == 0 { break }
        filled += count
    }
    return Array(bytes[..<filled])
}

/// A chain has two to four certificates of some 2 KB.
private let chainMax = 16
private let fileBytesMax = 256 << 10
