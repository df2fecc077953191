import Glibc
import StackModel
import Testing

@testable import StackFile

/// A release build answers in well under a second, a debug build in a few. Counted in the thread's own
/// time: other tests run beside this one.
private func isSwift(_ work: () throws -> Void) rethrows -> Bool {
    let start = threadSeconds()
    try work()
    return threadSeconds() - start < 5
}

private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

@Test func `a file of ten megabytes is refused unread`() throws {
    let folder = try StackFolder()
    try folder.write(Array(repeating: UInt8(ascii: "a"), count: 10_000_000), to: "stack.yaml")
    let isInTime = isSwift {
        #expect(
            folder.load().errors == [
                "stack.yaml: is too large: 10000000 bytes, at most 1048576 are read"
            ])
    }
    #expect(isInTime)
}

@Test func `what is no readable file is refused, and nothing waits for it`() throws {
    let folder = try StackFolder()
    #expect(mkdir(folder.path + "/folder", 0o700) == 0)
    #expect(mkfifo(folder.path + "/fifo", 0o600) == 0)
    #expect(folder.load(["folder"]).errors == ["folder: cannot read it: it is a directory"])
    #expect(folder.load(["fifo"]).errors == ["fifo: cannot read it: it is a FIFO"])
    #expect(folder.load(["gone"]).errors == ["gone: cannot read it: no such file or directory"])
    let device = StackSource(files: ["/dev/zero"], environment: [:]).load().errors.lines
    #expect(device == ["/dev/zero: cannot read it: it is not a regular file"])
    #expect(StackSource(files: [], environment: [:]).load().errors.count == 1)
}

@Test func `binary rubbish and text that is not UTF-8 are refused with a line`() throws {
    let folder = try StackFolder()
    try folder.write([0x7F, 0x45, 0x4C, 0x46, 0, 1, 2], to: "elf")
    #expect(
        folder.load(["elf"]).errors == [
            "elf:1: holds the control character 0: it is not a text file"
        ])
    try folder.write(Array("a: b\nc: ".utf8) + [0xFF, 0x0A], to: "latin")
    #expect(folder.load(["latin"]).errors == ["latin:2: is not UTF-8 text"])
    let escaped = try loadService("command: [\"a\\0b\"]")
    #expect(escaped.errors == ["stack.yaml:3: 'command': holds a NUL character"])
}

/// Texts that grow, nest or repeat without end.
private let bombs: [(name: String, text: String)] = [
    (
        "billion laughs",
        "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
            + (1..<12).map { level in
                let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
                return "a\(level): &a\(level) [\(aliases)]\n"
            }.joined()
    ),
    (
        "long texts, often",
        "a: &a \"\(String(repeating: "x", count: 500_000))\"\nb: ["
            + Array(repeating: "*a", count: 50_000).joined(separator: ",") + "]\n"
    ),
    ("deep lists", "a: " + String(repeating: "[", count: 500_000)),
    ("deep mappings", String(repeating: "{a: ", count: 200_000)),
    ("deep indentation", (0..<1000).map { String(repeating: " ", count: $0) + "a:\n" }.joined()),
    (
        "deep aliases",
        "a0: &a0 [x]\n" + (1..<400).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
    ),
    ("an anchor in itself", "a: &a [*a]\n"),
    ("many keys", (0..<60_000).map { "key\($0): 1\n" }.joined()),
    ("many unlike keys", "services:\n" + (0..<60_000).map { "  k\($0): {a: 1}\n" }.joined()),
    ("many mistakes", "services:\n  a:\n" + (0..<60_000).map { "    restar\($0): 1\n" }.joined()),
    (
        "many list items",
        "services: {a: {command: x, cap_add: [" + String(repeating: "KILLL,", count: 90_000) + "]}}"
    ),
    ("many twins", String(repeating: "a: 1\n", count: 100_000)),
    ("question marks", String(repeating: "? ", count: 300_000)),
    ("dashes", String(repeating: "- ", count: 300_000)),
    ("many variables", "a: \"" + String(repeating: "${A}", count: 200_000) + "\""),
]

@Test(arguments: bombs.indices)
func `a hostile file is refused in time`(_ index: Int) throws {
    let folder = try StackFolder(["stack.yaml": bombs[index].text])
    let isInTime = isSwift {
        let outcome = folder.load()
        #expect(outcome.stack == nil)
        #expect(!outcome.errors.isEmpty)
        #expect(outcome.errors.allSatisfy { $0.utf8.count < 2000 })
    }
    #expect(isInTime, "\(bombs[index].name)")
}

@Test func `a large stack that is in order is read in time`() throws {
    let services = (0..<1000).map { index in
        let needs = index > 0 ? ", depends_on: [s\(index - 1)]" : ""
        return "  s\(index): {command: [x, --port, \(index)], restart: always\(needs)}\n"
    }
    let folder = try StackFolder(["stack.yaml": "services:\n" + services.joined()])
    let isInTime = isSwift { #expect(folder.load().stack?.services.count == 1000) }
    #expect(isInTime)
}

@Test func `no change of a few bytes to the reference can stop the reader`() throws {
    let source = StackSource(files: ["\(unitsPath)/stack.yaml"], environment: [:])
    _ = source.load()
    let original = Array(uncommented(try TextFile.read("\(unitsPath)/stack.yaml").bytes).utf8)
    let folder = try StackFolder(["over.yaml": "services: {redis: {command: x}}\n"])
    var random = SeededGenerator(state: 42)
    for _ in 0..<1500 {
        try folder.write(mutation(of: original, &random), to: "stack.yaml")
        let outcome = folder.load(
            Bool.random(using: &random) ? ["stack.yaml"] : ["stack.yaml", "over.yaml"])
        #expect((outcome.stack == nil) == !outcome.errors.isEmpty)
    }
}

private func mutation(of bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    let words = [
        "*health", "&health", "<<: ", "!reset ", "${", "}", "$", "[", "]", "{", "}", ": ", "- ",
        "\t",
        "\n", "'", "\"", "|", ">", "#", "? ", "~", "-1", "99999999999999999999", "\u{0}", "…",
        "---\n",
        "%YAML 1.1\n", "1e400", "0x10", ":", "@", "\\", "services", "depends_on: [redis]",
        "alerts: ", "rules: ", "cpu-high: ", "90%", "14d", "off",
    ]
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let end = min(bytes.count, start + Int.random(in: 0...20, using: &random))
        let word = words[Int.random(in: 0..<words.count, using: &random)]
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.removeSubrange(start..<end)
        case 1: bytes.insert(contentsOf: word.utf8, at: start)
        case 2:
            bytes.insert(
                contentsOf: bytes[start..<end], at: Int.random(in: 0..<bytes.count, using: &random))
        default: bytes[start] = UInt8.random(in: 0...255, using: &random)
        }
        if bytes.isEmpty { return original(words) }
    }
    return bytes
}

private func original(_ words: [String]) -> [UInt8] { Array(words.joined().utf8) }

/// SplitMix64: the same numbers in every run.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
