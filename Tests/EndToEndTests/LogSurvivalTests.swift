import ControlProtocol
import Glibc
import StackModel
import TestSupport
import Testing

/// What the services write while agents die.
@Suite(.heavyLoad, .timeLimit(.minutes(20)))
struct LogSurvivalTests {
    /// Floods its log, with lines that come in pieces as well.
    private static func flood(_ count: Int) -> String {
        "awk 'BEGIN {for (i = 1; i <= \(count); i++) "
            + "{printf \"li\"; if (i % 97 == 0) fflush(); print \"ne \" i}}'; exec sleep 100000"
    }

    @Test(arguments: ["json-file", "local"])
    func `kill -9 in a flood loses no line, and doubles none`(driver: String) throws {
        let count = 300_000
        let options = "max-size: 1m, max-file: '100', compress: 'false'"
        let logging = "logging: {driver: \(driver), options: {\(options)}}"
        let stack = Piece.stack(Piece.shell("flood", Self.flood(count), more: logging))
        try withAgent(stack) { agent in
            var chance = Chance(seed: 7)
            for _ in 0..<12 {
                usleep(UInt32(1_000 + chance.index(below: 60_000)))
                agent.kill9()
                try agent.startAgain()
            }
            try agent.expectAllWell()
            let last = "line \(count)"
            #expect(holds { Self.numbers(in: agent.stateFolder, driver).last == count }, "\(last)")
            let numbers = Self.numbers(in: agent.stateFolder, driver)
            #expect(numbers.count == count)
            let odd = zip(numbers, 1...).first { $0 != $1 }
            #expect(odd == nil, "first at \(odd.map { "\($0)" } ?? "")")
            #expect(try agent.events(of: "flood").allSatisfy { $0.kind != .logsDropped })
        }
    }

    /// Of all files, the oldest first.
    private static func numbers(in stateFolder: String, _ driver: String) -> [Int] {
        let folder = "\(stateFolder)/logs/flood"
        let current = driver == "local" ? "flood.log" : "flood-json.log"
        let aged = names(in: folder).filter { $0.hasPrefix(current) }.sorted {
            age(of: $0, current) > age(of: $1, current)
        }
        return aged.flatMap { numbers(of: contents(of: "\(folder)/\($0)") ?? "") }
    }

    private static func age(of name: String, _ current: String) -> Int {
        Int(name.dropFirst(current.count + 1)) ?? 0
    }

    /// The digits behind each "line ".
    private static func numbers(of text: String) -> [Int] {
        text.utf8.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let isRecord = line.first == UInt8(ascii: "{")
            let body = isRecord ? line.dropFirst(#"{"log":""#.utf8.count) : line
            guard body.starts(with: "line ".utf8) else { return nil }
            return Int(Substring(body.dropFirst(5).prefix { $0 >= 0x30 && $0 <= 0x39 }))
        }
    }
}
