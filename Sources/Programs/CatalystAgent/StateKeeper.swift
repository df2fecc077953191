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
    private var isWriting = false
    private var next: RememberedState?
    /// How often a state was to be saved, and up to which of them all is on disk, or told to have failed.
    private(set) var asked = 0
    private(set) var settled = 0
    /// A file could not be written: called on the loop.
    var onFailure: (String) -> Void = { _ in }

    init(inlet: Inlet) { self.inlet = inlet }

    func save(_ state: RememberedState, to path: String) {
        asked += 1
        write(state, to: path)
    }

    private func write(_ state: RememberedState, to path: String) {
        guard !isWriting else { return next = state }
        isWriting = true
        let number = asked
        let isPosted = thread.post { [self] in
            let failure = Self.write(state, to: path)
            inlet.post { [self] in
                isWriting = false
                settled = number
                if let failure { onFailure(failure) }
                guard let state = next else { return }
                next = nil
                write(state, to: path)
            }
        }
        guard !isPosted else { return }
        isWriting = false
        settled = number
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
    private static func write(_ value: some Encodable & Sendable, to path: String) -> String? {
        do {
            try TextFile.replace(path, with: JSONLines.encode(value), mode: 0o600)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
