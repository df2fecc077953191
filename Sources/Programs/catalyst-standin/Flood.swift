@preconcurrency internal import Glibc
internal import Synchronization

/// Writes log lines on a thread of its own, as fast as it was told to or as stdout takes them.
final class Flood: Sendable {
    private let isOver = Atomic(false)
    private let bytesPerSecond: Int

    init(bytesPerSecond: Int) {
        self.bytesPerSecond = bytesPerSecond
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Flood>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        if started == 0 { pthread_detach(thread) }
    }

    func stop() { isOver.store(true, ordering: .relaxed) }

    private func run() {
        let line = Array((String(repeating: "catalyst ", count: 11) + "\n").utf8)
        let block = Array(repeating: line, count: 640).flatMap { $0 }
        while !isOver.load(ordering: .relaxed) {
            // Twenty portions a second, so that it flows rather than bursts.
            let portion =
                bytesPerSecond == 0 ? block.count : min(block.count, max(1, bytesPerSecond / 20))
            guard write(STDOUT_FILENO, block, portion) >= 0 || errno == EINTR else { return }
            if bytesPerSecond > 0 { usleep(UInt32(1_000_000 * portion / bytesPerSecond)) }
        }
    }
}
