internal import CLinux
internal import Glibc
internal import StackModel
package import SystemPackage

/// The listening sockets of one address: the one that users reach, and while an instance takes another's place a second
/// one beside it.
///
/// For TCP they are the kernel's reuseport group, whose members have indices that a filter chooses by. A member gets
/// the next index when it begins to listen; when one leaves, the last takes its index. This is the only place that
/// knows them. There are two at most: whichever leaves, the other has index 0, and connections reach it whatever the
/// filter says. For Unix sockets it is a matter of names (`ListeningSocket.ownPath`).
package final class ReuseportGroup {
    /// Whether the kernel lets us choose who gets a connection. Without that no second socket can be opened for TCP.
    package static let canSteer = probeSteering()
    /// Who connects from it reaches the socket of `sendCanary`.
    package static let canarySource = "127.0.0.2"

    private static let membersMax = 2

    package let address: String
    private let place: SocketAddress
    private let backlog: Int
    /// In the kernel's order.
    private var members: [ListeningSocket] = []
    /// The one that users reach.
    private weak var chosen: ListeningSocket?

    package init(address: String, backlog: Int) throws(SystemError) {
        self.address = address
        self.backlog = backlog
        place = try SocketAddress(address)
    }

    /// Whether it is an IPv4 loopback address, so that callers from `canarySource` can be told from others.
    package var isIPv4Loopback: Bool { place.kind == .ipv4 && place.port?.isLoopback == true }

    /// Whether a second socket can be opened that users do not reach.
    package var canBeSteered: Bool {
        switch place.kind {
        case .ipv4, .ipv6: Self.canSteer
        case .path: true
        case .abstract: false
        }
    }

    /// Opens a socket. The first gets all connections; a second none before it is sent some.
    package func add() throws(SystemError) -> ListeningSocket {
        guard members.count < Self.membersMax, members.isEmpty || canBeSteered else {
            throw SystemError(
                "open another socket at \(address)", .addressInUse,
                because: canBeSteered
                    ? "two are open: the one before the last is served still"
                    : "the kernel cannot tell who is to reach it")
        }
        // Until the filter says so, some connections would go to the new one.
        if let chosen { try sendAll(to: chosen) }
        let socket = try place.isTCP ? openTCP() : openUnix()
        members.append(socket)
        guard members.count == 1 else { return socket }
        do throws(SystemError) {
            try sendAll(to: socket)
        } catch {
            close(socket)
            throw error
        }
        return socket
    }

    private func openTCP() throws(SystemError) -> ListeningSocket {
        try refuseStrangers()
        return try ListeningSocket(
            at: place, backlog: backlog, in: members.isEmpty ? .alone : .group)
    }

    /// A stranger of our user who bound the port with SO_REUSEPORT would have an index of its own.
    private func refuseStrangers() throws(SystemError) {
        guard let port = place.port, let first = members.first else { return }
        let known = Set(members.map { String($0.inode) })
        for inode in port.listeners(besides: String(first.inode)) where !known.contains(inode) {
            throw SystemError(
                "open another socket at \(address)", .addressInUse,
                because: (port.owner(ofAny: [inode]) ?? "another process") + " listens there too")
        }
    }

    private func openUnix() throws(SystemError) -> ListeningSocket {
        if members.isEmpty, place.kind == .path { try ListeningSocket.checkFree(address) }
        return try ListeningSocket(
            unix: place, backlog: backlog, beside: members.compactMap(\.ownPath))
    }

    /// Takes in a socket that came back from a process: all of them, in the order they were opened, before any other
    /// call. Afterwards say who gets the connections. The descriptor is ours from then on, also where it is refused.
    package func adopt(_ descriptor: FileDescriptor) throws(SystemError) -> ListeningSocket {
        let socket = ListeningSocket(descriptor)
        if let same = members.first(where: { $0.inode == socket.inode }) {
            return same
        }
        guard isOurs(socket), members.count < Self.membersMax else {
            throw SystemError(
                "take a socket of \(address) back", .invalidArgument,
                because: "what came back does not listen there")
        }
        _ = fcntl(descriptor.rawValue, F_SETFD, FD_CLOEXEC)
        members.append(socket)
        chosen = socket
        return socket
    }

    private func isOurs(_ socket: ListeningSocket) -> Bool {
        guard socket.isListening else { return false }
        guard !place.isTCP else {
            return socket.sharesItsPort && place.isName(of: socket.descriptor)
        }
        guard let path = socket.boundPath else { return false }
        guard place.kind == .path else { return path == address }
        socket.ownName = SocketName(path)
        return path.hasPrefix(address + ".")
    }

    /// All new connections go to it.
    package func sendAll(to socket: ListeningSocket) throws(SystemError) {
        try attach(canary: nil, others: socket)
        chosen = socket
    }

    /// New connections from `canarySource` go to it, all others where they went before. Where callers cannot be told
    /// apart (IPv6) it gets none; a Unix socket is reached at its `ownPath`.
    package func sendCanary(to socket: ListeningSocket) throws(SystemError) {
        guard let chosen else { return }
        try attach(canary: isIPv4Loopback ? socket : nil, others: chosen)
    }

    private func attach(
        canary: ListeningSocket?, others: ListeningSocket
    ) throws(SystemError) {
        guard let index = members.firstIndex(where: { $0 === others }) else {
            throw SystemError(
                "steer connections to \(address)", .badFileDescriptor,
                because: "the socket is closed")
        }
        switch place.kind {
        case .abstract: return
        case .path: return try others.publish(at: address)
        // One alone gets all: a kernel without filters need not be asked.
        case .ipv4, .ipv6: if members.count == 1, !Self.canSteer { return }
        }
        let canaryIndex = members.firstIndex { $0 === canary } ?? index
        let source = canary == nil ? 0 : UInt32(bigEndian: inet_addr(Self.canarySource))
        guard
            catalyst_steer(others.descriptor.rawValue, source, UInt32(canaryIndex), UInt32(index))
                == 0
        else { throw SystemError("steer connections to \(address)") }
    }

    /// Makes it fit for a program that starts: blocking, and listening even where an earlier holder ended it for all.
    package func prepare(_ socket: ListeningSocket) throws(SystemError) {
        socket.makeBlocking()
        guard place.isTCP, !socket.isListening,
            let index = members.firstIndex(where: { $0 === socket })
        else { return }
        guard listen(socket.descriptor.rawValue, Int32(clamping: backlog)) == 0 else {
            throw SystemError("listen at \(address) again")
        }
        // It joins its group anew.
        members.append(members.remove(at: index))
        if let chosen { try sendAll(to: chosen) }
    }

    /// How many connections wait in it.
    package func queueLength(of socket: ListeningSocket) -> Int { socket.queueLength }

    /// Ends it for everybody who holds it, also for a process that lingers. Who still waits in it is turned away.
    package func close(_ socket: ListeningSocket) {
        guard let index = members.firstIndex(where: { $0 === socket }) else { return }
        if place.kind == .path { socket.removeNames(address) }
        socket.end()
        // Of two, the other has index 0 now: so says the kernel too.
        members.remove(at: index)
        if chosen == nil || chosen === socket { chosen = members.first }
        // Users of a Unix socket's name went to the one that is gone. Nobody is left to tell of a failure.
        if place.kind == .path, let chosen { try? chosen.publish(at: address) }
    }

    package func closeAll() {
        while let socket = members.last { close(socket) }
    }

    /// Asks the kernel with a socket that nobody reaches.
    private static func probeSteering() -> Bool {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var on: Int32 = 1
        return setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, 4) == 0
            && catalyst_steer(descriptor, 0, 0, 0) == 0
    }
}
