import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

private let canSteer = ConditionTrait.enabled(
    if: ReuseportGroup.canSteer, "this kernel does not let us choose who gets a connection")

/// Who gets which connection, asked of the kernel.
@Suite(canSteer)
struct ReuseportGroupTests {
    private let canary = ReuseportGroup.canarySource

    @Test func `ten rollouts in a row send each caller where it should go`() throws {
        let port = try OwnedPort()
        var old = port.first
        for _ in 0..<10 {
            let new = try port.group.add()
            #expect(port.receivers(among: [old, new]) == [0])
            #expect(port.receivers(from: canary, among: [old, new]) == [0])
            try port.group.sendCanary(to: new)
            #expect(port.receivers(among: [old, new]) == [0])
            #expect(port.receivers(from: "127.0.0.3", among: [old, new]) == [0])
            #expect(port.receivers(from: canary, among: [old, new]) == [1])
            try port.group.sendAll(to: new)
            #expect(port.receivers(among: [old, new]) == [1])
            #expect(port.receivers(from: canary, among: [old, new]) == [1])
            port.group.close(old)
            #expect(port.receivers(among: [new]) == [0])
            old = new
        }
    }

    @Test func `users can be sent back and forth`() throws {
        let port = try OwnedPort()
        let new = try port.group.add()
        for _ in 0..<5 {
            try port.group.sendAll(to: new)
            #expect(port.receivers(among: [port.first, new]) == [1])
            try port.group.sendCanary(to: port.first)
            #expect(port.receivers(from: canary, among: [port.first, new]) == [0])
            #expect(port.receivers(among: [port.first, new]) == [1])
            try port.group.sendAll(to: port.first)
            #expect(port.receivers(among: [port.first, new]) == [0])
        }
    }

    @Test
    func `a candidate that goes away leaves all to the old one, and the next is a candidate again`()
        throws
    {
        let port = try OwnedPort()
        for _ in 0..<5 {
            let candidate = try port.group.add()
            try port.group.sendCanary(to: candidate)
            #expect(port.receivers(from: canary, among: [port.first, candidate]) == [1])
            port.group.close(candidate)
            #expect(port.receivers(among: [port.first]) == [0])
            #expect(port.receivers(from: canary, among: [port.first]) == [0])
        }
    }

    @Test func `an old one that goes away first leaves all to the candidate`() throws {
        let port = try OwnedPort()
        let candidate = try port.group.add()
        try port.group.sendCanary(to: candidate)
        port.group.close(port.first)
        #expect(port.receivers(among: [candidate]) == [0])
        #expect(port.receivers(from: canary, among: [candidate]) == [0])
        let next = try port.group.add()
        #expect(port.receivers(among: [candidate, next]) == [0])
        try port.group.sendCanary(to: next)
        #expect(port.receivers(from: canary, among: [candidate, next]) == [1])
        #expect(port.receivers(among: [candidate, next]) == [0])
    }

    @Test func `when both are gone callers are refused, and a new one gets all`() throws {
        let port = try OwnedPort()
        let candidate = try port.group.add()
        try port.group.sendCanary(to: candidate)
        port.group.closeAll()
        #expect(Caller(port: port.number) == nil)
        let next = try port.group.add()
        #expect(port.receivers(among: [next]) == [0])
        #expect(port.receivers(from: canary, among: [next]) == [0])
    }

    @Test func `a process that lingers with a closed socket gets nothing and blocks nobody`() throws
    {
        let port = try OwnedPort()
        var request = SpawnRequest.of("sleep", "1000")
        request.descriptors = [port.first.descriptor]
        let lingering = try request.spawn()
        defer { _ = lingering.killAndAwait() }
        let new = try port.group.add()
        try port.group.sendAll(to: new)
        port.group.close(port.first)
        #expect(port.receivers(among: [new]) == [0])
        let newer = try port.group.add()
        try port.group.sendCanary(to: newer)
        #expect(port.receivers(among: [new, newer]) == [0])
        #expect(port.receivers(from: canary, among: [new, newer]) == [1])
        port.group.closeAll()
        #expect(Caller(port: port.number) == nil)
        let last = try port.group.add()
        #expect(port.receivers(among: [last]) == [0])
    }

    @Test func `a third socket is refused`() throws {
        let port = try OwnedPort()
        let second = try port.group.add()
        let failure = #expect(throws: SystemError.self) { try port.group.add() }
        #expect(
            failure?.description == "cannot open another socket at 127.0.0.1:\(port.number): "
                + "two are open: the one before the last is served still")
        #expect(port.receivers(among: [port.first, second]) == [0])
    }

    @Test func `a stranger in the group is named`() throws {
        let port = try OwnedPort()
        let stranger = try ListeningSocket(
            at: SocketAddress(port.group.address), backlog: 5, in: .group)
        defer { stranger.end() }
        let failure = #expect(throws: SystemError.self) { try port.group.add() }
        let me = "'\(Proc.name(of: getpid()) ?? "")' (pid \(getpid()))"
        #expect(
            failure?.description
                == "cannot open another socket at \(port.group.address): \(me) listens there too")
        stranger.end()
        _ = try port.group.add()
    }

    @Test func `a closed socket cannot be sent anything`() throws {
        let port = try OwnedPort()
        let candidate = try port.group.add()
        port.group.close(candidate)
        port.group.close(candidate)
        #expect(throws: SystemError.self) { try port.group.sendAll(to: candidate) }
        #expect(port.receivers(among: [port.first]) == [0])
    }

    @Test func `a socket that a service shut down listens again for the next`() throws {
        let port = try OwnedPort()
        let candidate = try port.group.add()
        try port.group.sendCanary(to: candidate)
        shutdown(port.first.descriptor.rawValue, Int32(SHUT_RDWR))
        #expect(port.receivers(among: [candidate]) == [0])
        for socket in [port.first, candidate] { try port.group.prepare(socket) }
        #expect(port.receivers(among: [port.first, candidate]) == [0])
        try port.group.sendCanary(to: candidate)
        #expect(port.receivers(from: canary, among: [port.first, candidate]) == [1])
        #expect(port.receivers(among: [port.first, candidate]) == [0])
    }

    @Test func `where callers cannot be told apart users still go one way`() throws {
        guard let port = try? OwnedPort(host: "[::1]") else { return }  // No IPv6 here.
        #expect(!port.group.isIPv4Loopback && port.group.canBeSteered)
        let candidate = try port.group.add()
        try port.group.sendCanary(to: candidate)
        try port.group.sendAll(to: candidate)
        port.group.close(port.first)
        #expect(candidate.queueLength == 0)
    }

    @Test func `sockets that come back from their processes are known by their age`() throws {
        try #require(canTakeDescriptors)
        let port = try OwnedPort()
        let second = try port.group.add()
        try port.group.sendCanary(to: second)
        let holders = try [port.first, second].map { socket in
            var request = SpawnRequest.of("sleep", "1000")
            request.descriptors = [socket.descriptor]
            return try request.spawn()
        }
        defer { for holder in holders { _ = holder.killAndAwait() } }
        let group = try ReuseportGroup(address: port.group.address, backlog: 5)
        let old = try group.adopt(takeDescriptor(3, from: holders[0].pid))
        let new = try group.adopt(takeDescriptor(3, from: holders[1].pid))
        #expect(try group.adopt(takeDescriptor(3, from: holders[1].pid)) === new)
        #expect(old.inode == port.first.inode && new.inode == second.inode)
        try group.sendAll(to: old)
        try group.sendCanary(to: new)
        #expect(port.receivers(among: [old, new]) == [0])
        #expect(port.receivers(from: canary, among: [old, new]) == [1])
        group.close(old)
        #expect(port.receivers(among: [new]) == [0])
        let next = try group.add()
        try group.sendCanary(to: next)
        #expect(port.receivers(from: canary, among: [new, next]) == [1])
        group.closeAll()
    }

    @Test func `what does not listen there is not taken in`() throws {
        let (port, other) = (try OwnedPort(), try OwnedPort())
        let group = try ReuseportGroup(address: port.group.address, backlog: 5)
        #expect(throws: SystemError.self) {
            try group.adopt(FileDescriptor(rawValue: dup(other.first.descriptor.rawValue)))
        }
        #expect(throws: SystemError.self) {
            try group.adopt(FileDescriptor(rawValue: open("/dev/null", O_RDONLY)))
        }
        #expect(port.receivers(among: [port.first]) == [0])
    }
}
