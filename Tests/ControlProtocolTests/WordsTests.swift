import StackModel
import Testing

@testable import catalystctl

struct WordsTests {
    @Test func `options before the command are moved behind it`() throws {
        func arranged(_ line: String) throws -> String {
            try CommandLineWords(line.split(separator: " ").map(String.init)).arranged().joined(
                separator: " ")
        }
        #expect(try arranged("--socket /s --json why news") == "why --socket /s --json news")
        #expect(try arranged("--socket=/s config show --json") == "config show --socket=/s --json")
        #expect(try arranged("--json alerts show 12") == "alerts show --json 12")
        #expect(try arranged("--socket /s alerts --since 1h") == "alerts --socket /s --since 1h")
        #expect(try arranged("--socket /s alerts news") == "alerts --socket /s news")
        #expect(try arranged("--json") == "--json")
        #expect(try arranged("--socket") == "--socket")
        #expect(try arranged("--help") == "--help")
        #expect(try arranged("help status") == "help status")
        #expect(try arranged("status --watch 5") == "status --watch 5")
    }

    @Test func `a misspelt command is answered with the one that was meant`() {
        #expect { try CommandLineWords(["statsu"]).arranged() } throws: { error in
            let failure = error as? Failure
            return failure?.status == .usage
                && failure?.message.hasPrefix("no command 'statsu', did you mean 'status'?\n")
                    == true
        }
        #expect {
            try CommandLineWords(["maintenance", "strat", "--for", "1h"]).arranged()
        } throws: {
            ($0 as? Failure)?.message
                == """
                no command 'maintenance strat', did you mean 'maintenance start'?
                the commands are: maintenance show, maintenance start, maintenance end
                """
        }
    }

    @Test func `the nearest name is found, and none where none is near`() {
        let names = Sample.nine.map(\.text)
        #expect(nearest(to: "scaner", among: names) == "scanner")
        #expect(nearest(to: "Rediss", among: names) == "redis")
        #expect(nearest(to: "tradign", among: names) == "trading")
        #expect(nearest(to: "orch", among: names) == "orchestration")
        #expect(nearest(to: "postgres", among: names) == nil)
        #expect(nearest(to: "", among: names) == nil)
        #expect(nearest(to: "news", among: []) == nil)
        #expect(nearest(to: String(repeating: "x", count: 10_000), among: names) == nil)
    }

    @Test func `a point of time is one, or how long ago`() {
        #expect(Since(argument: "10m") == .ago(.seconds(600)))
        #expect(Since(argument: "1h30m") == .ago(.seconds(5400)))
        #expect(Since(argument: "90") == .ago(.seconds(90)))
        #expect(Since(argument: "2d") == .ago(.seconds(172_800)))
        #expect(
            Since(argument: "2026-11-22T14:00:00Z")
                == .time(Timestamp(nanoseconds: 1_795_356_000_000_000_000)))
        for wrong in [
            "", "10x", "m", "h1", "-5m", "1.5h", "99999999999999999999", "9999999w", "yesterday",
        ] {
            #expect(Since(argument: wrong) == nil, "\(wrong)")
        }
    }

    @Test func `a stretch of time is longer than nothing`() {
        #expect(Span(argument: "1h30m")?.duration == .seconds(5400))
        #expect(Span(argument: "45")?.duration == .seconds(45))
        for wrong in ["0", "0s", "", "2x", "-5m", "9999999w"] {
            #expect(Span(argument: wrong) == nil, "\(wrong)")
        }
    }

    @Test func `what is silenced is a number, a service or a thing`() throws {
        #expect(try AlertTarget(argument: "12") == .alert(12))
        #expect(try AlertTarget(argument: "#12") == .alert(12))
        #expect(try AlertTarget(argument: "news") == .subject("news"))
        #expect(try AlertTarget(argument: "@front-door") == .subject("@front-door"))
        for wrong in ["", "@", "@disc", "a/b", "#x"] {
            #expect(throws: (any Error).self) { try AlertTarget(argument: wrong) }
        }
    }

    @Test func `text is cut and wrapped by the cells it takes`() {
        #expect("漢字漢字".cellCount == 8)
        #expect("漢字漢字".shortened(to: 6) == "漢字…")
        #expect("e\u{301}te\u{301}".cellCount == 3)
        #expect("abcdef".shortened(to: 6) == "abcdef")
        #expect("abcdef".shortened(to: 5) == "abcd…")
        #expect("abc".shortened(to: 0) == "")
        #expect("a bb ccc dddddddd".wrapped(to: 5) == ["a bb", "ccc", "dddd", "dddd"])
        #expect("".wrapped(to: 5) == [""])
    }

    @Test func `only characters that act are escaped`() {
        #expect(displayed("grün 漢字 👩‍💻 plain") == "grün 漢字 👩‍💻 plain")
        #expect(displayed("\u{0}\u{7F}\u{85}\u{2028}\u{FEFF}") == #"\x00\x7f\x85\u{2028}\u{feff}"#)
        #expect(displayed("a\tb", keepingTabs: true) == "a\tb")
        #expect(displayed("a\tb") == #"a\tb"#)
    }
}
