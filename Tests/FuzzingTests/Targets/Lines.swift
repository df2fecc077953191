@testable import CollectorProtocol
@testable import ControlProtocol
@testable import JSONLines

/// Requests and answers on the control socket, cut into pieces as a socket cuts them.
func fuzzControl(_ bytes: [UInt8]) throws {
    for line in try lines(of: bytes, bytesMax: ControlLimits.requestBytesMax) {
        try fuzzCoding(ControlRequest.self, line)
        try fuzzCoding(ControlReply.self, line)
    }
}

/// What agent and collector say to each other.
func fuzzCollector(_ bytes: [UInt8]) throws {
    for line in try lines(of: bytes, bytesMax: CollectorLimits.replyBytesMax) {
        try fuzzCoding(CollectorRequest.self, line)
        try fuzzCoding(CollectorReply.self, line)
    }
}

/// What is understood is written so that it is understood again, as the same.
func fuzzCoding<Value: Codable & Equatable>(_ type: Value.Type, _ bytes: [UInt8]) throws {
    guard let value = try? JSONLines.decode(type, from: bytes) else { return }
    // A number that JSON has no word for.
    guard let written = try? JSONLines.encode(value) else { return }
    try promise(written.count { $0 == 10 } == 1, "\(type) takes more than its line")
    let again = try JSONLines.decode(type, from: written)
    let rewritten = try JSONLines.encode(again)
    try promise(rewritten == written, "\(type) is another when it is read again")
}

/// However they are cut, they are the same.
private func lines(of bytes: [UInt8], bytesMax: Int) throws -> [[UInt8]] {
    let step = Int(bytes.first ?? 0) % 16 + 1
    var whole = LineBuffer(lineBytesMax: bytesMax)
    var pieces = LineBuffer(lineBytesMax: bytesMax)
    whole.append(bytes)
    var expected: [[UInt8]] = []
    while let line = try whole.next() { expected.append(line) }
    var found: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: step) {
        pieces.append(bytes[start..<min(start + step, bytes.count)])
        while let line = try pieces.next() { found.append(line) }
    }
    try promise(found == expected, "lines depend on how they are cut")
    try promise(
        expected
            == bytes.split(separator: 10, omittingEmptySubsequences: false).dropLast()
            .map(Array.init), "lines are not what stands between newlines")
    return expected
}
