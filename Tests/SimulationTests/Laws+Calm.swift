import StackModel
import Supervision
import TestSupport

extension Laws {
    /// Once nothing breaks any more every wanted service becomes well; what keeps one from it, if
    /// it still may not.
    func unsettled(_ stack: Stack) -> String? {
        if !stack.pendingRestarts.isEmpty {
            return "restarts of \(stack.pendingRestarts) are pending"
        }
        for name in stack.order {
            guard let member = stack.members[name] else { continue }
            if member.isLeaving { return "\(name) is leaving" }
            guard member.isWanted ? !isExcused(name, stack) : !member.state.isDown else { continue }
            if !member.isWanted || !isWell(name, stack) {
                return "\(name) is '\(member.state.words)'"
            }
        }
        return nil
    }

    /// It rests as its policy says, or waits for something that does, or that nobody wants.
    private func isExcused(_ name: ServiceName, _ stack: Stack) -> Bool {
        guard let member = stack.members[name] else { return true }
        switch member.state {
        case .down(.ended): return true
        case .failed: return member.spec.restart.slowRetry == .zero
        case .held:
            return member.spec.dependencies.contains { dependency in
                guard !isMet(dependency, stack), let other = stack.members[dependency.service]
                else { return false }
                return !other.isWanted || isExcused(dependency.service, stack)
            }
        case .up, .starting:
            // Its failures are put down to what it needs.
            return member.spec.dependencies.contains { dependency in
                if dependency.condition == .completed, isMet(dependency, stack) { return false }
                guard let other = stack.members[dependency.service] else { return false }
                return !other.isWanted && dependency.isRequired
                    || isExcused(dependency.service, stack)
            }
        case .down, .stopping, .clearing, .waiting: return false
        }
    }
}
