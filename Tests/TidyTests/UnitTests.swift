import Testing

/// What is installed fits what is built.
struct UnitTests {
    private let units = Tree.files(in: "units")

    @Test func `what a unit starts is installed`() throws {
        let programs = Set(
            Manifest.modules.filter { $0.folder.hasPrefix("Sources/Programs/") }.map(\.name))
        for unit in units where unit.name.hasSuffix(".service") {
            for line in unit.lines {
                guard let found = line.text.firstMatch(of: /^Exec\w+=.*\/usr\/lib\/catalyst\/(\S+)/)
                else { continue }
                let name = String(found.1)
                if !programs.contains(name), !File(name).isExecutable {
                    unit.breaks(
                        "there is no '\(name)', name a program of Package.swift or a script",
                        line: line.number)
                }
            }
        }
    }

    @Test func `what a timer starts is a service`() {
        for timer in units where timer.name.hasSuffix(".timer") {
            let service = timer.path.dropLast("timer".count) + "service"
            if !File(String(service)).exists { timer.breaks("it starts '\(service)', add that") }
        }
    }

    @Test func `every file for the operator is in the package`() {
        let script = File("scripts/package")
        for unit in units {
            let folder = unit.path.dropLast(unit.name.count)
            if !script.text.contains(unit.path), !script.text.contains("\(folder)*"),
                !(folder.contains("/debian/") && script.text.contains(unit.name)),
                !(folder.contains("/completions/") && script.text.contains(unit.name))
            {
                unit.breaks("scripts/package leaves it out, put it there")
            }
        }
    }

    @Test func `a file for the operator begins with what it is for`() {
        for unit in units {
            let lines = unit.lines.map(\.text)
            let isMarked = lines.first?.wholeMatch(of: /#(!|compdef ).*/) != nil
            let head = lines.dropFirst(isMarked ? 1 : 0).first ?? ""
            if !head.hasPrefix("# "), !head.hasPrefix(".\\\" ") {
                unit.breaks("no header, say what for and who reads it")
            }
        }
    }

    @Test func `every command is in catalystctl's page`() {
        let page = File("units/man/catalystctl.1")
        let named = Set(
            page.text.split(separator: "\n").filter { $0.contains("Cm ") }
                .flatMap { $0.split { !$0.isLetter } })
        for file in Tree.files(in: "Sources/Programs/catalystctl", suffix: ".swift") {
            for found in file.text.matches(of: /commandName: "([a-z]+)"/)
            where found.1 != "catalystctl" {
                if !named.contains(found.1) {
                    page.breaks("it does not name '\(found.1)' (\(file.path)), add it")
                }
            }
        }
    }

    @Test func `every flag of catalystd is in its page, and completed`() {
        let page = File("units/man/catalystd.8").text.replacing("\\-", with: "-")
        let usage = File("Sources/Programs/catalystd/main.swift").text
        let flags = Set(usage.matches(of: /--([a-z][a-z-]+)/).map { String($0.1) })
        #expect(flags.contains("stack") && flags.contains("version"))
        for flag in flags.sorted() {
            if !page.contains("Fl -\(flag)") && !page.contains(", -\(flag)") {
                File("units/man/catalystd.8").breaks("it does not name '--\(flag)', add it")
            }
            for (shell, mark) in [("bash", "--"), ("zsh", "--"), ("fish", "-l ")] {
                let file = File("units/completions/catalystd.\(shell)")
                if !file.text.contains(mark + flag) { file.breaks("no '--\(flag)', add it") }
            }
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
