import ControlProtocol
import Glibc
import LinuxSystem
import SystemPackage

@testable import ControlServer

/// A server that answers with the name of the command, keeps those who follow, and lets go of those who want logs.
final class Desk {
    let path: String
    let server: ControlServer
    private let loop: EventLoop
    private(set) var followers: [ControlConnection] = []
    private(set) var detached: FileDescriptor?
    private(set) var closed = 0

    /// `role`: what this process's user is to the server.
    init(_ role: AccessPolicy.Role = .operating) throws {
        var template = Array("/tmp/catalyst-control-XXXXXX".utf8CString)
        close(mkstemp(&template))
        path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        unlink(path)
        loop = try EventLoop()
        server = try ControlServer(on: loop, path: path, policy: Self.policy(role))
        server.onRequest = { [unowned self] request, connection in
            if request.follow == true {
                connection.keepOpen()
                followers.append(connection)
            } else if request.command == .logs {
                detached = connection.detach()
            } else {
                connection.send(.end(request.command.rawValue))
            }
        }
        server.onClose = { [unowned self] _ in closed += 1 }
    }

    deinit { unlink(path) }

    /// Serves all that is there.
    func turns() throws {
        for _ in 0..<5 { try loop.turn(waitingAtMost: .milliseconds(1)) }
    }

    private static func policy(_ role: AccessPolicy.Role) -> AccessPolicy {
        switch role {
        case .operating: AccessPolicy(owner: geteuid(), readers: nil, operators: nil)
        case .reading: AccessPolicy(owner: geteuid() &+ 1, readers: getegid(), operators: nil)
        case .none: AccessPolicy(owner: geteuid() &+ 1, readers: nil, operators: nil)
        }
    }
}
