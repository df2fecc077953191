import ControlProtocol
import Glibc
import LinuxSystem
import SystemPackage

@testable import ControlServer

/// A server that answers with the name of the command, keeps those who follow, lets go of those who want logs, and
/// answers a reload only when it is told to.
final class Desk {
    let path: String
    let server: ControlServer
    private let loop: EventLoop
    private(set) var followers: [ControlConnection] = []
    private(set) var detached: FileDescriptor?
    private(set) var closed = 0
    private(set) var served: [ControlRequest.Command] = []
    private(set) var waiting: [ControlConnection] = []
    private(set) var outcomes: [String] = []
    private(set) var refusals: [String] = []

    /// `role`: what this process's user is to the server.
    init(
        _ role: AccessPolicy.Role = .operating, limits: ControlServerLimits = ControlServerLimits()
    ) throws {
        var template = Array("/tmp/catalyst-control-XXXXXX".utf8CString)
        close(mkstemp(&template))
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        unlink(path)
        loop = try EventLoop()
        server = try ControlServer(on: loop, path: path, policy: Self.policy(role), limits: limits)
        server.onRequest = { [unowned self] request, connection in
            served.append(request.command)
            if request.command == .reload {
                waiting.append(connection)
            } else if request.follow == true {
                connection.keepOpen()
                followers.append(connection)
            } else if request.command == .config {
                connection.send(.end(String(repeating: "x", count: 1 << 20)))
            } else if request.command == .logs {
                detached = connection.detach()
            } else {
                connection.send(.end(request.command.rawValue))
            }
        }
        server.onClose = { [unowned self] _ in closed += 1 }
        server.onAnswer = { [unowned self] request, reply, _ in
            outcomes.append("\(request.words): \(reply?.message ?? "nobody waited")")
        }
        server.onRefusal = { [unowned self] request, why, _ in
            refusals.append("\(request.words): \(why)")
        }
    }

    deinit { unlink(path) }

    /// Serves all that is there.
    func turns(_ count: Int = 5) throws {
        for _ in 0..<count { try loop.turn(waitingAtMost: .milliseconds(1)) }
    }

    /// Serves until it is so, at most for a minute.
    func turns(until condition: () throws -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try loop.turn(waitingAtMost: .milliseconds(5))
        }
        return true
    }

    func answerReload() {
        for connection in waiting { connection.send(.end("reloaded")) }
        waiting = []
    }

    private static func policy(_ role: AccessPolicy.Role) -> AccessPolicy {
        switch role {
        case .operating: AccessPolicy(owner: geteuid(), readers: nil, operators: nil)
        case .reading: AccessPolicy(owner: geteuid() &+ 1, readers: getegid(), operators: nil)
        case .none: AccessPolicy(owner: geteuid() &+ 1, readers: nil, operators: nil)
        }
    }
}
