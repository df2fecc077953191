import StackModel
import Testing

/// What a service says, without what its stack file holds secret.
@Suite struct SecretMaskTests {
    private let mask = {
        let line = "a http://x:opensesame@one/; b http://y:swordfish@two/"
        var service = ServiceSpec(name: "news", command: ["sh", "-c", line])
        service.environment = ["ADMIN_PASSWORD": "hunter2-and-more", "LEVEL": "verbose-mode"]
        service.healthCheck.probe = .redis(url: "redis://:black-pearl@127.0.0.1:6379")
        return SecretMask(service)
    }()

    @Test(arguments: ["hunter2-and-more", "opensesame", "swordfish", "black-pearl"])
    func `secrets of the environment, and of all URLs of command and probe, are hidden`(
        secret: String
    ) {
        #expect(mask.hidden(in: "it is \(secret), \(secret)!") == "it is •••, •••!")
    }

    @Test func `what is no secret stays`() {
        #expect(mask.hidden(in: "verbose-mode, hunter2") == "verbose-mode, hunter2")
    }

    @Test(arguments: [
        (Report.Outcome.degraded("swordfish?"), Report.Outcome.degraded("•••?")),
        (.unknown("swordfish?"), .unknown("•••?")),
        (.failed(.other("swordfish?")), .failed(.other("•••?"))),
        (.failed(.status("swordfish?")), .failed(.status("•••?"))),
        (.failed(.httpStatus(503)), .failed(.httpStatus(503))), (.healthy, .healthy),
    ])
    func `an answer holds none`(outcome: Report.Outcome, hidden: Report.Outcome) {
        let report = mask.hidden(in: Report(outcome, body: "{swordfish}"))
        #expect(report == Report(hidden, body: "{•••}"))
    }
}
