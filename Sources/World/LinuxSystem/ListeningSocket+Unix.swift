internal import CLinux
internal import Glibc
internal import SystemPackage

/// A Unix socket has a name of its own, `/run/app.sock.1`; the common name `/run/app.sock` is a second link to
/// the one that users reach. So two can listen at once, users change from one to the other in one rename, and
/// which is which can be read from the files.
extension ListeningSocket {
    /// Everybody may connect who can reach the directory: systemd's default, and what a proxy of another user needs.
    private static let mode: mode_t = 0o666
    private static let ownNames = 1...9

    /// Not reachable by the common name yet. An abstract name cannot have a second link: it is reachable at once.
    convenience init(
        unix address: SocketAddress, backlog: Int, beside others: [String]
    ) throws(SystemError) {
        let name =
            address.kind == .path
            ? try Self.freeName(for: address.text, beside: others) : address.text
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(AF_UNIX, type, 0)
        guard number >= 0 else { throw SystemError("make a socket for \(address.text)") }
        self.init(FileDescriptor(rawValue: number))
        try bind(name, address)
        guard listen(number, Int32(clamping: backlog)) == 0 else {
            throw SystemError("own \(address.text)")
        }
    }

    private func bind(_ name: String, _ address: SocketAddress) throws(SystemError) {
        do throws(SystemError) {
            try UnixSocket.name(descriptor, name, Glibc.bind)
        } catch {
            let isTaken = error.reason == .addressInUse
            throw SystemError(
                "own \(address.text)", error.reason,
                because: isTaken ? "another process listens there" : nil)
        }
        guard address.kind == .path else { return }
        ownName = SocketName(name)
        guard chmod(name, Self.mode) == 0 else { throw SystemError("own \(address.text)") }
    }

    private static func freeName(
        for path: String, beside others: [String]
    ) throws(SystemError) -> String {
        for number in ownNames {
            let name = "\(path).\(number)"
            // One of ours is not asked: the question would wait in it as a caller.
            if others.contains(name) { continue }
            guard let mark = FileMark(name) else { return name }
            guard mark.isSocket, !UnixSocket.isAnswered(name) else { continue }
            unlink(name)
            return name
        }
        throw SystemError(
            "own \(path)", .fileExists, because: "'\(path).1' and all others up to 9 are in use")
    }

    /// Whether the common name can be taken: it is free, or a socket that nobody serves any more.
    static func checkFree(_ path: String) throws(SystemError) {
        guard let mark = FileMark(path) else { return }
        guard mark.isSocket else {
            throw SystemError(
                "own \(path)", .fileExists, because: "a file is there that is no socket")
        }
        guard !UnixSocket.isAnswered(path) else {
            throw SystemError(
                "own \(path)", .addressInUse, because: "another process listens there")
        }
    }

    /// Users who connect to `path` reach this socket from now on.
    func publish(at path: String) throws(SystemError) {
        guard let ownName, ownName.isThere else {
            throw SystemError(
                "send users of \(path) to another socket", .noSuchFileOrDirectory,
                because: "somebody removed '\(ownPath ?? path)'")
        }
        // rename(2) does nothing where both are the same file, and the temporary one would stay.
        guard ownName.mark != FileMark(path) else { return }
        let temporary = path + ".next"
        unlink(temporary)
        guard link(ownName.path, temporary) == 0, rename(temporary, path) == 0 else {
            let error = SystemError("send users of \(path) to another socket")
            unlink(temporary)
            throw error
        }
    }

    /// Removes its names, unless somebody else has them by now.
    func removeNames(_ path: String) {
        guard let ownName else { return }
        if ownName.mark == FileMark(path) { unlink(path) }
        if ownName.isThere { unlink(ownName.path) }
    }

    /// The name that it was bound to.
    var boundPath: String? {
        var address = sockaddr_un()
        var size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor.rawValue, $0, &size)
            }
        }
        guard result == 0, address.sun_family == sa_family_t(AF_UNIX) else { return nil }
        let length = max(0, Int(size) - MemoryLayout<sa_family_t>.size)
        let bytes = withUnsafeBytes(of: &address.sun_path) { Array($0.prefix(length)) }
        // An abstract name begins with a zero, and ends where the kernel says; the others end with one.
        return bytes.first == 0
            ? "@" + String(decoding: bytes.dropFirst(), as: UTF8.self)
            : String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}

/// A socket's own name, and the file that it was when the socket got it.
struct SocketName {
    let path: String
    fileprivate let mark: FileMark?

    init(_ path: String) {
        self.path = path
        mark = FileMark(path)
    }

    fileprivate var isThere: Bool { mark != nil && mark == FileMark(path) }
}

/// Which file a path leads to.
private struct FileMark: Equatable {
    let device: UInt
    let inode: UInt
    let isSocket: Bool

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        isSocket = status.st_mode & S_IFMT == S_IFSOCK
    }
}
