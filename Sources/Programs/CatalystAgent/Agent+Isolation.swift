internal import LinuxSystem
internal import StackModel
internal import Supervision

/// What isolated services are kept from.
extension Agent {
    /// Nil: it is not isolated. Changes with the other services' places, so it is made anew for each start.
    func isolationPlan(for spec: ServiceSpec) -> IsolationPlan? {
        guard spec.confinement.isolation != nil else { return nil }
        let program = spec.command.first.flatMap { $0.hasPrefix("/") ? $0 : nil }
        return IsolationPlan(
            spec.confinement, hiding: placesHidden(from: spec.name),
            own: [spec.workingDirectory] + (program.map { [$0] } ?? []))
    }

    /// The agent's own places with what they hold of every service, the variables' files, and where others write.
    private func placesHidden(from name: ServiceName) -> [String] {
        let stack = stack?.spec
        let others = (stack?.services ?? []).filter { $0.name != name }
            .compactMap(\.confinement.isolation)
        let credentials = options.environment["CREDENTIALS_DIRECTORY"]
        return [options.runtimeDirectory, options.stateDirectory]
            + (credentials.map { [$0] } ?? [])
            + (stack?.variableFiles ?? []) + others.flatMap(\.writable)
    }
}
