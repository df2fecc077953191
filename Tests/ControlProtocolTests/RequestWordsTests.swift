import ControlProtocol
import StackModel
import Testing

/// What an audit record says of a request.
struct RequestWordsTests {
    @Test func `a request is told in the words of the command line`() {
        #expect(
            ControlRequest(.restart, services: ["news", "scanner"]).words == "restart news scanner")
        var silence = ControlRequest(.silence)
        (silence.alert, silence.seconds, silence.reason) = (7, 3600, "known")
        #expect(silence.words == "silence 7 for 3600 s because: known")
        var deploy = ControlRequest(.deploy)
        (deploy.source, deploy.revision, deploy.plan) = ("https://x.org/a.git", "v2", true)
        #expect(deploy.words == "deploy https://x.org/a.git v2 (plan only)")
        #expect(!deploy.changes)
    }

    @Test func `no secret is told, and no book`() {
        var deploy = ControlRequest(.deploy)
        deploy.source = "https://bot:hunter2@x.org/a.git"
        #expect(deploy.words == "deploy https://bot:•••@x.org/a.git")
        deploy.source = "https://hunter2@x.org/a@b.git"
        #expect(deploy.words == "deploy https://•••@x.org/a@b.git")
        deploy.reason = "token=hunter2 \(String(repeating: "x", count: 1000))"
        #expect(!deploy.words.contains("hunter2"))
        #expect(deploy.words.count <= 400)
    }

    @Test(arguments: [1e300, -1e300, 0.4]) func `no number is too long`(seconds: Double) {
        var silence = ControlRequest(.silence)
        silence.seconds = seconds
        #expect(silence.words.hasPrefix("silence for "))
    }
}
