import Glibc

/// What a test could not do, in words.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A directory of one test's own, gone with it.
final class Folder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/catalyst-e2e-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure("cannot make a directory: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { removeTree(path) }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        // At once: whoever reads it meanwhile sees the old text or the new one.
        let descriptor = open(file + "~", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw Failure("cannot write '\(file)': \(errno)") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count,
            rename(file + "~", file) == 0
        else { throw Failure("cannot write '\(file)': \(errno)") }
        return file
    }

    /// A script that can be run.
    func script(_ text: String, _ name: String) throws -> String {
        try write(text, to: name, mode: 0o755)
    }

    func text(of name: String) -> String? { contents(of: "\(path)/\(name)") }
}

func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { break }
        bytes += chunk.prefix(count)
    }
    return String(decoding: bytes, as: UTF8.self)
}

func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let item = readdir(directory) {
        let name = withUnsafePointer(to: &item.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names
}

func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else { return _ = unlink(path) }
    chmod(path, 0o700)  // Releases are read-only.
    for name in names(in: path) { removeTree("\(path)/\(name)") }
    rmdir(path)
}

/// How long a busy machine may take for anything: only a test that fails waits for it.
let patience = Duration.seconds(60)

/// Whether `condition` comes true in time.
func holds(within limit: Duration = patience, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + limit
    while true {
        let isLast = ContinuousClock.now >= deadline
        if try condition() { return true }
        if isLast { return false }
        usleep(25_000)
    }
}

/// A port of loopback that nobody uses, below those that the kernel gives to clients, and given to one test only.
func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
        let port = UInt16.random(in: 10_000..<30_000)
        guard ports.withLock({ $0.insert(port).inserted }), isFree(port) else { continue }
        return port
    }
    throw Failure("there is no free port")
}

private let ports = Guarded<Set<UInt16>>([])

private func isFree(_ port: UInt16) -> Bool {
    guard let socket = try? Listener(port: port) else { return false }  // Taken is an answer.
    socket.stop()
    return true
}

/// Listens on a port of loopback, and accepts nothing.
final class Listener: Sendable {
    private let descriptor: CInt

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, listen(descriptor, 8) == 0 else {
            let reason = errno
            close(descriptor)
            throw Failure("cannot listen on \(port): \(reason)")
        }
    }

    func stop() { close(descriptor) }
}

/// A value that several tests share.
final class Guarded<Value>: @unchecked Sendable {
    private var value: Value
    private var mutex = pthread_mutex_t()

    init(_ value: Value) {
        self.value = value
        pthread_mutex_init(&mutex, nil)
    }

    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(&mutex)
        defer { pthread_mutex_unlock(&mutex) }
        return try body(&value)
    }
}
