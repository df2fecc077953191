import CLinux
import Glibc
import StackModel
import SystemPackage

@testable import LinuxSystem

/// Sockets of one address that only this test uses, closed with it.
final class OwnedPort {
    let group: ReuseportGroup
    let first: ListeningSocket
    let number: UInt16

    /// At a port that nobody has: below those that the kernel gives to callers.
    init(host: String = "127.0.0.1", backlog: Int = 64) throws {
        var failure: any Error = SystemError("find a free port", .addressInUse)
        for _ in 0..<100 {
            let number = UInt16.random(in: 15_000..<32_000)
            do {
                let group = try ReuseportGroup(address: "\(host):\(number)", backlog: backlog)
                first = try group.add()
                self.group = group
                self.number = number
                return
            } catch { failure = error }
        }
        throw failure
    }

    deinit { group.closeAll() }

    /// Which of `sockets` gets a new connection; nil: none of them, or it is refused.
    func receiver(
        from source: String = "127.0.0.1", among sockets: [ListeningSocket]
    ) -> Int? {
        guard let caller = Caller(port: number, from: source) else { return nil }
        defer { caller.hangUp() }
        guard let index = sockets.firstIndex(where: { $0.queueLength > 0 }) else { return nil }
        sockets[index].takeOne()
        return index
    }

    /// The same for twenty connections: they must all have gone one way.
    func receivers(
        from source: String = "127.0.0.1", among sockets: [ListeningSocket]
    ) -> Set<Int?> {
        Set((0..<20).map { _ in receiver(from: source, among: sockets) })
    }
}

extension ListeningSocket {
    func takeOne() {
        let connection = accept(descriptor.rawValue, nil, nil)
        if connection >= 0 { close(connection) }
    }
}

/// A connection to a TCP port of this host, from an address of this host.
struct Caller {
    let descriptor: Int32

    init?(port: UInt16, from source: String = "127.0.0.1") {
        descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // The kernel chooses the port when both ends are known, so that they cannot run out.
        var on: Int32 = 1
        let bindAddressNoPort: Int32 = 24
        setsockopt(descriptor, Int32(IPPROTO_IP), bindAddressNoPort, &on, 4)
        guard name(source, 0, bind), name("127.0.0.1", port, connect) else {
            close(descriptor)
            return nil
        }
    }

    /// What the server says, to the end of the connection.
    func hear() -> String {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    func hangUp() { close(descriptor) }

    /// Ends it with a reset, which leaves nothing behind in the kernel: for those who call very often.
    func dropAll() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    private func name(
        _ host: String, _ port: UInt16,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
