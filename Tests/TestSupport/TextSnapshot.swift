// A release build has no such module: whoever builds all of it needs none of this.
#if canImport(Testing)
internal import Foundation
internal import Synchronization
package import Testing

/// Expects `actual` to be the text that stands in the test's source. `RECORD=1` writes it there
/// instead.
package func expectText(
    _ actual: String, _ expected: String, at location: SourceLocation = #_sourceLocation
) {
    guard actual != expected else { return }
    if isRecording {
        do {
            try rewriteLiteral(after: location, to: actual)
        } catch {
            Issue.record("cannot record '\(location.fileID)': \(error)", sourceLocation: location)
        }
    } else {
        Issue.record("\(difference(actual, expected))", sourceLocation: location)
    }
}

/// The same for text that stands in a file of its own, relative to the test's folder.
package func expectText(
    _ actual: String, inFile name: String, at location: SourceLocation = #_sourceLocation
) {
    let url = URL(fileURLWithPath: location.filePath).deletingLastPathComponent()
        .appendingPathComponent(name)
    do {
        if isRecording {
            try Data((actual + "\n").utf8).write(to: url)
        } else {
            let expected = String(decoding: try Data(contentsOf: url), as: UTF8.self)
            guard actual + "\n" != expected else { return }
            Issue.record("'\(name)': \(difference(actual, expected))", sourceLocation: location)
        }
    } catch {
        Issue.record("cannot use '\(name)': \(error)", sourceLocation: location)
    }
}

private var isRecording: Bool { ProcessInfo.processInfo.environment["RECORD"] == "1" }

private func difference(_ actual: String, _ expected: String) -> String {
    let old = expected.split(separator: "\n").map(String.init)
    let new = actual.split(separator: "\n").map(String.init)
    var lines: [String] = []
    for change in new.difference(from: old) {
        switch change {
        case .remove(_, let line, _): lines.append("- \(line)")
        case .insert(_, let line, _): lines.append("+ \(line)")
        }
    }
    return """
        not as expected:
        \(lines.joined(separator: "\n"))
        all of it (RECORD=1 takes it over):
        \(actual)
        """
}

/// How many lines earlier recordings of this run added to each file, and where.
private let shifts = Mutex<[String: [(line: Int, count: Int)]]>([:])

private struct NoLiteral: Error {}

private func rewriteLiteral(after location: SourceLocation, to text: String) throws {
    try shifts.withLock { shifts in
        let path = location.filePath
        let source = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
        var lines = source.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let earlier = shifts[path, default: []].filter { $0.line < location.line }.map(\.count)
        let from = location.line - 1 + earlier.reduce(0, +)
        guard let open = lines[from...].firstIndex(where: { $0.hasSuffix("\"\"\"") }),
            let close = lines[(open + 1)...].firstIndex(where: { $0.contains("\"\"\"") })
        else { throw NoLiteral() }
        let indent = lines[close].prefix { $0 == " " }
        let body = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.isEmpty ? "" : String(indent) + $0
        }
        lines.replaceSubrange((open + 1)..<close, with: body)
        shifts[path, default: []].append((location.line, body.count - (close - open - 1)))
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
    }
}
#endif
