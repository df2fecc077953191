internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// Writes files of the agent on a thread of its own: the loop does not wait for a disk.
///
/// Of a file that changes faster than the disk only the newest content is written.
final class StateKeeper: @unchecked Sendable {
    private let thread = WorkerThread(named: "state", capacity: 64)
    private let inlet: Inlet
    /// Of this boot: what a death of the agent must not cost, but a death of the machine may.
    private let momentary = Latest()
    private let lasting = Latest()
    /// How often a state was to be saved, and up to which of them all is on disk, or told to have failed.
    private(set) var asked = 0
    private(set) var settled = 0
    /// A file could not be written: called on the loop.
    var onFailure: (String) -> Void = { _ in }

    init(inlet: Inlet) { self.inlet = inlet }

    /// The wishes.
    func save(_ state: RememberedState, to path: String) {
        asked += 1
        lasting.next = state
        let number = asked
        write(lasting, to: path, isSynced: true) { [self] in settled = number }
    }

    /// All of it, for an agent that follows in this boot.
    func note(_ state: RememberedState, at path: String, done: @escaping () -> Void) {
        momentary.next = state
        write(momentary, to: path, isSynced: false, done: done)
    }

    private func write(
        _ latest: Latest, to path: String, isSynced: Bool, done: @escaping () -> Void
    ) {
        guard !latest.isWriting, let state = latest.next else { return latest.done.append(done) }
        latest.next = nil
        latest.isWriting = true
        let finish = LoopCall<String?> { [self] failure in
            latest.isWriting = false
            done()
            if let failure { onFailure(failure) }
            guard latest.next != nil else { return }
            let waiting = latest.done
            latest.done = []
            write(latest, to: path, isSynced: isSynced) { for done in waiting { done() } }
        }
        let isPosted = thread.post { [self] in
            let failure = Self.write(state, to: path, isSynced: isSynced)
            inlet.post { finish.body(failure) }
        }
        if !isPosted { finish.body(nil) }
    }

    /// The loop's, but for what is written.
    private final class Latest: @unchecked Sendable {
        var isWriting = false
        var next: RememberedState?
        /// Called when `next` is written.
        var done: [() -> Void] = []
    }

    func save(_ stack: StackSpec, to path: String) {
        thread.post { [self] in
            guard let failure = Self.write(stack, to: path) else { return }
            inlet.post { [self] in onFailure(failure) }
        }
    }

    /// Calls `done` on the loop, with what went wrong.
    func save(_ stacks: [(StackSpec, path: String)], done: @escaping (String?) -> Void) {
        let answer = LoopCall(done)
        let isPosted = thread.post { [self] in
            let failures = stacks.compactMap { Self.write($0.0, to: $0.path) }
            inlet.post { answer.body(failures.first) }
        }
        if !isPosted { done("too much waits for the disk") }
    }

    /// They are not needed any more.
    func remove(_ paths: [String]) {
        thread.post { for path in paths { unlink(path) } }
    }

    /// Ends when all is written.
    func finish() { thread.finish() }

    /// What went wrong, in words. The files may hold secrets: readable by their owner only.
    private static func write(
        _ value: some Encodable & Sendable, to path: String, isSynced: Bool = true
    ) -> String? {
        do {
            try TextFile.replace(
                path, with: JSONLines.encode(value), mode: 0o600, isSynced: isSynced)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
