import CLinux
import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

struct ListeningSocketTests {
    @Test func `callers wait while nobody serves, and are counted`() throws {
        let port = try OwnedPort()
        let callers = (0..<7).compactMap { _ in Caller(port: port.number) }
        #expect(callers.count == 7)
        #expect(port.group.queueLength(of: port.first) == 7)
        port.first.takeOne()
        #expect(port.group.queueLength(of: port.first) == 6)
        for caller in callers { caller.hangUp() }
    }

    @Test func `it is handed over blocking, at once acknowledging, and not to everybody`() throws {
        let port = try OwnedPort()
        let number = port.first.descriptor.rawValue
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK == 0)
        #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
        var noDelay: Int32 = 0
        var size = socklen_t(4)
        getsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, &size)
        #expect(noDelay == 1)
        _ = fcntl(number, F_SETFL, O_NONBLOCK)
        try port.group.prepare(port.first)
        #expect(fcntl(number, F_GETFL) & O_NONBLOCK == 0)
    }

    @Test func `a port that is taken says by whom`() throws {
        let port = try OwnedPort()
        let other = try ReuseportGroup(address: port.group.address, backlog: 5)
        let failure = #expect(throws: SystemError.self) { try other.add() }
        let me = "'\(Proc.name(of: getpid()) ?? "")' (pid \(getpid()))"
        #expect(failure?.description == "cannot own \(port.group.address): \(me) listens there")
        #expect(failure?.reason == .addressInUse)
    }

    @Test func `a port of everybody's address is taken as well`() throws {
        let port = try OwnedPort(host: "0.0.0.0")
        #expect(throws: SystemError.self) {
            try ReuseportGroup(address: "127.0.0.1:\(port.number)", backlog: 5).add()
        }
    }

    @Test func `a port can be had again at once after connections`() throws {
        let port = try OwnedPort()
        for _ in 0..<3 {
            let caller = try #require(Caller(port: port.number))
            // The server closes first: its end lingers in TIME_WAIT.
            port.first.takeOne()
            #expect(caller.hear().isEmpty)
            caller.hangUp()
        }
        port.group.closeAll()
        _ = try port.group.add()
    }

    @Test(arguments: [
        "", "5001", ":5001", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
        "127.0.0.1:+80", "localhost:5001", "::1:5001", "[::1]", "[127.0.0.1]:5001", "[]:80",
        "run/app.sock",
    ])
    func `what is no address is told`(_ text: String) {
        let failure = #expect(throws: SystemError.self) {
            try ReuseportGroup(address: text, backlog: 5)
        }
        #expect(failure?.description.hasPrefix("cannot listen at '\(text)': it is no") == true)
    }

    @Test func `an address of another host is told`() {
        let failure = #expect(throws: SystemError.self) {
            try ReuseportGroup(address: "192.0.2.1:15000", backlog: 5).add()
        }
        #expect(
            failure?.description == "cannot own 192.0.2.1:15000: this host has no address 192.0.2.1"
        )
    }

    @Test func `who lets go of a socket without closing it leaves it to its holders`() throws {
        let port = try OwnedPort()
        var request = SpawnRequest.of("sleep", "1000")
        request.descriptors = [port.first.descriptor]
        let holder = try request.spawn()
        defer { _ = holder.killAndAwait() }
        do {
            let copy = ListeningSocket(
                FileDescriptor(rawValue: dup(port.first.descriptor.rawValue)))
            #expect(copy.isListening)
        }
        #expect(port.first.isListening)
        #expect(port.receivers(among: [port.first]) == [0])
    }

    @Test func `a descriptor comes back from the process that has it`() throws {
        try #require(canTakeDescriptors)
        let port = try OwnedPort()
        var request = SpawnRequest.of("sleep", "1000")
        request.descriptors = [port.first.descriptor]
        let holder = try request.spawn()
        let taken = try takeDescriptor(3, from: holder.pid)
        #expect(ListeningSocket(taken).inode == port.first.inode)
        let failure = #expect(throws: SystemError.self) {
            try takeDescriptor(900, from: holder.pid)
        }
        #expect(
            failure?.description
                == "cannot take descriptor 900 of process \(holder.pid): it has none of that number"
        )
        _ = holder.killAndAwait()
        #expect(throws: SystemError("take descriptor 3 of process \(holder.pid)", .noSuchProcess)) {
            try takeDescriptor(3, from: holder.pid)
        }
    }
}

/// A sandbox may forbid it.
let canTakeDescriptors: Bool = {
    guard let copy = try? takeDescriptor(0, from: getpid()) else { return false }
    try? copy.close()  // It was only a try.
    return true
}()
