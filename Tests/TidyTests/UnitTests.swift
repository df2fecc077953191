import Testing

/// What is installed fits what is built.
struct UnitTests {
    private let units = Tree.files(in: "units")

    @Test func `what a unit starts is a product`() throws {
        let programs = Set(
            Manifest.modules.filter { $0.folder.hasPrefix("Sources/Programs/") }.map(\.name))
        for unit in units where unit.name.hasSuffix(".service") {
            for line in unit.lines {
                guard let found = line.text.firstMatch(of: /^Exec\w+=[-+!@:]*\S*\/(catalyst[\w-]*)/)
                else { continue }
                if !programs.contains(String(found.1)) {
                    unit.breaks(
                        "'\(found.1)' is not built here, name a program of Package.swift",
                        line: line.number)
                }
            }
        }
    }

    @Test func `a file for the operator begins with what it is for`() {
        for unit in units where unit.lines.first?.text.hasPrefix("# ") != true {
            unit.breaks("no header, say what for and who reads it")
        }
    }

    @Test func `SQL files are numbered without a gap`() {
        let files = Tree.files(in: "sql", suffix: ".sql")
        for (index, file) in files.enumerated() where Int(file.name.prefix(4)) != index + 1 {
            file.breaks("number \(index + 1) is due here, rename it")
        }
    }

    @Test func `an SQL file says why, and notes that it was applied`() {
        for (index, file) in Tree.files(in: "sql", suffix: ".sql").enumerated() {
            if file.lines.first?.text.hasPrefix("-- Why: ") != true {
                file.breaks("no '-- Why: ', begin with it")
            }
            let name = file.name.dropFirst(5).dropLast(4)
            let note = "INSERT INTO ops.migrations (version, name, checksum)\n"
            if !file.text.contains(note + "VALUES (\(index + 1), '\(name)',") {
                file.breaks("it does not note itself in ops.migrations, end as the others do")
            }
        }
    }
}
