import Glibc
import Synchronization

/// A control socket that answers every request with a recorded text, then hangs up or stays silent.
final class TinyAgent: Sendable {
    enum Ending { case hangUp, silence }

    let directory: String
    var path: String { directory + "/control.sock" }
    private let listener: Int32
    private let asked = Mutex<[String]>([])
    private let silent = Mutex<[Int32]>([])

    /// What it was asked so far, one line each.
    var requests: [String] { asked.withLock { $0 } }

    /// `answers` belong to the first, second … connection; the last one to all that follow.
    init(answers: [String], then ending: Ending = .hangUp) throws {
        directory = try temporaryDirectory()
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) { bytes in
            bind(
                listener, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(bytes.count))
        }
        guard bound == 0, listen(listener, 8) == 0 else {
            throw TestFailure("cannot listen: \(errno)")
        }
        startThread { [self] in
            var count = 0
            while true {
                let connection = accept(listener, nil, nil)
                if connection < 0 { return }
                // Children of other tests must not keep it open.
                _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
                serve(connection, answers[min(count, answers.count - 1)], ending)
                count += 1
            }
        }
    }

    convenience init(_ answer: String, then ending: Ending = .hangUp) throws {
        try self.init(answers: [answer], then: ending)
    }

    /// Ends the thread and removes the socket.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        unlink(path)
        rmdir(directory)
        silent.withLock { connections in connections.forEach { close($0) } }
    }

    private func serve(_ connection: Int32, _ answer: String, _ ending: Ending) {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(connection, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        asked.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        var rest = Array(answer.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            rest = rest.dropFirst(count)
        }
        switch ending {
        case .hangUp: close(connection)
        case .silence: silent.withLock { $0.append(connection) }
        }
    }
}

struct TestFailure: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

func temporaryDirectory() throws -> String {
    var template = Array("/tmp/catalystctl-tests-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("cannot make a directory: \(errno)") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

func startThread(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    pthread_create(
        &thread, nil,
        { pointer in
            if let pointer { Unmanaged<ThreadBody>.fromOpaque(pointer).takeRetainedValue().run() }
            return nil
        }, Unmanaged.passRetained(ThreadBody(run: body)).toOpaque())
    pthread_detach(thread)
}

/// A closure that C can hold.
private final class ThreadBody {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
}
