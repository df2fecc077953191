import FoundationEssentials
import Glibc
import StackModel
import Testing

@testable import Logs

@Suite struct CaptureTests {
    @Test(arguments: [LogPolicy.Driver.jsonFile, .local])
    func `what is written is read back, with its stream`(driver: LogPolicy.Driver) async throws {
        let place = try Workplace()
        let paths = try place.pump.open("scanner", policy: LogPolicy(driver))
        try Pen(paths.stdout).write("one\ntwo\n")
        try await eventually("two lines") { place.reading("scanner").texts == ["one", "two"] }
        try Pen(paths.stderr).write("\u{0}three \u{2028}\n\n@@ no header\n")
        try await eventually("three more") { place.reading("scanner").texts.count == 5 }
        let records = place.reading("scanner").records()
        #expect(records.map(\.text) == ["one", "two", "\u{0}three \u{2028}", "", "@@ no header"])
        #expect(records.map(\.stream) == [.stdout, .stdout, .stderr, .stderr, .stderr])
    }

    @Test func `FIFOs and files are for the agent's eyes`() async throws {
        let place = try Workplace()
        let paths = try place.pump.open("scanner", policy: LogPolicy(.jsonFile))
        try Pen(paths.stdout).write("one\n")
        try await eventually("a file") { !place.lines(place.path("scanner", "-json.log")).isEmpty }
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
        }
        #expect(mode(paths.stdout) == 0o600)
        #expect(mode(place.directory + "/fifo") == 0o700)
        #expect(mode(place.directory + "/log/scanner") == 0o750)
        #expect(mode(place.path("scanner", "-json.log")) == 0o640)
    }

    @Test func `a character that comes in two reads stays whole`() async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.jsonFile)).stdout)
        let bytes = Array("price: 5 €\n".utf8)
        for byte in bytes {
            pen.write([byte])
            usleep(200)
        }
        try await eventually("the line") { place.reading("scanner").texts == ["price: 5 €"] }
    }

    @Test(arguments: [
        (LogPolicy.Driver.jsonFile, LogLimits.recordBytesMax), (.local, LogLimits().batchBytes),
    ])
    func `ten megabytes without a newline become bounded records`(
        driver: LogPolicy.Driver, longest: Int
    ) async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(driver)).stdout)
        let line = String(repeating: "0123456789abcdeé", count: 10 << 16)
        pen.write(line + "\nnext\n")
        try await eventually("the next line") { place.reading("scanner").texts.last == "next" }
        let texts = place.reading("scanner").texts.dropLast()
        #expect(texts.joined() == line)
        #expect(texts.allSatisfy { $0.utf8.count <= longest })
        #expect(place.pump.dropped.isEmpty)
    }

    @Test func `an unfinished line is written when nothing more comes`() async throws {
        let place = try Workplace(lineWait: .milliseconds(50))
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.jsonFile)).stdout)
        pen.write("password: ")
        try await eventually("the prompt") { place.reading("scanner").texts == ["password: "] }
        pen.write("accepted\n")
        try await eventually("the rest") {
            place.reading("scanner").texts == ["password: ", "accepted"]
        }
    }

    @Test func `draining and closing write an unfinished line at once`() async throws {
        let place = try Workplace()
        let paths = try place.pump.open("scanner", policy: LogPolicy(.local))
        let pen = try Pen(paths.stdout)
        pen.write("Traceback")
        place.pump.drain("scanner")
        try await eventually("the first") { place.reading("scanner").texts == ["Traceback"] }
        pen.write("second")
        place.pump.close("scanner")
        try await eventually("the second") {
            place.reading("scanner").texts == ["Traceback", "second"]
        }
        #expect(access(paths.stdout, F_OK) != 0)
        let again = try place.pump.open("scanner", policy: LogPolicy(.local))
        try Pen(again.stdout).write("third\n")
        try await eventually("the third") { place.reading("scanner").texts.last == "third" }
    }

    @Test func `what was written while no agent was there is not lost`() async throws {
        let place = try Workplace()
        let path = place.directory + "/fifo/scanner.out"
        #expect(mkfifo(path, 0o600) == 0)
        let pen = try Pen(path)
        pen.write("written to nobody\n")
        _ = try place.pump.open("scanner", policy: LogPolicy(.jsonFile))
        try await eventually("the line") { place.reading("scanner").texts == ["written to nobody"] }
    }

    @Test func `a file in the FIFO's place is refused`() throws {
        let place = try Workplace()
        let path = place.directory + "/fifo/scanner.out"
        close(open(path, O_CREAT | O_WRONLY, 0o600))
        let error = try #require(throws: LogError.self) {
            try place.pump.open("scanner", policy: LogPolicy(.jsonFile))
        }
        #expect(
            "\(error)".hasPrefix(
                "cannot capture the output of 'scanner': cannot open '\(path)' as our FIFO: "))
    }

    @Test func `the driver changes in place`() async throws {
        let place = try Workplace()
        let pen = try Pen(place.pump.open("scanner", policy: LogPolicy(.local)).stdout)
        func change(to driver: LogPolicy.Driver) throws {
            _ = try place.pump.open("scanner", policy: LogPolicy(driver))
        }

        pen.write("to local\n")
        try await eventually("local") { place.reading("scanner").texts == ["to local"] }
        try change(to: .journald)
        pen.write("to journald\nhalf")
        try await eventually("journald") {
            place.journal.withLock { $0 } == ["scanner stdout to journald"]
        }
        place.pump.drain("scanner")
        try await eventually("journald") {
            place.journal.withLock { $0.last } == "scanner stdout half"
        }
        try change(to: .none)
        pen.write("to nowhere\n")
        place.pump.drain("scanner")
        try change(to: .jsonFile)
        pen.write("to json\n")
        try await eventually("json") { place.reading("scanner").texts.last == "to json" }
        #expect(!place.reading("scanner").texts.contains("to journald"))
        #expect(place.reading("scanner").tail(1).texts == ["to json"])
    }

    @Test func `stopping writes everything and leaves no FIFO`() throws {
        let place = try Workplace()
        for index in 0..<20 {
            let service = ServiceName("s\(index)")
            try Pen(place.pump.open(service, policy: LogPolicy(.jsonFile)).stderr).write(
                "last words")
        }
        place.pump.stop()
        for index in 0..<20 {
            #expect(place.reading(ServiceName("s\(index)")).texts == ["last words"])
        }
        #expect(access(place.directory + "/fifo", F_OK) != 0)
    }
}

extension LogReading {
    func tail(_ count: Int) -> LogReading {
        var reading = self
        reading.tail = count
        return reading
    }
}
