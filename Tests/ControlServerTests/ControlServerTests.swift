import ControlProtocol
import Glibc
import StackModel
import SystemPackage
import Testing

@testable import ControlServer
@testable import LinuxSystem

/// The server alone, with askers of every manner.
struct ControlServerTests {
    @Test func `a request arrives whole however it was cut, and is answered to its asker`() throws {
        let desk = try Desk()
        let (one, two) = (try Asker(desk.path), try Asker(desk.path))
        one.send(#"{"command":"ver"#)
        try two.send(ControlRequest(.version))
        try desk.turns()
        #expect(try one.reply() == nil)
        #expect(try two.reply()?.message == "version")
        one.send(#"sion"}"# + "\n" + #"{"command":"limits"}"# + "\n")
        try desk.turns()
        #expect(try one.reply()?.message == "version")
        #expect(try one.reply()?.message == "limits")
    }

    /// Root may do everything, so only others can be refused.
    @Test(.enabled(if: geteuid() != 0), arguments: [AccessPolicy.Role.none, .reading, .operating])
    func `who asks decides what may be asked`(role: AccessPolicy.Role) throws {
        let desk = try Desk(role)
        let asker = try Asker(desk.path)
        for (command, least) in [
            (ControlRequest.Command.status, AccessPolicy.Role.reading), (.down, .operating),
        ] {
            try asker.send(ControlRequest(command))
            try desk.turns()
            #expect(try asker.reply()?.error?.code == (role >= least ? nil : .notAllowed))
        }
    }

    @Test func `root, the owner and the groups have their roles`() {
        let policy = AccessPolicy(owner: 1000, readers: 50, operators: 60)
        func role(_ user: UInt32, _ groups: [UInt32]) -> AccessPolicy.Role {
            policy.role(of: UnixSocket.Peer(pid: 1, user: user, groups: groups))
        }
        #expect(role(0, []) == .operating)
        #expect(role(1000, []) == .operating)
        #expect(role(1001, [1, 60]) == .operating)
        #expect(role(1001, [50]) == .reading)
        #expect(role(1001, [50, 60]) == .operating)
        #expect(role(1001, [51]) == .none)
        #expect(
            AccessPolicy(owner: 1, readers: nil, operators: nil).role(
                of: .init(pid: 1, user: 2, groups: [0])) == .none)
    }

    @Test func `idle connections give way to new ones, the longest idle first`() throws {
        let desk = try Desk()
        let askers = try (0..<ControlServerLimits().connections).map { _ in try Asker(desk.path) }
        try desk.turns()
        // The first has something to say, so the second has been silent longest.
        try askers[0].send(ControlRequest(.version))
        try desk.turns()
        let late = try Asker(desk.path)
        try late.send(ControlRequest(.version))
        try desk.turns()
        #expect(try late.reply()?.message == "version")
        #expect(try askers[0].reply()?.message == "version")
        #expect(!askers[0].isOver)
        #expect(askers[1].endsSoon)
        #expect(!askers[2].isOver)
    }

    @Test func `one too many is told so where all others wait for answers`() throws {
        let desk = try Desk()
        let askers = try (0..<ControlServerLimits().connections).map { _ in try Asker(desk.path) }
        for asker in askers { try asker.send(ControlRequest(.events, follow: true)) }
        try desk.turns()
        let late = try Asker(desk.path)
        try desk.turns()
        #expect(try late.reply()?.error?.code == .busy)
        #expect(late.endsSoon)
        #expect(askers.allSatisfy { !$0.isOver })
    }

    @Test func `a follower that does not read is cut off, and no other notices`() throws {
        let desk = try Desk()
        let (deaf, other) = (try Asker(desk.path), try Asker(desk.path))
        try deaf.send(ControlRequest(.events, follow: true))
        try desk.turns()
        var sent = 0
        while desk.followers.first?.isOpen == true, sent < 1000 {
            desk.followers.first?.send(.end(String(repeating: "x", count: 100_000)))
            sent += 1
        }
        #expect((90..<120).contains(sent), "\(sent) replies of 100 kB")
        #expect(desk.closed == 1)
        try other.send(ControlRequest(.version))
        try desk.turns()
        #expect(try other.reply()?.message == "version")
    }

    @Test func `an asker that goes is forgotten`() throws {
        let desk = try Desk()
        for _ in 0..<200 {
            var asker: Asker? = try Asker(desk.path)
            asker?.send("{\"command\"")
            asker = nil
            try desk.turns()
        }
        #expect(desk.closed == 200)
    }

    @Test func `a detached connection is its new owner's`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        try asker.send(ControlRequest(.logs))
        try desk.turns()
        let descriptor = try #require(desk.detached)
        #expect(fcntl(descriptor.rawValue, F_GETFL) & O_NONBLOCK == 0)
        #expect(!asker.isOver)
        try descriptor.close()
        #expect(asker.endsSoon)
    }

    @Test func `an end removes the socket`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        try desk.turns()
        desk.server.close()
        #expect(asker.endsSoon)
        #expect(access(desk.path, F_OK) != 0)
    }
}
