internal import CLinux
internal import Glibc
internal import StackModel
internal import SystemPackage

/// Where a service listens: `127.0.0.1:5001`, `[::1]:5001`, `/run/app.sock`, or the abstract `@app`.
struct SocketAddress {
    enum Kind: Equatable { case ipv4, ipv6, path, abstract }

    let text: String
    let kind: Kind
    /// Of `ipv4` and `ipv6`.
    let port: Port?
    /// A sockaddr, of `ipv4` and `ipv6`.
    private let bytes: [UInt8]

    init(_ text: String) throws(SystemError) {
        self.text = text
        guard !text.hasPrefix("/"), !text.hasPrefix("@") else {
            kind = text.hasPrefix("/") ? .path : .abstract
            port = nil
            bytes = []
            return
        }
        guard let (host, number) = Self.split(text), let bytes = Self.bytes(host, number) else {
            throw SystemError(
                "listen at '\(text)'", .invalidArgument,
                because: "it is no numeric address and port such as '127.0.0.1:5001',"
                    + " and no socket such as '/run/app.sock'")
        }
        kind = host.utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4
        port = Port(address: host, number: number)
        self.bytes = bytes
    }

    var isTCP: Bool { kind == .ipv4 || kind == .ipv6 }

    func bind(_ descriptor: FileDescriptor) -> Bool {
        bytes.withUnsafeBytes { buffer in
            guard let address = buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return Glibc.bind(descriptor.rawValue, address, socklen_t(buffer.count)) == 0
        }
    }

    /// Whether it is where `descriptor` listens.
    func isName(of descriptor: FileDescriptor) -> Bool {
        var size = socklen_t(bytes.count)
        var name = [UInt8](repeating: 0, count: bytes.count)
        return name.withUnsafeMutableBytes { buffer in
            guard let address = buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            return getsockname(descriptor.rawValue, address, &size) == 0
        } && name == bytes
    }

    private static func split(_ text: String) -> (host: String, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = UInt16(digits),
            port > 0
        else { return nil }
        let host = text[..<colon]
        guard host.hasPrefix("[") else {
            return host.contains(":") ? nil : (String(host), port)
        }
        guard host.hasSuffix("]"), host.contains(":") else { return nil }
        return (String(host.dropFirst().dropLast()), port)
    }

    private static func bytes(_ host: String, _ port: UInt16) -> [UInt8]? {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var result: UnsafeMutablePointer<addrinfo>?
        guard !host.isEmpty, getaddrinfo(host, String(port), &hints, &result) == 0 else {
            return nil
        }
        defer { freeaddrinfo(result) }
        guard let found = result?.pointee, let address = found.ai_addr else { return nil }
        return [UInt8](UnsafeRawBufferPointer(start: address, count: Int(found.ai_addrlen)))
    }
}
