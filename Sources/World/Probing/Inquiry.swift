internal import NIOCore
internal import StackModel

/// A question under way: ends exactly once, at the latest when its time is up. Confined to its
/// event loop.
package final class Inquiry {
    let question: Question
    let loop: NIOIsolatedEventLoop
    private let began = NIODeadline.now()
    private var completion: ((Report) -> Void)?
    /// Lets go of what is under way.
    var abandon: () -> Void = {}
    /// What it means that time is up now.
    var outcomeAtDeadline: () -> Report.Outcome = { .failed(.timedOut) }

    init(
        _ question: Question, on loop: NIOIsolatedEventLoop, completion: @escaping (Report) -> Void
    ) {
        self.question = question
        self.loop = loop
        self.completion = completion
        // Never cancelled: NIO searches all its timers for one to cancel. What is under way holds
        // the inquiry.
        loop.scheduleTask(in: TimeAmount(question.timeout)) { [weak self] in self?.timeIsUp() }
    }

    var isOver: Bool { completion == nil }

    /// What is left of the time limit.
    var remaining: Duration { question.timeout - Duration(NIODeadline.now() - began) }

    /// No report follows.
    package func cancel() { _ = end() }

    func finish(_ outcome: Report.Outcome, body: String? = nil) {
        guard let completion = end() else { return }
        completion(Report(outcome, latency: Duration(NIODeadline.now() - began), body: body))
    }

    private func timeIsUp() { finish(outcomeAtDeadline()) }

    private func end() -> ((Report) -> Void)? {
        guard let completion else { return nil }
        self.completion = nil
        abandon()
        abandon = {}
        return completion
    }
}
