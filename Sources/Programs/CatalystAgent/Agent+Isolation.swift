internal import ControlProtocol
internal import ControlServer
internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import Supervision

/// What isolated services are kept from, and what is in force of it.
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
        let places =
            [options.runtimeDirectory, options.stateDirectory] + (credentials.map { [$0] } ?? [])
            + (stack?.variableFiles ?? []) + others.flatMap(\.writable)
        // By both names: a link to one may be hidden before it.
        return places + places.map(resolvedPath).filter { !places.contains($0) }
    }

    /// Looked at on a thread: a line for each service, in their order.
    func isolation(of names: [ServiceName], _ connection: ControlConnection) {
        let subjects = runners.keys.sorted().map(isolationSubject)
        let answer = LoopCall<[IsolationReport]> { reports in
            for report in reports {
                var reply = ControlReply()
                reply.isolation = report
                connection.send(reply)
            }
            connection.send(.end())
        }
        let inlet = inlet
        shelfThread.post {
            let reports = IsolationSubject.reports(of: names, among: subjects)
            inlet.post { answer.body(reports) }
        }
    }

    private func isolationSubject(_ name: ServiceName) -> IsolationSubject {
        let instance = runners[name]?.instance
        let running = instance.flatMap { $0.mainHasEnded ? nil : $0 }
        return IsolationSubject(
            name: name, spec: running?.spec, pid: running?.child.pid,
            landlock: running?.landlock, hidden: placesHidden(from: name),
            socketDirectory: resolvedPath(options.runtimeDirectory))
    }
}

/// A service whose isolation is looked at.
private struct IsolationSubject: Sendable {
    let name: ServiceName
    /// As its instance was started; nil: none runs.
    let spec: ServiceSpec?
    let pid: Int32?
    let landlock: Int32?
    let hidden: [String]
    let socketDirectory: String

    static func reports(of names: [ServiceName], among subjects: [IsolationSubject])
        -> [IsolationReport]
    {
        let reports = Dictionary(
            uniqueKeysWithValues: reports(of: subjects).map { ($0.service, $0) })
        return names.compactMap { reports[$0] }
    }

    private static func reports(of subjects: [IsolationSubject]) -> [IsolationReport] {
        let agent = Proc.isolation(of: getpid())
        let collector = agent.user == 0 ? Identity.collector().user : nil
        let policy = AccessPolicy.ofThisMachine()
        let found = subjects.map { $0.pid.map(Proc.isolation) }
        return zip(subjects, found).map { subject, facts in
            guard let spec = subject.spec, let facts else {
                return IsolationReport(service: subject.name, pid: nil, findings: [])
            }
            var surroundings = IsolationReview.Surroundings()
            surroundings.userName = facts.user.flatMap(UserDatabase.name)
            surroundings.fellows = zip(subjects, found).compactMap { other, theirs in
                other.name != subject.name && theirs?.user == facts.user ? other.name : nil
            }
            surroundings.isCollectors = facts.user != nil && facts.user == collector
            surroundings.mayAsk =
                facts.user.map { policy.role(user: $0, groups: facts.groups) > .none } ?? true
            surroundings.hidden = subject.hidden.filter { access($0, F_OK) == 0 }
            surroundings.socketDirectory = subject.socketDirectory
            surroundings.landlock = subject.landlock
            let findings = IsolationReview(spec, facts, agent: agent, surroundings).findings()
            return IsolationReport(service: subject.name, pid: subject.pid, findings: findings)
        }
    }
}

/// Without links; as it is where it does not exist.
private func resolvedPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
}
