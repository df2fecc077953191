import Testing

/// What a reader finds: a page for each module, a row in the README, a sentence for each main type.
struct PageTests {
    private static let linesMax = 60

    @Test(arguments: Manifest.modules.map(\.name))
    func `a module has a page`(_ name: String) throws {
        let module = try #require(Manifest.modules.first { $0.name == name })
        let page = File("\(module.folder)/\(name).docc/\(name).md")
        guard page.exists else {
            return page.breaks(
                "'\(name)' has no page, say what it is for, what it promises, its files, its tests")
        }
        // As Swift calls the module.
        let title = name.replacing("-", with: "_")
        if page.lines.first?.text != "# ``\(title)``" {
            page.breaks("another title, begin with '# ``\(title)``'")
        }
        if page.lines.count - 1 > Self.linesMax {
            page.breaks(
                "longer than \(Self.linesMax) lines, leave out what the code says",
                line: Self.linesMax + 1)
        }
    }

    @Test func `the README's table of modules is Package.swift's`() {
        let readme = File("README.md")
        let modules = Set(Manifest.modules.map(\.name))
        let rows = readme.lines.compactMap { line in
            line.text.firstMatch(of: /^\| `([\w-]+)` \|/).map { (line.number, String($0.1)) }
        }
        let named = Set(rows.map(\.1))
        // Before there is such a table, nothing is missing from it.
        guard !named.isDisjoint(with: modules) else { return }
        for name in modules.subtracting(named).sorted() {
            readme.breaks("no row for '\(name)', add '| `\(name)` | …'")
        }
        let tables = Dictionary(grouping: rows) { row in table(of: row.0, in: readme) }
        for table in tables.values where table.contains(where: { modules.contains($0.1) }) {
            for (line, name) in table where !modules.union(Manifest.libraries).contains(name) {
                readme.breaks("'\(name)' is no module of Package.swift, remove its row", line: line)
            }
        }
    }

    /// The line where the table of `row` begins.
    private func table(of row: Int, in file: File) -> Int {
        let lines = file.lines
        var first = row
        while first > 1, lines[first - 2].text.hasPrefix("|") { first -= 1 }
        return first
    }

    @Test func `the main type of a file says what it is for`() {
        let kinds = /(?:package |final |indirect )*(?:struct|enum|class|actor|protocol) (\w+)/
        for file in Tree.files(in: "Sources", suffix: ".swift") {
            let lines = file.lines
            for line in lines {
                guard line.text.contains(file.name.dropLast(6)),
                    let found = line.text.prefixMatch(of: kinds), file.name == "\(found.1).swift",
                    // A command's `abstract` says it, to the operator too.
                    !line.text.contains(": ParsableCommand"), !line.text.hasPrefix("enum Main ")
                else { continue }
                let above = lines[..<(line.number - 1)].last { !$0.text.hasPrefix("@") }
                if above?.text.hasPrefix("///") != true {
                    file.breaks(
                        "'\(found.1)' has no '///', say in a sentence what it is for",
                        line: line.number)
                }
            }
        }
    }
}
