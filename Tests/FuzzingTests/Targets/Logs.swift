import Glibc

@testable import Logs
@testable import StackModel

/// Lines of log files, each for itself; and what we write is read as it was.
func fuzzLogLines(_ bytes: [UInt8]) throws {
    bytes.withUnsafeBytes { line in
        _ = JSONLine.parse(line, of: "api")
        _ = LocalFormat.parse(line, at: 0)
        var meaning = LineMeaning("api", .local)
        _ = meaning.read(line, at: 0)
    }
    let text = bytes.filter { $0 != newline }.prefix(4096)
    let memory = UnsafeMutableRawPointer.allocate(
        byteCount: JSONFormat.recordBytesMax, alignment: 16)
    defer { memory.deallocate() }
    var end = memory
    var format = JSONFormat()
    Array(text).withUnsafeBytes {
        format.append(
            $0, isWhole: true, stream: .stderr, time: Timestamp(nanoseconds: 1), to: &end)
    }
    let written = UnsafeRawBufferPointer(start: memory, count: end - memory - 1)
    guard let record = JSONLine.parse(written, of: "api") else {
        throw Broken(description: "what was written cannot be read")
    }
    guard let valid = String(validating: text, as: UTF8.self) else { return }
    try promise(record.text == valid, "'\(valid)' comes back as '\(record.text)'")
}

/// Whole files: the last records are the same, however they are looked for.
func fuzzLogFiles(_ bytes: [UInt8]) throws {
    let suffix = bytes.first.map { $0 & 1 == 0 } ?? true ? "-json.log" : ".log"
    let wanted = bytes.first.map { Int($0 >> 1) % 8 } ?? 0
    let folder = try Scratch.folder("logs")
    let path = "\(folder)/api/api\(suffix)"
    mkdir("\(folder)/api", 0o700)
    defer { unlink(path) }
    try Scratch.write(Array(bytes.dropFirst()), to: path)
    var reading = LogReading(directory: folder, services: ["api"])
    let all = records(reading)
    reading.tail = wanted
    let last = records(reading)
    try promise(
        last == Array(all.suffix(wanted)),
        "the last \(wanted) of \(all.count) are \(last.count) others")
}

private func records(_ reading: LogReading) -> [LogRecord] {
    var found: [LogRecord] = []
    reading.run(isCancelled: { false }) {
        found.append($0)
        return true
    }
    return found
}
