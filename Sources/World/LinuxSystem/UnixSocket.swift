internal import CLinux
internal import Glibc
package import SystemPackage

/// Unix sockets, never blocking, closed on exec.
package enum UnixSocket {
    /// Listens at `path`. A socket file that nobody answers any more is replaced; one that somebody
    /// answers is an error.
    package static func listen(at path: String, mode: UInt32) throws(SystemError) -> FileDescriptor
    {
        let descriptor = try open(SOCK_STREAM)
        do throws(SystemError) {
            if isAnswered(path) { throw SystemError("listen at '\(path)'", .addressInUse) }
            unlink(path)
            try name(descriptor, path, bind)
            guard chmod(path, mode) == 0, Glibc.listen(descriptor.rawValue, 64) == 0 else {
                throw SystemError("listen at '\(path)'")
            }
            return descriptor
        } catch {
            try? descriptor.close()  // The error to tell is the one before.
            throw error
        }
    }

    /// A datagram socket at `path` (`@…`: an abstract name) whose messages come with their sender's credentials.
    package static func receiver(at path: String) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(SOCK_DGRAM)
        do throws(SystemError) {
            var on: Int32 = 1
            guard setsockopt(descriptor.rawValue, SOL_SOCKET, SO_PASSCRED, &on, 4) == 0 else {
                throw SystemError("receive at '\(path)'")
            }
            try name(descriptor, path, bind)
            return descriptor
        } catch {
            try? descriptor.close()  // The error to tell is the one before.
            throw error
        }
    }

    /// A datagram socket whose messages go to `path` (`@…`: an abstract name).
    package static func sender(to path: String) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(SOCK_DGRAM)
        do throws(SystemError) {
            try name(descriptor, path, connect)
            return descriptor
        } catch {
            try? descriptor.close()  // The error to tell is the one before.
            throw error
        }
    }

    package static func pair() throws(SystemError) -> (ours: FileDescriptor, theirs: FileDescriptor)
    {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, streamType | nonblocking | closeOnExec, 0, &pair) == 0 else {
            throw SystemError("make a socket pair")
        }
        return (FileDescriptor(rawValue: pair[0]), FileDescriptor(rawValue: pair[1]))
    }

    /// The next connection; nil where none waits. Throws where it cannot be taken, and waits on.
    package static func accept(_ listener: FileDescriptor) throws(SystemError) -> FileDescriptor? {
        let descriptor = catalyst_accept(listener.rawValue)
        if descriptor >= 0 { return FileDescriptor(rawValue: descriptor) }
        guard errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM else {
            return nil
        }
        throw SystemError("accept a connection")
    }

    package struct Peer: Equatable, Sendable {
        package let pid: Int32
        package let user: UInt32
        /// Primary and supplementary.
        package let groups: [UInt32]
    }

    package static func peer(of connection: FileDescriptor) throws(SystemError) -> Peer {
        var pid: pid_t = 0
        var user: uid_t = 0
        var group: gid_t = 0
        guard catalyst_peer_credentials(connection.rawValue, &pid, &user, &group) == 0 else {
            throw SystemError("learn who asks")
        }
        var groups = [gid_t](repeating: 0, count: 256)
        let count = catalyst_peer_groups(connection.rawValue, &groups, 256)
        return Peer(pid: pid, user: user, groups: [group] + groups.prefix(max(0, Int(count))))
    }

    /// Whether the process that connected still lives; before Linux 6.5 another one that was given its pid by
    /// now is taken for it.
    package static func isPeerAlive(_ connection: FileDescriptor, _ peer: Peer) -> Bool {
        var pidfd = catalyst_peer_pidfd(connection.rawValue)
        if pidfd < 0, errno == ENOPROTOOPT { pidfd = catalyst_pidfd_open(peer.pid) }
        guard pidfd >= 0 else {
            // Out of descriptors: then by its pid.
            return (errno == EMFILE || errno == ENFILE) && Proc.entry(of: peer.pid) != nil
        }
        defer { close(pidfd) }
        var entry = pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 0
    }

    /// One datagram and its sender; nil where none waits.
    package static func receive(
        from descriptor: FileDescriptor, bytesMax: Int
    ) -> (bytes: [UInt8], peer: Peer)? {
        var pid: pid_t = 0
        var user: uid_t = 0
        var received = -1
        let bytes = [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, count in
            received = catalyst_receive_credentials(
                descriptor.rawValue, buffer.baseAddress, bytesMax, &pid, &user)
            count = max(0, received)
        }
        return received < 0 ? nil : (bytes, Peer(pid: pid, user: user, groups: []))
    }

    /// One datagram with a copy of `descriptor`, never waiting. False: it was not taken.
    package static func send(
        _ text: String, with descriptor: FileDescriptor, over socket: FileDescriptor
    ) -> Bool {
        catalyst_send_descriptor(
            socket.rawValue, text, text.utf8.count, descriptor.rawValue) == text.utf8.count
    }

    static func isAnswered(_ path: String) -> Bool {
        // Without a descriptor nothing can be asked.
        guard let descriptor = try? open(SOCK_STREAM) else { return false }
        defer { try? descriptor.close() }  // Nothing was written to it.
        do throws(SystemError) { try name(descriptor, path, connect) } catch {
            return error.reason == .wouldBlock
        }
        return true
    }

    private static let streamType = Int32(SOCK_STREAM.rawValue)
    private static let nonblocking = Int32(SOCK_NONBLOCK.rawValue)
    private static let closeOnExec = Int32(SOCK_CLOEXEC.rawValue)

    private static func open(_ type: __socket_type) throws(SystemError) -> FileDescriptor {
        let descriptor = socket(AF_UNIX, Int32(type.rawValue) | nonblocking | closeOnExec, 0)
        guard descriptor >= 0 else { throw SystemError("make a socket") }
        return FileDescriptor(rawValue: descriptor)
    }

    /// Binds or connects it.
    static func name(
        _ descriptor: FileDescriptor, _ path: String,
        _ call: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw SystemError("use the socket path '\(path)'", .fileNameTooLong)
        }
        let isAbstract = bytes.first == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call(descriptor.rawValue, $0, socklen_t(length))
            }
        }
        guard result == 0 else { throw SystemError("reach '\(path)'") }
    }
}
