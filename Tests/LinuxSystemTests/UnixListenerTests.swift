import CLinux
import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

struct UnixListenerTests {
    private let folder = Folder()
    private var path: String { "\(folder.path)/app.sock" }

    /// Which of `sockets` a caller of `name` reaches.
    private func receiver(of name: String, among sockets: [ListeningSocket]) -> Int? {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        do throws(SystemError) {
            try UnixSocket.name(FileDescriptor(rawValue: descriptor), name, connect)
        } catch { return nil }
        guard let index = sockets.firstIndex(where: { $0.queueLength > 0 }) else { return nil }
        sockets[index].takeOne()
        return index
    }

    @Test func `users go from one to the other and back, and the candidate is reached apart`()
        throws
    {
        let group = try ReuseportGroup(address: path, backlog: 5)
        let old = try group.add()
        #expect(receiver(of: path, among: [old]) == 0)
        let new = try group.add()
        try group.sendCanary(to: new)
        let apart = try #require(new.ownPath)
        #expect(receiver(of: path, among: [old, new]) == 0)
        #expect(receiver(of: apart, among: [old, new]) == 1)
        for _ in 0..<3 {
            try group.sendAll(to: new)
            #expect(receiver(of: path, among: [old, new]) == 1)
            try group.sendAll(to: old)
            #expect(receiver(of: path, among: [old, new]) == 0)
        }
        group.closeAll()
        #expect(Directory.names(in: folder.path).isEmpty)
    }

    @Test func `ten rollouts in a row leave one socket and its names`() throws {
        let group = try ReuseportGroup(address: path, backlog: 5)
        var old = try group.add()
        for _ in 0..<10 {
            let new = try group.add()
            try group.sendAll(to: new)
            group.close(old)
            #expect(receiver(of: path, among: [new]) == 0)
            old = new
        }
        #expect(Directory.names(in: folder.path).count == 2)
        group.closeAll()
        #expect(Directory.names(in: folder.path).isEmpty)
    }

    @Test func `a serving one that goes away leaves its users to the other`() throws {
        let group = try ReuseportGroup(address: path, backlog: 5)
        let old = try group.add()
        let new = try group.add()
        group.close(old)
        #expect(receiver(of: path, among: [new]) == 0)
        group.closeAll()
    }

    @Test func `everybody may connect, and an empty queue is empty`() throws {
        let group = try ReuseportGroup(address: path, backlog: 5)
        let socket = try group.add()
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o666)
        #expect(socket.queueLength == 0)
        group.closeAll()
    }

    @Test func `one that is answered is not taken, a dead one is, a file is kept`() throws {
        let first = try ReuseportGroup(address: path, backlog: 5)
        let socket = try first.add()
        let second = try ReuseportGroup(address: path, backlog: 5)
        let failure = #expect(throws: SystemError.self) { try second.add() }
        #expect(failure?.description == "cannot own \(path): another process listens there")
        socket.end()
        let next = try second.add()
        #expect(receiver(of: path, among: [next]) == 0)
        first.closeAll()
        #expect(receiver(of: path, among: [next]) == 0, "its names were somebody else's by then")
        second.closeAll()
        let file = folder.file("file")
        #expect(throws: SystemError.self) { try ReuseportGroup(address: file, backlog: 5).add() }
        #expect(TextFile.read(file) == "")
    }

    @Test func `sockets that come back bring their names`() throws {
        try #require(canTakeDescriptors)
        let group = try ReuseportGroup(address: path, backlog: 5)
        let sockets = [try group.add(), try group.add()]
        let holders = try sockets.map { socket in
            var request = SpawnRequest.of("sleep", "1000")
            request.descriptors = [socket.descriptor]
            return try request.spawn()
        }
        defer { for holder in holders { _ = holder.killAndAwait() } }
        let next = try ReuseportGroup(address: path, backlog: 5)
        let old = try next.adopt(takeDescriptor(3, from: holders[0].pid))
        let new = try next.adopt(takeDescriptor(3, from: holders[1].pid))
        #expect(old.ownPath == sockets[0].ownPath && new.ownPath == sockets[1].ownPath)
        try next.sendAll(to: new)
        #expect(receiver(of: path, among: [old, new]) == 1)
        next.close(old)
        #expect(receiver(of: path, among: [new]) == 0)
        next.closeAll()
        #expect(Directory.names(in: folder.path).isEmpty)
    }

    @Test func `an abstract name has one socket`() throws {
        let name = "@catalyst-owned-\(getpid())"
        let group = try ReuseportGroup(address: name, backlog: 5)
        let socket = try group.add()
        #expect(receiver(of: name, among: [socket]) == 0)
        #expect(!group.canBeSteered && socket.ownPath == nil)
        #expect(throws: SystemError.self) { try group.add() }
        let other = try ReuseportGroup(address: name, backlog: 5)
        let failure = #expect(throws: SystemError.self) { try other.add() }
        #expect(failure?.description == "cannot own \(name): another process listens there")
        group.closeAll()
        // A child that another test is starting has a copy until it executes its program.
        #expect(holds { (try? other.add()) != nil })
        other.closeAll()
    }
}
