internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// Reads the stack files through `catalystctl config resolve`: the agent itself parses no YAML.
final class StackReader {
    enum Outcome {
        case read(StackSpec)
        /// The lines that the operator should see.
        case refused(String)
    }

    private unowned let agent: Agent
    private(set) var isReading = false

    init(agent: Agent) { self.agent = agent }

    /// Calls `done` once, on the loop, within `AgentLimits.resolveTime`. One reading at a time.
    ///
    /// `release`: as the tool is to open it; its stack file takes the place of the first one.
    func read(release: [String]? = nil, done: @escaping (Outcome) -> Void) {
        isReading = true
        do {
            _ = try ToolRun(
                (release ?? ["config", "resolve"]) + agent.options.stackArguments,
                named: "resolve", timeout: AgentLimits.resolveTime, agent: agent
            ) { [self] outcome in
                isReading = false
                done(Self.understand(outcome, isRelease: release != nil))
            }
        } catch {
            isReading = false
            done(.refused("cannot read the stack file: \(error)"))
        }
    }

    private static func understand(_ outcome: ToolRun.Outcome, isRelease: Bool) -> Outcome {
        if outcome.isLate {
            return .refused(
                "cannot read the stack file: it took longer than \(AgentLimits.resolveTime)")
        }
        guard outcome.exit.isSuccess else {
            return .refused(
                outcome.complaints.isEmpty
                    ? "what reads it \(outcome.exit)" : outcome.complaints)
        }
        do {
            return .read(
                isRelease
                    ? try JSONLines.decode(PreparedRelease.self, from: outcome.output).stack
                    : try JSONLines.decode(StackSpec.self, from: outcome.output))
        } catch {
            return .refused("cannot understand what 'catalystctl' printed: \(error)")
        }
    }

    /// The stack that was accepted last, from the state directory.
    func lastGood() -> StackSpec? { StackSpec.read(agent.options.lastGoodStack) }
}

extension StackSpec {
    /// As the agent wrote it; nil: it is not there, or torn.
    static func read(_ path: String) -> StackSpec? {
        guard let bytes = TextFile.readBytes(path, bytesMax: AgentLimits.resolvedBytesMax) else {
            return nil
        }
        return try? JSONLines.decode(StackSpec.self, from: bytes)
    }
}
