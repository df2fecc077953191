import ControlProtocol
import Glibc
import StackModel
import SystemPackage
import Testing

@testable import ControlServer
@testable import LinuxSystem

/// Those who mean harm: none of it reaches anybody else.
struct HostileTests {
    @Test func `a request that comes byte by byte has a time for all of it`() throws {
        var limits = ControlServerLimits()
        limits.requestTime = .milliseconds(100)
        let desk = try Desk(limits: limits)
        let (slow, other) = (try Asker(desk.path), try Asker(desk.path))
        // As long as it takes them, something comes all the time.
        let isOver = try desk.turns { slow.send(" ") < 0 }
        #expect(isOver)
        let words = try slow.reply()?.error?.message
        #expect(words?.contains("did not end within") == true, "\(words ?? "")")
        try other.send(ControlRequest(.version))
        try desk.turns()
        #expect(try other.reply()?.message == "version")
    }

    @Test func `a whole request is not timed, nor is silence before the limit`() throws {
        var limits = ControlServerLimits()
        limits.requestTime = .milliseconds(1)
        let desk = try Desk(limits: limits)
        let asker = try Asker(desk.path)
        try asker.send(ControlRequest(.reload))
        try desk.turns(50)
        #expect(!asker.isOver)
        desk.answerReload()
        try desk.turns()
        #expect(try asker.reply()?.message == "reloaded")
    }

    @Test func `who asks for a thousand things gets a turn like all others`() throws {
        var limits = ControlServerLimits()
        limits.turnTime = .nanoseconds(1)
        let desk = try Desk(limits: limits)
        let (flood, other) = (try Asker(desk.path), try Asker(desk.path))
        flood.send(String(repeating: #"{"command":"limits"}"# + "\n", count: 700))
        try other.send(ControlRequest(.version))
        #expect(try desk.turns { desk.served.contains(.version) })
        #expect(desk.served.count <= 3, "\(desk.served.count) were served before")
        #expect(try other.reply()?.message == "version")
        let isDone = try desk.turns {
            while try flood.reply() != nil {}
            return desk.served.count == 701
        }
        #expect(isDone)
    }

    @Test func `what is not read is not answered any further`() throws {
        let desk = try Desk()
        let deaf = try Asker(desk.path)
        for _ in 0..<100 { try deaf.send(ControlRequest(.config)) }
        try desk.turns(50)
        #expect(desk.served.count == 1)
        #expect(try desk.turns { try deaf.reply() != nil })
        #expect(try desk.turns { desk.served.count == 2 })
    }

    @Test func `all that is not read has a bound together`() throws {
        var limits = ControlServerLimits()
        limits.outputBytes = 4 << 20
        let desk = try Desk(limits: limits)
        let deaf = try (0..<20).map { _ in try Asker(desk.path) }
        for asker in deaf { try asker.send(ControlRequest(.config)) }
        #expect(try desk.turns { desk.served.count == 20 })
        #expect((14...18).contains(desk.closed), "\(desk.closed) of 20, each with 1 MiB")
    }

    @Test func `a change waits for the one before it`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        try asker.send(ControlRequest(.reload))
        try asker.send(ControlRequest(.down))
        try desk.turns()
        #expect(desk.served == [.reload])
        desk.answerReload()
        try desk.turns()
        #expect(desk.served == [.reload, .down])
        #expect(desk.outcomes == ["reload: reloaded", "down: down"])
    }

    @Test func `who hangs up has still asked, and nobody is told but the record`() throws {
        let desk = try Desk()
        var asker: Asker? = try Asker(desk.path)
        try asker?.send(ControlRequest(.reload))
        try desk.turns()
        asker = nil
        #expect(try desk.turns { desk.closed == 1 })
        #expect(desk.outcomes == ["reload: nobody waited"])
    }

    @Test func `who says no more may still listen`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        try asker.send(ControlRequest(.reload))
        try asker.send(ControlRequest(.version))
        shutdown(asker.descriptor.rawValue, Int32(SHUT_WR))
        try desk.turns(20)
        #expect(!asker.isOver)
        desk.answerReload()
        #expect(try desk.turns { try asker.reply()?.message == "reloaded" })
        #expect(try desk.turns { try asker.reply()?.message == "version" })
        #expect(try desk.turns { desk.closed == 1 })
        #expect(asker.endsSoon)
    }

    @Test func `descriptors that are passed along are closed`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        try desk.turns()
        let pipe = try Pipe()
        #expect(passing(pipe.writeEnd, #"{"command":"version"}"# + "\n", to: asker.descriptor))
        pipe.closeWriteEnd()
        try desk.turns()
        #expect(try asker.reply()?.message == "version")
        var byte: UInt8 = 0
        #expect(read(pipe.readEnd.rawValue, &byte, 1) == 0, "somebody still holds the other end")
        try pipe.readEnd.close()
    }

    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 20_000),
        "\u{0}", "{\"command\":\"sta\u{0}tus\"}", "\"", "{\"command\":\"status\",\"tail\":1e999}",
        "{\"command\":\"status\",\"tail\":99999999999999999999}", "\u{FEFF}{}", "",
        "{\"command\":\"status\",\"command\":\"down\",\"services\":[\"\\ud800\"]}",
    ])
    func `nonsense is answered with a sentence`(line: String) throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        asker.send(line + "\n")
        #expect(try desk.turns { try asker.reply()?.error?.code == .badRequest })
        try asker.send(ControlRequest(.version))
        #expect(try desk.turns { try asker.reply()?.message == "version" })
        #expect(desk.served == [.version])
    }

    @Test func `bytes that are no UTF-8 are answered with a sentence`() throws {
        let desk = try Desk()
        let asker = try Asker(desk.path)
        let bytes =
            Array("{\"command\":\"".utf8) + [0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80]
            + Array("\"}\n".utf8)
        #expect(send(asker.descriptor.rawValue, bytes, bytes.count, 0) == bytes.count)
        #expect(try desk.turns { try asker.reply()?.error?.code == .badRequest })
    }

    @Test func `a service may ask nothing, whoever its user is`() throws {
        let desk = try Desk()
        desk.server.origin = { _ in .service("scanner") }
        let asker = try Asker(desk.path)
        for command in [ControlRequest.Command.status, .down] {
            try asker.send(ControlRequest(command))
            try desk.turns()
            let error = try asker.reply()?.error
            #expect(error?.code == .notAllowed)
            #expect(error?.message.contains("'scanner' is a service") == true)
        }
        #expect(desk.served == [] && desk.refusals.count == 2)
    }

    @Test func `who was gone when it was looked at may look, and change nothing`() throws {
        let desk = try Desk()
        desk.server.origin = { _ in .gone }
        let asker = try Asker(desk.path)
        try asker.send(ControlRequest(.status))
        try asker.send(ControlRequest(.down))
        try desk.turns()
        #expect(try asker.reply()?.message == "status")
        #expect(try asker.reply()?.error?.code == .notAllowed)
    }

    /// As root only others are strangers.
    @Test(.enabled(if: geteuid() != 0)) func `strangers have few places, and only their own`()
        throws
    {
        let desk = try Desk(.none)
        let limits = ControlServerLimits()
        let askers = try (0..<limits.connectionsOfStrangers + 5).map { _ in try Asker(desk.path) }
        try desk.turns()
        #expect(askers.prefix(5).allSatisfy { $0.endsSoon })
        #expect(!askers.dropFirst(5).contains { $0.isOver })
    }

    /// Sends `text` with a descriptor.
    private func passing(_ passed: FileDescriptor, _ text: String, to socket: FileDescriptor)
        -> Bool
    {
        var bytes = Array(text.utf8)
        // cmsghdr: its length as 8 bytes, SOL_SOCKET, SCM_RIGHTS, the descriptor, padding.
        var control = [UInt8](repeating: 0, count: 24)
        control.withUnsafeMutableBytes {
            $0.storeBytes(of: 20, toByteOffset: 0, as: Int.self)
            $0.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            $0.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)
            $0.storeBytes(of: passed.rawValue, toByteOffset: 16, as: Int32.self)
        }
        return bytes.withUnsafeMutableBytes { data in
            control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: data.baseAddress, iov_len: data.count)
                return withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    return sendmsg(socket.rawValue, &message, Int32(MSG_NOSIGNAL)) == data.count
                }
            }
        }
    }
}
