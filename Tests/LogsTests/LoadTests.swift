import Glibc
import StackModel
import Testing

@testable import Logs

@Suite struct LoadTests {
    private static func line(_ number: Int) -> [UInt8] {
        let text =
            "\(number) INFO catalyst.scanner: candidate AAPL score 0.8731 volume 1234567 spread 0.02"
        return Array(
            (text + String(repeating: ".", count: max(0, 99 - text.utf8.count)) + "\n").utf8)
    }

    /// Lines in writes of 40, as a busy service's logger would make them.
    private static func burst(_ count: Int, into pen: Pen) {
        for start in stride(from: 0, to: count, by: 40) {
            pen.write((start..<min(count, start + 40)).flatMap(line))
        }
    }

    @Test(arguments: [(LogPolicy.Driver.local, 2_000_000), (.jsonFile, 100_000)])
    func `a burst lands as it was sent`(driver: LogPolicy.Driver, count: Int) async throws {
        let place = try Workplace()
        let policy = LogPolicy(driver, sizeMax: 8 << 20, filesMax: 100)
        let pen = try Pen(place.pump.open("scanner", policy: policy).stdout)
        // Numbered by the thousand, or making the lines would take longer than carrying them.
        let thousand = (0..<1000).flatMap(Self.line)
        try await aside {
            for start in stride(from: 0, to: count * 100, by: 4000) {
                pen.write(thousand[(start % thousand.count)..<(start % thousand.count + 4000)])
            }
            pen.write("end\n")
        }
        try await eventually("the end") { place.reading("scanner").tail(1).texts == ["end"] }
        let format: LogShelf.Format = driver == .local ? .local : .json
        let shelf = LogShelf("scanner", format, in: place.directory + "/log")
        var landed = 0
        var wrong = 0
        for file in shelf.files().reversed() {
            place.bytes(file.path).withUnsafeBytes { bytes in
                var records = Records(bytes)
                while let line = records.next()?.text {
                    if line[0] == UInt8(ascii: "@") { continue }
                    if !isLine(line, landed % 1000, of: thousand, after: format == .json ? 8 : 0) {
                        wrong += 1
                    }
                    landed += 1
                }
            }
        }
        #expect(landed == count + 1)
        #expect(wrong == 1, "only the end is another line")
        #expect(place.pump.dropped.isEmpty)
    }

    /// Whether the line's text is that of `thousand`'s line. In C: there are two million.
    private func isLine(
        _ line: UnsafeRawBufferPointer, _ number: Int, of thousand: [UInt8], after prefix: Int
    ) -> Bool {
        thousand.withUnsafeBytes { thousand in
            guard line.count >= prefix + 99, let text = line.baseAddress,
                let all = thousand.baseAddress
            else { return false }
            return memcmp(text + prefix, all + number * 100, 99) == 0
        }
    }

    @Test func `two processes may share a FIFO`() async throws {
        let place = try Workplace()
        let paths = try place.pump.open("scanner", policy: LogPolicy(.jsonFile))
        let script =
            "exec 1<>'\(paths.stdout)'; i=0; while [ $i -lt 3000 ]; do echo $0 $i; i=$((i+1)); done"
        let children = ["a", "b"].map { (name: String) -> pid_t in
            var child: pid_t = 0
            var words: [UnsafeMutablePointer<CChar>?] = [
                strdup("sh"), strdup("-c"), strdup(script), strdup(name), nil,
            ]
            defer { for word in words { free(word) } }
            posix_spawn(&child, "/bin/sh", nil, nil, &words, nil)
            return child
        }
        for child in children {
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
        }
        try await eventually("all lines") { place.reading("scanner").texts.count == 6000 }
        let texts = place.reading("scanner").texts
        for name in ["a", "b"] {
            #expect(texts.filter { $0.hasPrefix(name) } == (0..<3000).map { "\(name) \($0)" })
        }
    }

    @Test func `a stalled disk slows a flood, then costs counted bytes, and nobody else's`()
        async throws
    {
        let place = try Workplace(patience: .milliseconds(20), batches: 6)
        let stalling = try Pen(place.pump.open("stalling", policy: LogPolicy(.journald)).stdout)
        let quiet = try Pen(place.pump.open("quiet", policy: LogPolicy(.jsonFile)).stdout)
        let flood = try Pen(place.pump.open("flood", policy: LogPolicy(.jsonFile)).stdout)
        place.isStalled.withLock { $0 = true }
        stalling.write("stop here\n")

        // The flood ends, though nothing is written: it is read, kept and then thrown away.
        let count = 100_000
        try await aside { Self.burst(count, into: flood) }
        quiet.write("still here\n")
        try await eventually("drops") { place.pump.dropped["flood", default: 0] > 1 << 20 }
        place.isStalled.withLock { $0 = false }
        try await eventually("quiet's line") { place.reading("quiet").texts == ["still here"] }
        flood.write("end\n")
        try await eventually("the end") { place.reading("flood").tail(1).texts == ["end"] }

        let texts = place.reading("flood").texts
        let notes = texts.filter { $0.hasPrefix("catalystd: ") }
        let dropped = place.pump.dropped["flood", default: 0]
        #expect((texts.count - notes.count - 1) * 100 + Int(dropped) == count * 100)
        #expect(
            !notes.isEmpty
                && notes.allSatisfy { $0.hasSuffix(" were dropped here: the disk was too slow") })
        #expect(notes.compactMap { UInt64($0.split(separator: " ")[1]) }.reduce(0, +) == dropped)
        #expect(place.pump.dropped["quiet"] == nil)
        try await eventually("the last report") {
            place.reports.withLock { $0["flood"] } == dropped
        }
    }

    @Test func `a thousand services share the bound`() async throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        // Three descriptors each, and the test's own.
        let count = min(1000, (Int(clamping: limit.rlim_cur) - 200) / 4)
        let place = try Workplace()
        let services = (0..<count).map { ServiceName("s\($0)") }
        let pens = try services.map {
            try Pen(place.pump.open($0, policy: LogPolicy(.jsonFile)).stdout)
        }
        for round in 0..<3 {
            for pen in pens { pen.write("round \(round)\n") }
        }
        for service in services {
            try await eventually("\(service)") {
                place.reading(service).texts == ["round 0", "round 1", "round 2"]
            }
        }
        let all = LogReading(directory: place.directory + "/log", services: services).records()
        #expect(all.count == count * 3)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
}
