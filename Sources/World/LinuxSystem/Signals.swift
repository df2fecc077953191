internal import CLinux
internal import Glibc
package import StackModel
internal import SystemPackage

/// Signals as events: blocked everywhere, read from a descriptor.
package struct Signals {
    private let descriptor: FileDescriptor

    /// Blocks `signals` and ignores SIGPIPE. Call it before any thread is made: threads inherit the mask.
    package init(_ signals: [SignalName]) throws(SystemError) {
        let numbers = signals.map(\.number)
        let result = catalyst_signalfd(numbers, numbers.count)
        guard result >= 0 else { throw SystemError("make a signalfd") }
        descriptor = FileDescriptor(rawValue: result)
    }

    /// Calls `handler` for each signal that arrives; several of one kind may arrive as one.
    package func deliver(
        on loop: EventLoop, rank: EventLoop.Rank, to handler: @escaping (SignalName) -> Void
    ) throws(SystemError) {
        let descriptor = descriptor.rawValue
        try loop.watch(self.descriptor, for: .readable, rank: rank) { _ in
            var arrived = signalfd_siginfo()
            while read(descriptor, &arrived, MemoryLayout<signalfd_siginfo>.size) > 0 {
                handler(SignalName(number: Int32(arrived.ssi_signo)))
            }
        }
    }
}
