import CLinux
import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

struct SocketTests {
    @Test func `a socket that is answered is in use, and one that is not is replaced`() throws {
        let folder = Folder()
        let path = "\(folder.path)/socket"
        let first = try UnixSocket.listen(at: path, mode: 0o600)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(throws: SystemError("listen at '\(path)'", .addressInUse)) {
            try UnixSocket.listen(at: path, mode: 0o600)
        }
        try first.close()
        let second = try UnixSocket.listen(at: path, mode: 0o666)
        #expect(try UnixSocket.accept(second) == nil)
        try second.close()
    }

    @Test func `a path that does not fit is told`() {
        let path = "/tmp/" + String(repeating: "x", count: 200)
        #expect(throws: SystemError("use the socket path '\(path)'", .fileNameTooLong)) {
            try UnixSocket.listen(at: path, mode: 0o600)
        }
        #expect(throws: SystemError.self) {
            try UnixSocket.listen(at: "/nowhere/socket", mode: 0o600)
        }
    }

    @Test func `who asks is known`() throws {
        let (ours, theirs) = try UnixSocket.pair()
        let peer = try UnixSocket.peer(of: ours)
        #expect(peer.pid == getpid())
        #expect(peer.user == geteuid())
        #expect(peer.groups.first == getegid())
        try ours.close()
        try theirs.close()
    }

    @Test(arguments: [true, false])
    func `datagrams come with their sender`(isAbstract: Bool) throws {
        let folder = Folder()
        let name = isAbstract ? "@catalyst-linux-\(getpid())" : "\(folder.path)/datagrams"
        let receiver = try UnixSocket.receiver(at: name)
        let sender = try UnixSocket.sender(to: name)
        #expect(UnixSocket.receive(from: receiver, bytesMax: 100) == nil)
        #expect(send(sender.rawValue, "hello", 5, 0) == 5)
        let (bytes, peer) = try #require(UnixSocket.receive(from: receiver, bytesMax: 100))
        #expect(String(decoding: bytes, as: UTF8.self) == "hello")
        #expect(peer.pid == getpid() && peer.user == geteuid())
        #expect(throws: SystemError.self) { try UnixSocket.sender(to: name + "-nobody") }
        try receiver.close()
        try sender.close()
    }

    @Test func `what is too long for a datagram is no message, and the next is one`() throws {
        let receiver = try UnixSocket.receiver(at: "@catalyst-linux-long-\(getpid())")
        let sender = try UnixSocket.sender(to: "@catalyst-linux-long-\(getpid())")
        let long = [UInt8](repeating: 1, count: 5000)
        #expect(send(sender.rawValue, long, long.count, 0) == 5000)
        #expect(send(sender.rawValue, "next", 4, 0) == 4)
        #expect(UnixSocket.receive(from: receiver, bytesMax: 4096) == nil)
        #expect(UnixSocket.receive(from: receiver, bytesMax: 4096)?.bytes == Array("next".utf8))
        try receiver.close()
        try sender.close()
    }

    @Test func `a listener's owner is named`() throws {
        let listener = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, size)
                _ = getsockname(listener, $0, &size)
            }
        }
        let port = Port(number: UInt16(bigEndian: address.sin_port))
        listen(listener, 1)
        #expect(port.isTaken)
        #expect(Port(address: "localhost", number: port.number).isTaken)
        #expect(Port(address: "0.0.0.0", number: port.number).isTaken)
        #expect(port.ownerWords == "'\(Proc.name(of: getpid()) ?? "")' (pid \(getpid()))")
        #expect(!Port(address: "127.0.0.2", number: port.number).isTaken)
        #expect(!Port(address: "not an address", number: port.number).isTaken)
    }
}
