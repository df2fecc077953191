internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// Reads the stack files through `catalystctl config resolve`: the agent itself parses no YAML.
final class StackReader {
    enum Outcome {
        case read(StackSpec)
        /// The lines that the operator should see.
        case refused(String)
    }

    private let loop: EventLoop
    private let reaper: Reaper
    private let options: AgentOptions
    private var output: [UInt8] = []
    private var complaints: [UInt8] = []
    private(set) var isReading = false

    init(on loop: EventLoop, reaper: Reaper, options: AgentOptions) {
        self.loop = loop
        self.reaper = reaper
        self.options = options
    }

    /// Calls `done` once, on the loop, within `AgentLimits.resolveTime`. One reading at a time.
    func read(done: @escaping (Outcome) -> Void) {
        isReading = true
        output = []
        complaints = []
        do {
            try start { [self] outcome in
                isReading = false
                done(outcome)
            }
        } catch {
            isReading = false
            done(.refused("cannot read the stack file: \(error)"))
        }
    }

    private func start(done: @escaping (Outcome) -> Void) throws {
        var arguments = [options.programDirectory + "/catalystctl", "config", "resolve"]
        for file in options.stackFiles { arguments += ["--file", file] }
        for profile in options.profiles { arguments += ["--profile", profile] }
        if let file = options.environmentFile { arguments += ["--env-file", file] }
        var request = SpawnRequest(arguments: arguments, environment: options.environment)
        let out = try Pipe()
        let err = try Pipe()
        request.output = .descriptor(out.writeEnd)
        request.error = .descriptor(err.writeEnd)
        request.diesWithAgent = true
        let child: Child
        do {
            child = try request.spawn()
        } catch {
            out.closeBoth()
            err.closeBoth()
            throw error
        }
        out.closeWriteEnd()
        err.closeWriteEnd()
        // The end of both pipes and the exit come in any order; the last of the three decides.
        var awaited = 3
        var exit = ExitReason.unknown
        var isLate = false
        let alarm = loop.setAlarm(after: AgentLimits.resolveTime) { [reaper] in
            isLate = true
            reaper.send(.kill, to: child)
        }
        let arrived = { [self] in
            awaited -= 1
            guard awaited == 0 else { return }
            loop.cancel(alarm)
            done(
                isLate
                    ? .refused(
                        "cannot read the stack file: it took longer than \(AgentLimits.resolveTime)"
                    ) : outcome(exit))
        }
        try out.drain(
            on: loop, bytesMax: AgentLimits.resolvedBytesMax, into: { [self] in output += $0 },
            atEnd: arrived)
        try err.drain(
            on: loop, bytesMax: 64 << 10, into: { [self] in complaints += $0 }, atEnd: arrived)
        try reaper.watch(child) { reason in
            exit = reason
            arrived()
        }
    }

    private func outcome(_ exit: ExitReason) -> Outcome {
        guard exit.isSuccess else {
            let words = String(decoding: complaints, as: UTF8.self)
            return .refused(words.isEmpty ? "catalystctl config resolve \(exit)" : words)
        }
        do {
            return .read(try JSONLines.decode(StackSpec.self, from: output))
        } catch {
            return .refused("cannot understand what 'catalystctl config resolve' printed: \(error)")
        }
    }

    /// The stack that was accepted last, from the state directory.
    func lastGood() -> StackSpec? {
        guard
            let bytes = TextFile.readBytes(
                options.lastGoodStack, bytesMax: AgentLimits.resolvedBytesMax)
        else { return nil }
        // A torn file is no last good one.
        return try? JSONLines.decode(StackSpec.self, from: bytes)
    }
}
