internal import COpenSSL
internal import Glibc
internal import StackModel

/// One X.509 certificate, owned.
final class Certificate {
    private let library: Library
    private let pointer: OpaquePointer

    /// Takes over one reference.
    init(_ pointer: OpaquePointer, of library: Library) {
        self.library = library
        self.pointer = pointer
    }

    deinit { library.functions.X509_free(pointer) }

    var begins: Timestamp? { timestamp(library.functions.X509_get0_notBefore(pointer)) }
    var expires: Timestamp? { timestamp(library.functions.X509_get0_notAfter(pointer)) }

    /// Whom it is for: its common name, else the first of its names in the DNS.
    var subject: String {
        let name = library.functions.X509_get_subject_name(pointer)
        return text(NID_commonName, of: name) ?? alternativeName ?? text(
            NID_organizationName, of: name)
            ?? "without a name"
    }

    /// `R3, Let's Encrypt`.
    var issuer: String {
        let name = library.functions.X509_get_issuer_name(pointer)
        return [NID_commonName, NID_organizationName].compactMap { text($0, of: name) }
            .joined(separator: ", ")
    }

    /// By name and by signature.
    func isIssued(by other: Certificate) -> Bool {
        let functions = library.functions
        guard functions.X509_check_issued(other.pointer, pointer) == CInt(X509_V_OK),
            let key = functions.X509_get0_pubkey(other.pointer)
        else { return false }
        defer { functions.ERR_clear_error() }
        return functions.X509_verify(pointer, key) == 1
    }

    private func text(_ entry: CInt, of name: OpaquePointer?) -> String? {
        var bytes = [CChar](repeating: 0, count: 256)
        let count = library.functions.X509_NAME_get_text_by_NID(
            name, entry, &bytes, CInt(bytes.count))
        guard count > 0 else { return nil }
        return printable(bytes.prefix(Int(count)).map(UInt8.init(bitPattern:)))
    }

    private var alternativeName: String? {
        let functions = library.functions
        guard let names = functions.X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
            return nil
        }
        let list = OpaquePointer(names)
        defer {
            functions.OPENSSL_sk_pop_free(list) { item in
                guard let item, case .success(let library) = Library.shared else { return }
                library.functions.GENERAL_NAME_free(item.assumingMemoryBound(to: GENERAL_NAME.self))
            }
        }
        for index in 0..<max(0, functions.OPENSSL_sk_num(list)) {
            guard let item = functions.OPENSSL_sk_value(list, index) else { continue }
            var kind: CInt = -1
            let value = functions.GENERAL_NAME_get0_value(
                item.assumingMemoryBound(to: GENERAL_NAME.self), &kind)
            guard kind == GEN_DNS, let string = value?.assumingMemoryBound(to: ASN1_STRING.self),
                let start = functions.ASN1_STRING_get0_data(string)
            else { continue }
            let count = Int(functions.ASN1_STRING_length(string))
            return printable(Array(UnsafeBufferPointer(start: start, count: count)))
        }
        return nil
    }

    private func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
        var parts = tm()
        guard library.functions.ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        let (nanoseconds, overflow) = Int64(timegm(&parts))
            .multipliedReportingOverflow(by: 1_000_000_000)
        // "99991231235959Z" means: never.
        return Timestamp(nanoseconds: overflow ? .max : nanoseconds)
    }
}

/// A certificate may say anything: only what cannot spoil a terminal is kept.
private func printable(_ bytes: [UInt8]) -> String {
    String(
        String.UnicodeScalarView(
            String(decoding: bytes, as: UTF8.self).unicodeScalars.map { scalar in
                scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar
            }))
}
