/// One thing that is wrong, or has no effect, in the files of a stack.
///
/// Never holds the value of a variable, only what is written in the file.
package struct Problem: Hashable, Sendable {
    package var file: String
    /// Nil: the file as a whole.
    package var line: Int?
    package var column: Int?
    /// Dotted below its service, such as `healthcheck.interval`; nil: no key's fault.
    package var key: String?
    package var message: String
}

extension Problem: CustomStringConvertible {
    /// `stack.yaml:14: 'restart': unknown policy 'allways', did you mean 'always'?`
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return key.map { "\(place): '\($0)': \(message)" } ?? "\(place): \(message)"
    }
}

/// A point in one of the files that are being read.
struct Place: Hashable {
    /// Index into `Findings.files`.
    var file: Int
    var line: Int?
    var column: Int?
}

/// Gathers what is found, in any order. One for a whole load, shared by its readers: hence a class.
final class Findings {
    private(set) var files: [String] = []
    /// Where variables were read from, whose values may be secret; absolute.
    var variableFiles: Set<String> = []
    private var errors: [Place: [Problem]] = [:]
    private var warnings: [Place: [Problem]] = [:]
    private var errorCount = 0
    private var warningCount = 0

    var isClean: Bool { errorCount == 0 }
    var hasRoom: Bool { errorCount < Limits.findingsMax }

    func register(file: String) -> Place {
        if let known = files.firstIndex(of: file) { return Place(file: known) }
        files.append(file)
        return Place(file: files.count - 1)
    }

    func error(_ place: Place, _ key: String?, _ message: String) {
        guard errorCount < Limits.findingsMax else { return }
        errorCount += Self.add(problem(place, key, message), at: place, to: &errors)
    }

    func warn(_ place: Place, _ key: String?, _ message: String) {
        guard warningCount < Limits.findingsMax else { return }
        warningCount += Self.add(problem(place, key, message), at: place, to: &warnings)
    }

    var sortedErrors: [Problem] { Self.sorted(errors) }
    var sortedWarnings: [Problem] { Self.sorted(warnings) }

    private func problem(_ place: Place, _ key: String?, _ message: String) -> Problem {
        Problem(
            file: files[place.file], line: place.line, column: place.column, key: key,
            message: message)
    }

    /// An anchor's mistake is found once for each service that uses it, and told once.
    private static func add(
        _ problem: Problem, at place: Place, to list: inout [Place: [Problem]]
    ) -> Int {
        guard list[place]?.contains(problem) != true else { return 0 }
        list[place, default: []].append(problem)
        return 1
    }

    private static func sorted(_ list: [Place: [Problem]]) -> [Problem] {
        let places = list.keys.sorted {
            ($0.file, $0.line ?? 0, $0.column ?? 0) < ($1.file, $1.line ?? 0, $1.column ?? 0)
        }
        return places.flatMap { list[$0] ?? [] }
    }
}
