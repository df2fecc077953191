import Glibc
import StackModel
import Testing

@testable import Logs

@Suite struct ReadingTests {
    private static let drivers = [LogPolicy.Driver.jsonFile, .local]

    private func settle(_ place: Workplace, _ service: ServiceName, at last: String) async throws {
        try await eventually("'\(last)'") { place.reading(service).tail(1).texts == [last] }
    }

    @Test(arguments: drivers)
    func `the tail is the last lines, across files and blocks`(driver: LogPolicy.Driver)
        async throws
    {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 200_000, filesMax: 10)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        let texts = (0..<4000).map { "\($0) \(String(repeating: "z", count: $0 * 7 % 200))" }
        for text in texts { pen.write(text + "\n") }
        try await settle(place, "scanner", at: texts[3999])
        for count in [0, 1, 2, 999, 2500, 4000, 5000] {
            #expect(place.reading("scanner").tail(count).texts == texts.suffix(count))
        }
        var reading = place.reading("scanner").tail(3)
        reading.grep = "77 "
        #expect(reading.texts == texts.filter { $0.contains("77 ") }.suffix(3))
        reading.tail = nil
        #expect(reading.texts == texts.filter { $0.contains("77 ") })
    }

    @Test func `lines of a clock that was set back since are shown`() throws {
        let place = try Workplace()
        for folder in ["log", "log/scanner"] { mkdir("\(place.directory)/\(folder)", 0o700) }
        let path = place.path("scanner", "-json.log")
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        for (text, time) in [("ahead", "2199-01-01T00:00:00Z"), ("now", "2026-01-01T00:00:00Z")] {
            let line = #"{"log":"\#(text)\n","stream":"stdout","time":"\#(time)"}"# + "\n"
            #expect(write(file, line, line.utf8.count) == line.utf8.count)
        }
        close(file)
        #expect(place.reading("scanner").texts == ["ahead", "now"])
        #expect(place.reading("scanner").tail(1).texts == ["now"])
    }

    @Test(arguments: drivers)
    func `since leaves out what is older`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 2 << 20, filesMax: 10)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        for number in 0..<8000 {
            pen.write("line \(number) \(String(repeating: "-", count: 400))\n")
        }
        try await eventually("the end") {
            place.reading("scanner").tail(1).texts.first?.hasPrefix("line 7999 ") == true
        }
        let all = place.reading("scanner").records()
        for index in [0, 1, 3000, 7998] {
            var reading = place.reading("scanner")
            reading.since = all[index].time
            let found = reading.records()
            #expect(found == all.filter { $0.time >= all[index].time })
        }
        var reading = place.reading("scanner")
        reading.since = Timestamp(nanoseconds: all[7999].time.nanoseconds + 1)
        #expect(reading.records().isEmpty)
    }

    @Test func `several services are merged by time`() async throws {
        let place = try Workplace()
        let pens = try ["news", "redis", "scanner"].map { name in
            let driver = name == "redis" ? LogPolicy.Driver.local : .jsonFile
            return try Pen(place.pump.open(ServiceName(name), policy: LogPolicy(driver)).stdout)
        }
        for number in 0..<30 {
            pens[number % 3].write("\(number)\n")
            try await eventually("\(number)") {
                place.reading("news", "redis", "scanner").texts.last == "\(number)"
            }
        }
        #expect(place.reading("news", "redis", "scanner").texts == (0..<30).map(String.init))
        #expect(
            place.reading("scanner", "news").texts
                == (0..<30).filter { $0 % 3 != 1 }.map(String.init))
        #expect(place.reading("nobody").texts.isEmpty)
    }

    @Test(arguments: [
        (LogPolicy.Driver.jsonFile, false), (.local, false), (.jsonFile, true), (.local, true),
    ])
    func `following loses and repeats nothing over rotations`(
        driver: LogPolicy.Driver, compress: Bool
    ) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 8 << 10, filesMax: 2000, compress: compress)
        let seen = Guarded<[String]>([])
        let isOver = Guarded(false)
        let hasEnded = Guarded(false)
        var reading = place.reading("scanner")
        reading.follow = true
        try Worker.start { [reading] in
            reading.run(isCancelled: { isOver.withLock { $0 } }) { record in
                seen.withLock { $0.append(record.text) }
                return true
            }
            hasEnded.withLock { $0 = true }
        }
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        let texts = (0..<8000).map { "\($0) \(String(repeating: "q", count: $0 % 90))" }
        for text in texts { pen.write(text + "\n") }
        try await eventually("all lines") { seen.withLock { $0.last } == texts.last }
        let wrong = zip(seen.withLock { $0 }, texts).first { $0 != $1 }
        #expect(wrong == nil)
        #expect(seen.withLock { $0.count } == texts.count)
        #expect(place.pump.dropped.isEmpty)
        isOver.withLock { $0 = true }
        try await eventually("the end") { hasEnded.withLock { $0 } }
    }

    @Test func `a reader that has enough is let go`() async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.jsonFile)).stdout)
        pen.write("one\ntwo\nthree\n")
        try await settle(place, "scanner", at: "three")
        var reading = place.reading("scanner")
        reading.follow = true
        var seen: [String] = []
        reading.run(isCancelled: { false }) {
            seen.append($0.text)
            return seen.count < 2
        }
        #expect(seen == ["one", "two"])
    }
}
