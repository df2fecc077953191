import ControlProtocol
import Glibc
import JSONLines
import StackModel
import Testing

@testable import catalystctl

/// Deploys, rollbacks and restarts, as scripts see them.
struct RolloutCommandsTests {
    @Test func `a deploy asks for what was said, tells each change, and how long it took`() throws {
        var done = Sample.rolling
        done.state = .succeeded
        done.finishedAt = Sample.time
        for index in done.steps.indices { done.steps[index].phase = .done }
        let (program, request) = try run(
            ["deploy", "v5.4.0", "--reason", "feed fix"],
            answer: [
                reply { $0.output = "Compiling" },
                reply { $0.rollout = Sample.rollout([], .preparing) },
                reply { $0.rollout = Sample.rolling },
                reply { $0.event = Sample.event("scanner", "started (pid 7)") },
                reply { $0.rollout = done },
                .end("rollout 12 succeeded: all runs 5.4.0"),
            ])
        // A time of another day than the test's has its date, and what follows stands below it.
        let words = program.output.split(separator: "\n").map {
            $0.replacing(#/^ *([A-Z][a-z]+ +[0-9]+ +)?[0-9:]+ +/#, with: "")
        }
        #expect(
            words == [
                "Compiling",
                "catalyst       rollout 12: deploy of 20261122T135000Z-3f2a91c: preparing",
                "catalyst       rollout 12: deploy of 20261122T135000Z-3f2a91c: under way",
                "reporting      done", "scanner        soaking", "scanner        started (pid 7)",
                "scanner        done", "news           done",
                "rollout 12 succeeded: all runs 5.4.0 (1m 10s)",
            ])
        #expect(program.status == 0)
        var expected = ControlRequest(.deploy, wait: true)
        expected.revision = "v5.4.0"
        expected.reason = "feed fix"
        #expect(request == expected)
    }

    @Test func `what is asked is what was typed`() throws {
        func asked(_ words: String...) throws -> ControlRequest {
            let (program, request) = try run(words, answer: [.end("so it is")])
            #expect(program.output == "so it is\n")
            #expect(program.status == 0)
            return try #require(request)
        }
        var expected = ControlRequest(.deploy, services: ["news", "scanner", "risk"], wait: false)
        expected.source = "/"
        expected.revision = "main"
        expected.all = true
        expected.overrideFreeze = "halted"
        #expect(
            try asked(
                "deploy", "/#main", "--only", "news,scanner", "--only", "risk", "--all", "--detach",
                "--override-freeze", "halted") == expected)
        expected = ControlRequest(.rollback, wait: true)
        #expect(try asked("rollback") == expected)
        expected.release = Sample.releaseID
        #expect(try asked("rollback", Sample.releaseID) == expected)
        #expect(try asked("restart") == ControlRequest(.restart, wait: true))
        expected = ControlRequest(.restart, services: ["news", "risk"], wait: false)
        #expect(try asked("restart", "news", "risk", "--no-wait") == expected)
        expected.wait = true
        #expect(try asked("restart", "news", "risk", "--wait") == expected)
        #expect(try asked("rollouts", "cancel") == ControlRequest(.cancelRollout))
        expected = ControlRequest(.resumeRollout)
        expected.rollout = 12
        #expect(try asked("rollouts", "resume", "#12") == expected)
    }

    @Test func `a failed deploy shows what was seen and what was undone, and is 1`() throws {
        let program = try run(
            ["deploy"],
            answer: [
                reply { $0.rollout = Sample.rolling },
                failure(.failed, "scanner failed; all is back on 1", Sample.rolledBack),
            ]
        ).program
        for line in [
            "because     exited with code 3 while starting", "last probe  connection refused (2ms)",
            "probably    a Python module is missing: does the build install it?",
            "undone      reporting, scanner: as before",
        ] {
            #expect(program.output.contains("\n\(line)\n"))
        }
        #expect(program.output.contains("ModuleNotFoundError: No module named 'numpy'\n"))
        #expect(
            program.errors.hasPrefix(
                "catalystctl: scanner failed; all is back on 1 (1m 4s)\nall of it: "))
        #expect(program.errors.hasSuffix(" rollouts show 12\n"))
        #expect(program.status == 1)
    }

    @Test(arguments: [Rollout.State.failed, .cancelled, .paused])
    func `what does not succeed is 1, whatever the answer's last line`(state: Rollout.State) throws
    {
        var rollout = Sample.rolling
        rollout.state = state
        let answer = [reply { $0.rollout = rollout }, ControlReply.end("so it is")]
        for words in [["deploy"], ["deploy", "--json"], ["rollouts", "show", "12", "--follow"]] {
            #expect(try run(words, answer: answer).program.status == 1)
        }
        #expect(try run(["deploy", "--detach"], answer: answer).program.status == 0)
        #expect(try run(["rollouts", "show", "12"], answer: answer).program.status == 0)
    }

    @Test func `in JSON a rollout is the agent's own lines`() throws {
        let answer = [
            reply { $0.output = "Compiling" }, reply { $0.rollout = Sample.rolling },
            failure(.failed, "scanner failed", Sample.rolledBack),
        ]
        let program = try run(["deploy", "--json"], answer: answer).program
        #expect(program.output == (try answer.map(text).joined()))
        #expect(program.errors == "catalystctl: scanner failed\n")
        #expect(program.status == 1)
    }

    @Test func `refusals name the way out`() throws {
        let frozen = try run(["restart"], answer: [.failure(.frozen, "it is frozen")]).program
        #expect(
            frozen.errors == """
                catalystctl: it is frozen
                to do it all the same: --override-freeze "reason"

                """)
        #expect(frozen.status == 1)
        let busy = try run(
            ["restart"],
            answer: [failure(.busy, "rollout 12 is under way", Sample.rolling)]
        ).program
        #expect(busy.output == "")
        #expect(busy.errors.contains("catalystctl: rollout 12 is under way\nwhat is under way: "))
        #expect(busy.status == 1)
        let unknown = try run(
            ["rollback", "2020"], answer: [.failure(.unknownRelease, "no release '2020'")]
        ).program
        #expect(unknown.errors.contains("what there is: 'catalystctl releases'"))
        #expect(unknown.status == 2)
        let denied = try run(["deploy"], answer: [.failure(.notAllowed, "you may not")]).program
        #expect(denied.status == 4)
        let number = try run(
            ["rollouts", "show", "9"], answer: [.failure(.unknownRollout, "no rollout 9")]
        ).program
        #expect(number.errors.contains("what there was: 'catalystctl rollouts'"))
        #expect(number.status == 2)
    }

    @Test func `an agent that goes away leaves a rollout for the next one`() throws {
        let program = try run(["deploy"], answer: [reply { $0.rollout = Sample.rolling }]).program
        #expect(program.errors.contains("the next agent finishes or undoes rollout 12: "))
        #expect(program.status == 3)
    }

    @Test func `a plan is asked for, shown, and named without its passwords`() throws {
        let (program, request) = try run(
            ["deploy", "https://me:hidden@example.org/app.git", "--revision", "v5", "--plan"],
            answer: [
                reply { $0.output = "Fetching" },
                reply {
                    $0.plan = Sample.plan
                    $0.last = true
                },
            ])
        #expect(program.output.hasPrefix("Fetching\ndeploy of 20261122T135000Z-3f2a91c,"))
        #expect(
            program.output.hasSuffix(
                " deploy https://me:•••@example.org/app.git --revision v5\n"))
        #expect(request?.source == "https://me:hidden@example.org/app.git")
        #expect(request?.plan == true)
        #expect(request?.wait == true)
        #expect(program.status == 0)
        let json = try run(
            ["restart", "--plan", "--json"],
            answer: [
                reply {
                    $0.plan = Sample.plan
                    $0.last = true
                }
            ])
        #expect(
            try JSONLines.decode(ControlReply.self, from: Array(json.program.output.utf8)).plan
                == Sample.plan)
    }

    @Test func `releases and rollouts are listed, one is shown`() throws {
        let release = ReleaseReply(Sample.release, isCurrent: true, services: ["scanner"])
        let releases = try run(["releases"], answer: [reply { $0.release = release }, .end()])
        #expect(releases.program.output.contains("/srv/app  current, scanner\n"))
        #expect(releases.request == ControlRequest(.releases))
        let rollout = reply { $0.rollout = Sample.rolledBack }
        let list = try run(["rollouts", "--tail", "5"], answer: [rollout, .end()])
        #expect(list.program.output.contains("deploy  20261122T135000Z-3f2a91c  failed"))
        #expect(list.request == ControlRequest(.rollouts, tail: 5))
        let one = try run(["rollouts", "show", "12"], answer: [rollout, .end()])
        #expect(one.program.output.hasPrefix("rollout 12: deploy of "))
        var expected = ControlRequest(.rollouts)
        expected.rollout = 12
        #expect(one.request == expected)
    }

    @Test(arguments: [
        ["deploy", "/no/such/place"], ["deploy", "nowhere#main", "--revision", "v5"],
        ["deploy", "--only", "a,,b"], ["deploy", "--plan", "--detach"], ["deploy", ""],
        ["deploy", "--override-freeze", " "], ["rollouts", "show"], ["rollouts", "12"],
        ["rollouts", "--tail", "0"],
    ])
    func `a wrong command line is 2, and nobody is asked`(arguments: [String]) throws {
        let (program, request) = try run(arguments, answer: [.end()])
        #expect(program.status == 2)
        #expect(!program.errors.isEmpty)
        #expect(request == nil)
    }

    @Test(arguments: [
        "deploy", "rollback", "restart", "releases", "rollouts", "rollouts show", "rollouts cancel",
        "rollouts resume",
    ])
    func `every command has help with examples in 80 columns`(command: String) throws {
        let program = try Program(command.split(separator: " ").map(String.init) + ["--help"])
        #expect(program.output.contains("EXAMPLES\n  catalystctl \(command)"))
        #expect(program.status == 0)
        #expect(
            program.output.split(separator: "\n").filter { $0.count > 80 }.map(String.init) == [])
    }

    @Test func `escape sequences in what the agent says never reach the output`() throws {
        let hostile = "\u{1B}]0;owned\u{7}\u{1B}[2J\r\n\u{9B}31m\u{202E}"
        var rollout = Sample.rolledBack
        rollout.release = hostile
        rollout.previousRelease = hostile
        rollout.askedBy = hostile
        rollout.cancelledBy = hostile
        rollout.reason = hostile
        rollout.message = hostile
        rollout.steps[1].service = ServiceName(hostile)
        rollout.steps[1].problem = hostile
        rollout.failure?.service = ServiceName(hostile)
        rollout.failure?.reason = hostile
        rollout.failure?.lastReport?.body = hostile
        rollout.failure?.likelyCause = hostile
        rollout.failure?.lines = [Sample.log("scanner", hostile)]
        rollout.failure?.undone = [ServiceName(hostile)]
        var plan = Sample.plan
        plan.release = Release(
            id: hostile, version: hostile, source: hostile, madeAt: Sample.time)
        plan.previousRelease = hostile
        plan.steps[1].keys = [hostile]
        plan.steps[1].service = ServiceName(hostile)
        plan.steps[1].wayReason = hostile
        plan.unchanged = [ServiceName(hostile)]
        plan.stackKeys = [hostile]
        plan.obstacles = [hostile]
        var answer = [
            reply {
                $0.output = hostile
                $0.rollout = rollout
                $0.plan = plan
                $0.release = plan.release.map {
                    ReleaseReply($0, isCurrent: true, services: [ServiceName(hostile)])
                }
                $0.event = Sample.event(ServiceName(hostile), hostile)
            }, .end(hostile),
        ]
        let commands = [
            "deploy", "deploy --plan", "restart", "releases", "rollouts", "rollouts show 12",
            "rollouts show 12 --follow", "rollouts cancel",
        ]
        for answersFailure in [false, true] {
            if answersFailure { answer[1] = failure(.failed, hostile, rollout) }
            for command in commands {
                let program = try run(
                    command.split(separator: " ").map(String.init), answer: answer
                ).program
                let acting = (program.output + program.errors).unicodeScalars.filter {
                    $0 != "\n"
                        && ($0.properties.generalCategory == .control
                            || $0.properties.generalCategory == .format)
                }
                #expect(acting.isEmpty, "\(command)")
                #expect(!(program.output + program.errors).isEmpty, "\(command)")
            }
        }
    }

    private func failure(_ code: ControlError.Code, _ message: String, _ rollout: Rollout)
        -> ControlReply
    {
        var reply = ControlReply.failure(code, message)
        reply.rollout = rollout
        return reply
    }
}
