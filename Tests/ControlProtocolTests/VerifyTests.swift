import ControlProtocol
import StackModel
import Testing

@testable import catalystctl

/// What is found, and what it means for a criterion.
struct VerifyTests {
    typealias Standing = Aspect.Standing

    @Test func `a criterion is as its worst aspect, and what was not looked at is not met`() {
        func standing(_ aspects: [Aspect]) -> Standing {
            Judgement(criterion: .mcp, aspects: aspects).standing
        }
        #expect(standing([]) == .unchecked)
        #expect(standing([.met("a")]) == .met)
        #expect(standing([.met("a"), .unchecked("b")]) == .unchecked)
        #expect(standing([.unchecked("b"), .unmet("c", "do"), .met("a")]) == .unmet)
    }

    @Test(arguments: [
        ([Standing.met, .met], catalystctl.ExitStatus.success), ([.met, .unchecked], .unchecked),
        ([.unchecked, .unmet], .unhealthy), ([.unmet, .met], .unhealthy), ([], .unchecked),
    ])
    func `the shell is told the worst`(_ standings: [Standing], _ status: catalystctl.ExitStatus) {
        let judgements = standings.map {
            Judgement(criterion: .mcp, aspects: [Aspect(standing: $0, words: "w")])
        }
        #expect(judgements.status == status)
    }

    @Test func `services are all healthy, or one of them is named with the next command`() {
        func aspect(_ services: [ServiceStatus], standIns: Set<ServiceName> = []) -> Aspect? {
            ServicesFacts(status: .success(Sample.status(services)), standIns: standIns).aspects
                .first
        }
        let nine = Sample.nine.map { Sample.service($0) }
        #expect(aspect(nine) == .met("9 of 9 healthy"))
        let played = Set(Sample.nine.dropFirst())
        #expect(aspect(nine, standIns: played)?.words == "9 of 9 healthy; 8 of them are stand-ins")
        var stopped = nine
        stopped[2].wanted = false
        stopped[2].state = .down
        #expect(aspect(stopped)?.remedy == "catalystctl start orchestration")
        let trouble = aspect(Sample.trouble.services)
        #expect(trouble?.standing == .unmet)
        #expect(trouble?.words.hasPrefix("7 of 9 healthy; scanner: unhealthy") == true)
        #expect(trouble?.remedy == "catalystctl why scanner")
        var unasked = nine
        unasked[1].health = .unknown
        unasked[1].hasHealthCheck = false
        #expect(aspect(unasked)?.words == "8 of 9 healthy; news: has no health check")
        #expect(aspect([])?.standing == .unmet)
    }

    @Test func `no agent is not met, and one that may not be asked is not known`() {
        func aspect(_ failure: Failure) -> Aspect? {
            ServicesFacts(status: .failure(failure), standIns: []).aspects.first
        }
        let away = aspect(Failure("cannot reach the agent\nstart it", .noAgent))
        #expect(away == .unmet("cannot reach the agent", "systemctl start catalystd"))
        #expect(aspect(Failure("you may not", .notAllowed))?.standing == .unchecked)
    }

    @Test func `without a database's name nothing is known of it`() {
        #expect(DatabaseFacts(.unnamed).aspects.map(\.standing) == [.unchecked])
        #expect(DatabaseFacts(.unknown("no right")).aspects.map(\.standing) == [.unchecked])
        let away = DatabaseFacts(.away(Failure("cannot connect to 'db': refused", .unhealthy)))
        #expect(away.aspects.map(\.standing) == [.unmet])
        let closed = DatabaseFacts(.away(Failure("permission denied", .notAllowed)))
        #expect(closed.aspects.map(\.standing) == [.unchecked])
    }

    @Test func `a database has all of the schema, and is reached over TLS`() {
        func standings(_ applied: Int, _ isEncrypted: Bool) -> [Standing] {
            let schema = DatabaseFacts.Schema(
                place: "db:25060/catalyst", isEncrypted: isEncrypted, files: 5, applied: applied)
            return DatabaseFacts(.reached(schema)).aspects.map(\.standing)
        }
        #expect(standings(5, true) == [.met, .met])
        #expect(standings(5, false) == [.met, .unmet])
        #expect(standings(4, true) == [.unmet, .met])
        #expect(standings(0, false) == [.unmet, .unmet])
    }

    @Test func `a certificate lasts, is trusted for the name, and is the one in the file`() {
        let door = FrontDoor("https://example.org")
        let good = certificate(days: 60)
        #expect(aspects([good], .success(good), door).map(\.standing) == [.met, .met])
        #expect(aspects([good], .success(certificate(days: 30)), door).last?.standing == .unmet)
        let short = certificate(days: 13)
        #expect(aspects([short], .success(short), door).map(\.standing) == [.unmet, .unmet])
        var selfSigned = good
        selfSigned.problem = "clients do not accept it: self-signed certificate"
        let verdict = aspects([good], .success(selfSigned), door).last
        #expect(verdict?.standing == .unmet)
        #expect(verdict?.words == "self-signed: clients do not trust it")
        #expect(verdict?.remedy?.hasPrefix("certbot ") == true)
        #expect(aspects([], .success(good), door).first?.standing == .unmet)
        #expect(aspects([good], nil, door).last?.standing == .unmet)
        let silent = Failure("nobody listens on port 443", .unhealthy)
        #expect(aspects([good], .failure(silent), door).last?.standing == .unmet)
    }

    @Test func `a file that may not be read is neither right nor wrong`() {
        var facts = CertificatesFacts(
            files: [], live: .success(certificate(days: 60)), door: .unnamed, now: Sample.time)
        facts.forbidden = ["/etc/site.pem"]
        #expect(facts.aspects.first?.standing == .unchecked)
    }

    @Test func `for no name a certificate is neither right nor wrong`() {
        let good = certificate(days: 60)
        #expect(aspects([good], .success(good), .unnamed).map(\.standing) == [.met, .unchecked])
    }

    private func aspects(
        _ files: [CertificateFacts], _ live: Result<CertificateFacts, Failure>?, _ door: FrontDoor?
    ) -> [Aspect] {
        CertificatesFacts(files: files, live: live, door: door ?? .unnamed, now: Sample.time)
            .aspects
    }

    private func certificate(days: Int) -> CertificateFacts {
        var facts = CertificateFacts(source: "/etc/site.pem")
        facts.subject = "example.org"
        facts.expires = Sample.time - .seconds(-days * 86_400)
        facts.chainLength = 1
        return facts
    }
}
