import Foundation

/// What Package.swift declares, read from its text: asking SwiftPM takes longer than all these tests.
enum Manifest {
    struct Module {
        let name: String
        /// `Model`, `Decisions` … ; `Programs` for a program.
        let layer: String
        let uses: Set<String>
        var folder: String { "Sources/\(layer)/\(name)" }
        var files: [File] { Tree.files(in: folder, suffix: ".swift") }
    }

    static let file = File("Package.swift")

    static let modules: [Module] =
        declarations(of: "module").map {
            Module(name: $0.name, layer: $0.words.first ?? "", uses: uses($0))
        }
        + declarations(of: "program").map {
            Module(name: $0.name, layer: "Programs", uses: uses($0))
        }

    static let libraries = Set(declarations(of: "library").map(\.name) + ["CLinux"])

    /// Their folders.
    static let tests = Set(
        declarations(of: "tests").map { "\($0.name)Tests" }
            + declarations(of: "support").map(\.name))

    private struct Declaration {
        let name: String
        /// The strings that follow.
        let words: [String]
        let shortcuts: Set<String>
    }

    /// The calls `.kind("…", …)`: their strings and the `.shortcuts` in their arguments.
    private static func declarations(of kind: String) -> [Declaration] {
        let text = file.text
        return text.ranges(of: ".\(kind)(").compactMap { start in
            var depth = 1
            let rest = text[start.upperBound...]
            let end = rest.firstIndex { character in
                depth += character == "(" ? 1 : character == ")" ? -1 : 0
                return depth == 0
            }
            let arguments = rest[..<(end ?? rest.endIndex)]
            let strings = arguments.matches(of: /"([^"]*)"/).map { String($0.1) }
            guard let name = strings.first else { return nil }
            return Declaration(
                name: name, words: Array(strings.dropFirst()),
                shortcuts: Set(arguments.matches(of: /\.([a-zA-Z]+)/).map { String($0.1) }))
        }
    }

    private static func uses(_ declaration: Declaration) -> Set<String> {
        var uses = Set(declaration.words)
        if declaration.shortcuts.contains("system") { uses.insert("SystemPackage") }
        if declaration.shortcuts.contains("argumentParser") { uses.insert("ArgumentParser") }
        return uses
    }
}
