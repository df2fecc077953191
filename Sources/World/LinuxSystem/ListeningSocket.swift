internal import CLinux
internal import Glibc
internal import StackModel
package import SystemPackage

/// A listening socket that the agent owns and a service serves: callers wait in it while nobody does.
///
/// `ReuseportGroup` opens and closes it. The agent's copy is closed on exec, and when nobody in the agent knows
/// it any more. The service's copy is the same socket, so both have one blocking mode. A program gets it
/// *blocking*, as from systemd (`ReuseportGroup.prepare`): plain servers need that, and those that do not
/// (asyncio, gunicorn, node, Go) change it for themselves.
package final class ListeningSocket {
    package let descriptor: FileDescriptor
    /// Where this socket alone can be reached, if it is a Unix socket: a name of its own beside the common one.
    package var ownPath: String? { ownName?.path }
    var ownName: SocketName?
    private var isClosed = false

    init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }

    deinit { closeOurCopy() }

    /// Undoes what an earlier holder did. `ReuseportGroup.prepare` does it too, and more.
    package func makeBlocking() {
        let flags = fcntl(descriptor.rawValue, F_GETFL)
        guard flags >= 0, flags & O_NONBLOCK != 0 else { return }
        _ = fcntl(descriptor.rawValue, F_SETFL, flags & ~O_NONBLOCK)
    }

    /// How many connections nobody has taken yet. Of a Unix socket only whether there are any: 0 or 1.
    package var queueLength: Int {
        let length = catalyst_accept_queue(descriptor.rawValue)
        guard length < 0 else { return Int(length) }
        var poll = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return Glibc.poll(&poll, 1, 0) > 0 && poll.revents & Int16(POLLIN) != 0 ? 1 : 0
    }

    /// The socket's number in /proc: two descriptors with the same one are the same socket.
    var inode: UInt {
        var status = stat()
        return fstat(descriptor.rawValue, &status) == 0 ? UInt(status.st_ino) : 0
    }

    var isListening: Bool { option(SO_ACCEPTCONN) == 1 }
    var sharesItsPort: Bool { option(SO_REUSEPORT) == 1 }

    private func option(_ name: Int32) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(4)
        return getsockopt(descriptor.rawValue, SOL_SOCKET, name, &value, &size) == 0 ? value : -1
    }

    /// Ends it for all that hold it. Closing our copy would leave it in its group, with callers waiting in it, as
    /// long as a process that was given it lives. Who still waits in it is turned away.
    func end() {
        guard !isClosed else { return }
        shutdown(descriptor.rawValue, Int32(SHUT_RDWR))
        closeOurCopy()
    }

    private func closeOurCopy() {
        guard !isClosed else { return }
        isClosed = true
        try? descriptor.close()  // Nothing was written to it.
    }
}
