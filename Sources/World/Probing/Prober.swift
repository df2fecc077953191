internal import Glibc
package import NIOCore
internal import NIOPosix
package import StackModel

/// Carries out probes, thousands at once, on one event loop and a few threads for what blocks.
package final class Prober {
    let loop: any EventLoop
    let crowd = Crowd()
    let threads = NIOThreadPool(numberOfThreads: ProbingLimits.threads)

    package init(on loop: any EventLoop) {
        self.loop = loop
        threads.start()
    }

    /// Asks. `completion` is called once, on the loop, later than this returns and within the time
    /// limit, unless cancelled. Call it on the loop.
    @discardableResult
    package func ask(_ question: Question, completion: @escaping (Report) -> Void) -> Inquiry {
        let inquiry = Inquiry(question, on: loop.assumeIsolated(), completion: completion)
        inquiry.loop.execute {
            if !inquiry.isOver { self.begin(inquiry) }
        }
        return inquiry
    }

    /// What is under way is left to its time limits.
    package func shutDown() { threads.shutdownGracefully { _ in } }

    private func begin(_ inquiry: Inquiry) {
        switch inquiry.question.probe {
        case .http(let url): askHTTP(url, for: inquiry)
        case .tcp(let host, let port):
            connect(to: host, port, for: inquiry) { socket in
                close(socket)
                inquiry.finish(.healthy)
            }
        case .redis(let url): askRedis(url, for: inquiry)
        case .postgres(let url): askPostgres(url, for: inquiry)
        case .none, .exec, .shell, .notify:
            inquiry.finish(.unknown("the collector has no such probe"))
        }
    }
}
