internal import LinuxSystem
internal import Monitoring
internal import Rollouts
internal import StackModel
internal import Supervision

/// What the answers mean, and who has to be asked because of them.
extension Agent {
    var surroundings: HealthBoard.Surroundings {
        let stack = stack
        return HealthBoard.Surroundings(
            now: Clock.now(),
            needed: { name in
                let services = stack?.needed(by: name) ?? []
                let usesDatabase = (services + [name]).contains {
                    stack?.members[$0]?.spec.uses(.postgres) ?? false
                }
                return services.map(Subject.service)
                    + (usesDatabase ? [.thing(.postgres)] : [])
            },
            isBlocked: { stack?.culprits(behind: $0).isEmpty == false })
    }

    /// Takes an answer in, whoever gave it.
    func receive(_ report: Report, from subject: Subject, asked: Moment) {
        perform(board.receive(report, from: subject, asked: asked, in: surroundings))
        reconsider(dependentsOf: subject)
    }

    /// Something was learned of `subject`: those who may fail because of it are judged anew.
    private func reconsider(dependentsOf subject: Subject) {
        guard let stack else { return }
        let waiting = stack.dependents(of: subject).filter(board.awaitsBlame)
        guard !waiting.isEmpty else { return }
        perform(board.reconsider(waiting, in: surroundings))
    }

    /// It became well, or bad: all that need it are asked now, not when their turn comes.
    func wellnessChanged(_ subject: Subject) {
        reconsider(dependentsOf: subject)
        for name in stack?.dependents(of: subject) ?? [] { runners[name]?.askBesides() }
    }

    private func perform(_ effects: [HealthBoard.Effect]) {
        for effect in effects {
            switch effect {
            case .judged(let subject, let verdict, let before, let hung):
                if verdict != before { announce(verdict, of: subject) }
                judge(subject, verdict, hung: hung)
            case .ask(.service(let name)): runners[name]?.askBesides()
            case .ask(.thing(let thing)): inspector.ask(thing)
            }
        }
    }

    private func judge(_ subject: Subject, _ verdict: Verdict, hung: Bool) {
        switch subject {
        case .service(let name):
            if verdict == .unhealthy, let runner = runners[name], runner.swap?.state == .serving {
                let canGoBack = runner.canGoBack
                runner.swapped(
                    .becameUnhealthy("is unhealthy: \(trouble(of: name) ?? "its probe fails")"))
                if canGoBack { return }
            }
            post(.judged(name, verdict, hung: hung))
        case .thing(let thing):
            let isBad = verdict == .unhealthy
            guard stack?.troubledThings.contains(thing) != isBad else { return }
            post(.troubled(thing, isBad))
            wellnessChanged(subject)
        }
    }

    private func announce(_ verdict: Verdict, of subject: Subject) {
        alarms.lookSoon()
        rememberInstances()
        let tally = board[subject]?.tally
        let failure = tally?.lastFailure.map { "\($0)" } ?? ""
        let name = subject.service
        let who = name == nil ? subject.words + " is " : ""
        switch verdict {
        case .healthy: record(.healthy, name, .info, who + "healthy")
        case .degraded:
            record(.degraded, name, .warning, who + "degraded: \(tally?.complaint ?? "")")
        case .unhealthy:
            record(
                .unhealthy, name, .error,
                who + "unhealthy: \(failure) (\(tally?.failures ?? 0) probes in a row)")
        case .blocked:
            let causes = name.flatMap { stack?.culprits(behind: $0) } ?? []
            let words = causes.map(\.words).joined(separator: ", ")
            record(.blocked, name, .warning, "blocked by \(words): \(failure)")
        case .unknown:
            record(
                .unknown, name, .warning, who + "health unknown: no probe was answered lately")
        }
    }
}

extension Stack.Event {
    /// Whom alone it is about.
    var subject: ServiceName? {
        switch self {
        case .happened(let name, _), .judged(let name, _, _), .removeRequested(let name): name
        case .replaceRequested(let spec), .tookOver(let spec): spec.name
        case .troubled, .began, .startRequested, .stopRequested, .restartRequested, .reloaded,
            .shutdownRequested, .hastened:
            nil
        }
    }
}
