internal import Glibc
internal import Synchronization

/// A TCP server on loopback that does with each connection what it is told, byte by byte.
final class RawServer: Sendable {
    let port: UInt16
    private let listener: CInt
    private let taken = Atomic(0)
    private let serve: @Sendable (CInt) -> Void

    /// `serve` runs on a thread of its own for each connection, which is closed when it returns.
    init(listens: Bool = true, _ serve: @escaping @Sendable (CInt) -> Void) {
        self.serve = serve
        listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                _ = getsockname(listener, $0, &size)
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        if listens { listen() }
    }

    deinit { close(listener) }

    /// Connections taken so far.
    var count: Int { taken.load(ordering: .relaxed) }

    /// Ends the accepting thread, which keeps the server alive.
    func stop() { shutdown(listener, CInt(SHUT_RDWR)) }

    /// Until then, connecting is refused.
    func listen() {
        _ = Glibc.listen(listener, 64)
        inThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                // Children of other tests must not keep it open.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                taken.add(1, ordering: .relaxed)
                inThread { [self] in
                    serve(connection)
                    close(connection)
                }
            }
        }
    }
}

/// Answers every request with these bytes.
func answering(_ bytes: [UInt8]) -> RawServer {
    RawServer { connection in
        readRequest(connection)
        sendAll(bytes, over: connection)
    }
}

func answering(_ text: String) -> RawServer { answering(Array(text.utf8)) }

func http(_ body: String, status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
}

/// Up to the empty line; returns what was read.
@discardableResult
func readRequest(_ connection: CInt) -> String {
    var text = ""
    var byte: UInt8 = 0
    while !text.hasSuffix("\r\n\r\n"), recv(connection, &byte, 1, 0) == 1 {
        text.unicodeScalars.append(Unicode.Scalar(byte))
    }
    return text
}

@discardableResult
func sendAll(_ bytes: [UInt8], over connection: CInt) -> Bool {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
            send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        guard count > 0 else { return false }
        sent += count
    }
    return true
}

/// Blocks until the other side closes.
func awaitEnd(_ connection: CInt) {
    var byte: UInt8 = 0
    while recv(connection, &byte, 1, 0) == 1 {}
}

func peerAddress(of connection: CInt) -> String {
    var storage = [UInt8](repeating: 0, count: 128)
    var host = [CChar](repeating: 0, count: 64)
    var size = socklen_t(storage.count)
    storage.withUnsafeMutableBytes { bytes in
        guard let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
            return
        }
        getpeername(connection, address, &size)
        getnameinfo(address, size, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST)
    }
    return String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

func inThread(_ body: @escaping @Sendable () -> Void) {
    final class Box {
        let body: () -> Void; init(_ body: @escaping () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { raw in
            guard let raw else { return nil }
            Unmanaged<Box>.fromOpaque(raw).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    pthread_detach(thread)
}
