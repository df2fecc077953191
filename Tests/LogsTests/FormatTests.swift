import FoundationEssentials
import StackModel
import Testing

@testable import Logs

@Suite struct FormatTests {
    private let time = Timestamp(nanoseconds: 1_795_356_189_123_456_789)

    private func encode(_ text: [UInt8], isWhole: Bool = true, stream: LogRecord.Stream = .stdout)
        -> String
    {
        let room = UnsafeMutableRawPointer.allocate(byteCount: text.count * 6 + 128, alignment: 1)
        defer { room.deallocate() }
        var end = room
        var format = JSONFormat()
        text.withUnsafeBytes {
            format.append($0, isWhole: isWhole, stream: stream, time: time, to: &end)
        }
        return String(
            decoding: UnsafeRawBufferPointer(start: room, count: end - room), as: UTF8.self)
    }

    @Test func `a record looks as Docker writes it`() {
        #expect(
            encode(Array("INFO started".utf8))
                == #"{"log":"INFO started\n","stream":"stdout","time":"2026-11-22T14:03:09.123456789Z"}"#
                + "\n")
        #expect(
            encode(Array("half".utf8), isWhole: false, stream: .stderr)
                == #"{"log":"half","stream":"stderr","time":"2026-11-22T14:03:09.123456789Z"}"#
                + "\n")
    }

    @Test(arguments: [
        ("\"\\", #"\"\\"#), ("\0\t\r\u{1b}", #"\u0000\u0009\r\u001b"#),
        ("<a&b>", #"\u003ca\u0026b\u003e"#),
        ("\u{7f}é€😀", "\u{7f}é€😀"), ("a\u{2028}b\u{2029}", #"a\u2028b\u2029"#),
        ("a quote after eight\"", #"a quote after eight\""#),
    ])
    func `what Docker escapes is escaped`(text: String, escaped: String) {
        #expect(encode(Array(text.utf8)).hasPrefix(#"{"log":""# + escaped + #"\n""#))
    }

    @Test(
        arguments: [
            ([0xFF], 1), ([0x61, 0xC3], 1), ([0xE2, 0x82, 0x61], 2), ([0xED, 0xA0, 0x80], 3),
            ([0xC0, 0xAF], 2),
            ([0xF4, 0x90, 0x80, 0x80], 4),
        ] as [([UInt8], Int)])
    func `each invalid byte becomes one replacement`(bytes: [UInt8], replacements: Int) {
        #expect(encode(bytes).components(separatedBy: #"\ufffd"#).count - 1 == replacements)
    }

    @Test func `any bytes are valid JSON and come back`() throws {
        struct Line: Decodable { let log, stream, time: String }
        var generator = SystemRandomNumberGenerator()
        for length in stride(from: 0, to: 300, by: 7) {
            let bytes = (0..<length).map { _ in
                generator.next() % 3 == 0
                    ? UInt8.random(in: 0...255) : UInt8.random(in: 0x20...0x7E)
            }
            let line = encode(bytes, isWhole: false)
            let decoded = try JSONDecoder().decode(Line.self, from: Data(line.utf8))
            let ours = try #require(
                Array(line.utf8.dropLast()).withUnsafeBytes { JSONLine.parse($0, of: "x") })
            #expect(decoded.log == ours.text || decoded.log == ours.text + "\n")
            #expect(decoded.time == "2026-11-22T14:03:09.123456789Z")
            if let text = String(validating: bytes, as: UTF8.self) { #expect(decoded.log == text) }
        }
    }

    @Test func `Docker's own lines are read`() throws {
        let line =
            #"{"log":"\ud83d\ude00 a\/b\n","stream":"stderr","attrs":{"tag":"x","n":[1,{}]},"time":"2025-10-18T12:00:00.5Z"}"#
        let record = Array(line.utf8).withUnsafeBytes { JSONLine.parse($0, of: "x") }
        #expect(
            record
                == LogRecord(
                    service: "x", time: try #require(Timestamp(rfc3339: "2025-10-18T12:00:00.5Z")),
                    stream: .stderr, text: "😀 a/b"))
    }

    @Test(arguments: [
        #"{"log":"a"#, "{}", "x", "", #"{"log":"a","time":"now"}"#, #"{"log":"\u12"}"#, "{\"a\":",
    ])
    func `rubbish is no record`(line: String) {
        #expect(Array(line.utf8).withUnsafeBytes { JSONLine.parse($0, of: "x") } == nil)
    }

    @Test func `a header is one only in its place`() {
        var format = LocalFormat()
        let header = format.header(.stderr, at: time, offset: 4096, isPartial: false)
        #expect(
            String(decoding: header, as: UTF8.self)
                == "@@ 2026-11-22T14:03:09.123456789Z 000000004096 stderr\n")
        header.dropLast().withUnsafeBytes { line in
            #expect(LocalFormat.parse(line, at: 4096)?.time == time)
            #expect(LocalFormat.parse(line, at: 4095) == nil)
        }
    }

    @Test func `a character is not cut in two`() {
        let line =
            Array(String(repeating: "a", count: LogLimits.recordBytesMax - 1).utf8)
            + Array("€uro".utf8)
        line.withUnsafeBytes { #expect(LineCut.record($0) == LogLimits.recordBytesMax - 1) }
        #expect(LineCut.unfinishedCharacter(Array("a€".utf8.dropLast())) == 2)
        #expect(LineCut.unfinishedCharacter(Array("a€".utf8)) == 0)
        #expect(LineCut.unfinishedCharacter([0x80, 0x80, 0x80, 0x80]) == 0)
    }
}
