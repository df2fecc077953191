import Foundation
import Testing

/// The checkout that these tests were built from.
enum Tree {
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The files below `folders`, as paths in the checkout, sorted.
    static func files(in folders: String..., suffix: String = "") -> [File] {
        folders.flatMap { folder -> [File] in
            let below = FileManager.default.enumerator(atPath: root.appending(path: folder).path)
            let paths = (below?.compactMap { $0 as? String } ?? []).sorted()
            return paths.filter { $0.hasSuffix(suffix) }.map { File("\(folder)/\($0)") }
        }.filter(\.isText)
    }

    static func names(in folder: String) -> [String] {
        let path = root.appending(path: folder).path
        return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }
}

/// A file of the checkout.
struct File {
    let path: String

    init(_ path: String) { self.path = path }

    private var url: URL { Tree.root.appending(path: path) }
    var name: String { url.lastPathComponent }
    var exists: Bool { FileManager.default.fileExists(atPath: url.path) }
    var isExecutable: Bool { FileManager.default.isExecutableFile(atPath: url.path) }
    var text: String { (try? String(contentsOf: url, encoding: .utf8)) ?? "" }
    var isText: Bool {
        let kind = try? url.resourceValues(forKeys: [.isRegularFileKey])
        return kind?.isRegularFile == true && (try? String(contentsOf: url, encoding: .utf8)) != nil
    }

    /// With their numbers, from 1.
    var lines: [(number: Int, text: String)] {
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
            .map { ($0.offset + 1, String($0.element) ?? "") }
    }

    /// Notes a line that breaks a rule: `path:line: rule, do this instead`.
    func breaks(_ rule: String, line: Int = 1) { Issue.record("\(path):\(line): \(rule)") }

    /// Notes each place where `words` (a regular expression, `^` at each line) occurs.
    func forbid(_ words: String, _ rule: (String) -> String) throws {
        let text = text as NSString
        let pattern = try NSRegularExpression(pattern: words, options: .anchorsMatchLines)
        for found in pattern.matches(in: text as String, range: NSRange(0..<text.length)) {
            let above = text.substring(to: found.range.location)
            let word = text.substring(with: found.range).trimmingCharacters(in: .whitespaces)
            breaks(rule(word), line: above.utf8.count { $0 == UInt8(ascii: "\n") } + 1)
        }
    }
}
