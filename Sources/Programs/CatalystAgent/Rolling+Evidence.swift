internal import LinuxSystem
internal import Rollouts
internal import StackModel

extension Rolling {
    /// What is known of a failure, once what the instance wrote last has reached its log.
    func gatherEvidence(
        of name: ServiceName, _ words: String, report: Report?, since: Timestamp,
        then use: @escaping (RolloutFailure) -> Void
    ) {
        let directory = agent.options.logDirectory
        let mask = (new?.service(name) ?? old?.service(name)).map { SecretMask($0) }
        let inlet = agent.inlet
        let answer = LoopCall<[LogRecord]> { lines in
            var failure = RolloutFailure(service: name, reason: words)
            failure.lastReport = report
            failure.lines = lines
            failure.likelyCause = likelyCause(of: words, report, lines: lines.map(\.text))
            use(failure)
        }
        let thread = agent.shelfThread
        agent.loop.setAlarm(after: AgentLimits.evidenceWait) {
            let isPosted = thread.post {
                let lines = lastLines(of: name, in: directory, mask: mask, since: since)
                inlet.post { answer.body(lines) }
            }
            if !isPosted { answer.body([]) }
        }
    }
}
