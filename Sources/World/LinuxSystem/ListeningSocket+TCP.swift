internal import CLinux
internal import Glibc
internal import StackModel
internal import SystemPackage

extension ListeningSocket {
    /// Whether others listen at an address already.
    enum Company {
        /// Nobody does, and whoever does is told of.
        case alone
        /// Sockets of ours do.
        case group
    }

    convenience init(
        at address: SocketAddress, backlog: Int, in company: Company
    ) throws(SystemError) {
        let family = address.kind == .ipv4 ? AF_INET : AF_INET6
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family, type, 0)
        guard number >= 0 else { throw SystemError("make a socket for \(address.text)") }
        self.init(FileDescriptor(rawValue: number))
        guard open(at: address, backlog: backlog, in: company) else {
            let reason = Errno.current
            throw SystemError(
                "own \(address.text)", reason, because: Self.words(for: reason, at: address))
        }
    }

    private func open(at address: SocketAddress, backlog: Int, in company: Company) -> Bool {
        // The kernel lets a stranger of our user share the port if both bound it with SO_REUSEPORT: the
        // first of a group is bound without it.
        switch company {
        case .alone:
            set(SOL_SOCKET, SO_REUSEADDR) && only(address) && address.bind(descriptor)
                && set(SOL_SOCKET, SO_REUSEPORT) && listen(backlog)
        case .group:
            set(SOL_SOCKET, SO_REUSEADDR) && only(address) && set(SOL_SOCKET, SO_REUSEPORT)
                && address.bind(descriptor) && listen(backlog)
        }
    }

    /// `[::]` is IPv6 alone: what listens for IPv4 is said in an address of its own.
    private func only(_ address: SocketAddress) -> Bool {
        address.kind == .ipv4 || set(Int32(IPPROTO_IPV6), IPV6_V6ONLY)
    }

    private func listen(_ backlog: Int) -> Bool {
        // Connections inherit it. Servers that take a socket by its number often forget it, and each
        // answer then waits 40 ms for an acknowledgement.
        set(Int32(IPPROTO_TCP), TCP_NODELAY)
            && Glibc.listen(descriptor.rawValue, Int32(clamping: backlog)) == 0
    }

    private func set(_ level: Int32, _ option: Int32) -> Bool {
        var on: Int32 = 1
        return setsockopt(descriptor.rawValue, level, option, &on, 4) == 0
    }

    private static func words(for reason: Errno, at address: SocketAddress) -> String? {
        guard let port = address.port else { return nil }
        return switch reason {
        case .addressInUse where port.isListenedAt: "\(port.ownerWords) listens there"
        case .addressInUse: "a connection of another process uses port \(port.number)"
        case .permissionDenied: "permission denied: a port below 1024 is for root"
        case .addressNotAvailable: "this host has no address \(port.address)"
        default: nil
        }
    }
}
