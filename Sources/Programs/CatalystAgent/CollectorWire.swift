internal import CollectorProtocol
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import SystemPackage

/// The socket to one collector: requests out, replies in. Gone with that collector.
final class CollectorWire {
    private unowned let loop: EventLoop
    private let socket: FileDescriptor
    private var input = LineBuffer(lineBytesMax: CollectorLimits.replyBytesMax)
    private var output: [UInt8] = []
    private var isOpen = true
    private let onReply: (CollectorReply) -> Void
    /// It speaks nonsense, or does not read.
    private let onNonsense: (String) -> Void

    /// Questions that wait for a busy collector. It reads all the time: more means that it hangs.
    private static let outputBytesMax = 4 << 20

    /// Takes `socket`. Both are called on the loop, until the wire is closed.
    init(
        _ socket: FileDescriptor, on loop: EventLoop,
        onReply: @escaping (CollectorReply) -> Void, onNonsense: @escaping (String) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.socket = socket
        self.onReply = onReply
        self.onNonsense = onNonsense
        try loop.watch(socket, for: .readable, rank: .signsOfLife) { [weak self] in
            self?.serve($0)
        }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.unwatch(socket)
        try? socket.close()  // What was under way is asked again.
    }

    func send(_ request: CollectorRequest) {
        // Requests are always encodable.
        guard isOpen, let line = try? JSONLines.encode(request) else { return }
        output += line
        flush()
        if output.count > Self.outputBytesMax {
            onNonsense("the collector does not read its questions")
        }
    }

    private func flush() {
        while !output.isEmpty {
            let count = Glibc.send(socket.rawValue, output, output.count, Int32(MSG_NOSIGNAL))
            if count < 0 { break }
            output.removeFirst(count)
        }
        try? loop.setInterest(socket, output.isEmpty ? .readable : [.readable, .writable])
    }

    private func serve(_ interest: EventLoop.Interest) {
        if interest.contains(.writable) { flush() }
        guard isOpen else { return }
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = read(socket.rawValue, &chunk, chunk.count)
        if count == 0 {
            // Its exit is told by its pidfd; until then it is as good as gone.
            loop.unwatch(socket)
            return
        }
        guard count > 0 else { return }
        input.append(chunk.prefix(count))
        do {
            while isOpen, let line = try input.next() {
                onReply(try JSONLines.decode(CollectorReply.self, from: line))
            }
        } catch {
            onNonsense("cannot understand the collector: \(error)")
        }
    }
}
