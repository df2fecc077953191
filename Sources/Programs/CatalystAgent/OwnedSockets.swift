internal import LinuxSystem
internal import SystemPackage

/// The listening sockets that the agent owns for one service: the one that users reach, and while an instance takes
/// another's place a second one.
final class OwnedSockets {
    /// As the stack file has it.
    let address: String
    private let group: ReuseportGroup
    /// The one that users reach.
    private(set) var main: ListeningSocket { didSet { onMain() } }
    /// Users go to another socket from now on.
    var onMain: () -> Void = {}
    /// The one they reached before, while it is served still.
    private(set) var previous: ListeningSocket?
    /// Where probes of the second socket have to come from.
    var probeSource: String? { group.isIPv4Loopback ? ReuseportGroup.canarySource : nil }

    init(address: String, backlog: Int) throws(SystemError) {
        self.address = address
        group = try ReuseportGroup(address: address, backlog: backlog)
        main = try group.add()
    }

    /// Takes them back from the processes that have them as descriptor 3, the oldest first; users are at the one of
    /// `main`, or go there from now on.
    init(address: String, backlog: Int, from pids: [Int32], main: Int32) throws(SystemError) {
        self.address = address
        group = try ReuseportGroup(address: address, backlog: backlog)
        var taken: [(pid: Int32, socket: ListeningSocket)] = []
        for pid in pids { taken.append((pid, try group.adopt(takeDescriptor(3, from: pid)))) }
        guard let chosen = taken.first(where: { $0.pid == main }) else {
            throw SystemError("take the socket of '\(address)' back", .noSuchProcess)
        }
        self.main = chosen.socket
        previous = taken.first { $0.pid != main }?.socket
        if previous != nil { try group.sendAll(to: self.main) }
    }

    /// Takes the one back that users reached before, which no process has any more.
    init(address: String, backlog: Int, kept: FileDescriptor) throws(SystemError) {
        self.address = address
        group = try ReuseportGroup(address: address, backlog: backlog)
        main = try group.adopt(kept)
        try group.sendAll(to: main)
    }

    /// Another one, of which nobody but us knows any more: who waits in it is turned away.
    func dispose(of kept: FileDescriptor) {
        guard let socket = try? group.adopt(kept), socket !== main, socket !== previous else {
            return
        }
        // Where it cannot be steered there is no second one.
        try? group.sendAll(to: main)
        group.close(socket)
    }

    /// For an instance that only probes are to reach.
    func openSecond() throws(SystemError) -> ListeningSocket {
        let socket = try group.add()
        do throws(SystemError) {
            try group.sendCanary(to: socket)
        } catch {
            group.close(socket)
            throw error
        }
        return socket
    }

    /// Users reach it from now on; the one they reached before stays open for those who wait in it.
    func admit(to socket: ListeningSocket) throws(SystemError) {
        guard socket !== main else { return }
        try group.sendAll(to: socket)
        previous = main
        main = socket
    }

    /// A new socket for callers to wait in; the one before, or nil where it cannot be.
    func turnOver() -> ListeningSocket? {
        let old = main
        do throws(SystemError) {
            try admit(to: group.add())
            return old
        } catch {
            return nil
        }
    }

    /// Makes it fit for an instance that starts.
    func prepare(_ socket: ListeningSocket) throws(SystemError) { try group.prepare(socket) }

    /// How many connections nobody has taken yet.
    func waiting(in socket: ListeningSocket?) -> Int { socket?.queueLength ?? 0 }

    func close(_ socket: ListeningSocket) {
        if socket === previous { previous = nil }
        guard socket !== main else { return }
        group.close(socket)
    }

    func close() { group.closeAll() }
}
