internal import CLinux
internal import Glibc
package import StackModel
internal import SystemPackage

/// Waits for all children: the ones we started, by pidfd, and the orphans that became ours, by SIGCHLD.
package final class Reaper {
    private let loop: EventLoop
    private var children: [Int32: (pidfd: FileDescriptor, onExit: (ExitReason) -> Void)] = [:]
    /// An orphan was reaped: a process tree may have become empty.
    package var onOrphan: (_ pid: Int32) -> Void = { _ in }

    /// Exits served before other events get their turn: a fork bomb's orphans must not take the loop.
    private static let exitsPerTurnMax = 256

    /// `adoptsOrphans`: what outlives its parent below this process becomes ours, to be reaped with `reapOrphans`.
    package init(on loop: EventLoop, adoptsOrphans: Bool = true) throws(SystemError) {
        self.loop = loop
        guard adoptsOrphans else { return }
        // As PID 1 orphans come here anyway, and the call changes nothing.
        guard catalyst_become_subreaper() == 0 else { throw SystemError("become a subreaper") }
    }

    /// Calls `onExit` once, when `child` has ended. Call it in the same turn as the spawn.
    package func watch(_ child: Child, onExit: @escaping (ExitReason) -> Void) throws(SystemError) {
        if let (earlier, _) = children[child.pid] {
            // Watched again, by another descriptor: two would both be ready for ever after one was served.
            loop.unwatch(earlier)
            try? earlier.close()  // Nothing was written to it.
        }
        children[child.pid] = (child.pidfd, onExit)
        try loop.watch(child.pidfd, for: .readable, rank: .signsOfDeath) { [unowned self] _ in
            reap(child)
        }
    }

    package func isChild(_ pid: Int32) -> Bool { children[pid] != nil }

    package func send(_ signal: SignalName, to child: Child) {
        guard children[child.pid] != nil else { return }
        _ = catalyst_pidfd_send_signal(child.pidfd.rawValue, signal.number)
    }

    /// Call it on SIGCHLD.
    package func reapOrphans() {
        for _ in 0..<Self.exitsPerTurnMax {
            var code: Int32 = 0
            var status: Int32 = 0
            let pid = catalyst_wait_any(&code, &status)
            guard pid > 0 else { return }
            if children[pid] != nil {
                finish(pid, ExitReason(code: code, status: status))
            } else {
                onOrphan(pid)
            }
        }
        loop.setAlarm(after: .zero) { [weak self] in self?.reapOrphans() }
    }

    private func reap(_ child: Child) {
        var code: Int32 = 0
        var status: Int32 = 0
        switch catalyst_wait_pidfd(child.pidfd.rawValue, &code, &status) {
        case 1: finish(child.pid, ExitReason(code: code, status: status))
        case 0: return
        // ECHILD: it was somebody else's child, and they took its status.
        default: finish(child.pid, .unknown)
        }
    }

    private func finish(_ pid: Int32, _ reason: ExitReason) {
        guard let (pidfd, onExit) = children.removeValue(forKey: pid) else { return }
        loop.unwatch(pidfd)
        try? pidfd.close()  // Nothing was written to it.
        onExit(reason)
    }
}

extension ExitReason {
    /// From siginfo's si_code and si_status.
    init(code: Int32, status: Int32) {
        self =
            switch Int(code) {
            case CLD_EXITED: .exited(code: status)
            case CLD_KILLED: .signaled(SignalName(number: status), coreDumped: false)
            case CLD_DUMPED: .signaled(SignalName(number: status), coreDumped: true)
            default: .unknown
            }
    }
}
