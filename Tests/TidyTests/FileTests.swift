import Testing

/// What holds for every file, whatever is in it.
struct FileTests {
    private let swift = Tree.files(in: "Sources", "Tests", suffix: ".swift")
    private let all =
        Tree.files(in: "Sources", "Tests", "units", "sql", "nginx", "scripts", ".ci")
        + ["Package.swift", "README.md"].map(File.init)

    @Test func `the top level is closed`() {
        let known: Set = [
            "Package.swift", "README.md", "Sources", "Tests", "units", "sql", "nginx", "scripts",
        ]
        // SwiftPM's own, and not in the repository.
        let made: Set = ["Package.resolved"]
        for name in Tree.names(in: "")
        where !name.hasPrefix(".") && !known.union(made).contains(name) {
            File(name).breaks("nothing new at the top level, put it into one of \(known.sorted())")
        }
    }

    @Test func `a file is about one thing`() {
        for file in swift where file.lines.count > 400 {
            file.breaks("longer than 400 lines, split it by topic", line: 401)
        }
    }

    /// `swift format` breaks lines of code at 100, but no comment and no text. In tests texts are what is tested.
    @Test func `a line can be read without scrolling`() {
        for file in Tree.files(in: "Sources", suffix: ".swift") {
            for line in file.lines where line.text.utf8.count > 120 && line.text.count > 120 {
                file.breaks("longer than 120 columns, break it", line: line.number)
            }
        }
    }

    @Test(arguments: [
        ("\\bF" + "IXME\\b", "mend it"),
        ("\\bT" + "ODO\\b", "do it, or say when it is due"),
        ("// M" + "ARK", "make the chapters files of their own"),
        (
            "(?<![\\w.~}*)-])/" + "work/|/tmp" + "/h[a-z0-9]|\\bs" + "hared/",
            "name no place of one machine"
        ),
    ])
    func `nothing is left lying about`(_ words: String, _ instead: String) throws {
        for file in all { try file.forbid(words) { "'\($0)', \(instead)" } }
    }

    @Test func `nothing is forced`() throws {
        for file in Tree.files(in: "Sources", suffix: ".swift") {
            try file.forbid("\\btry!|\\bas!") { "'\($0)', handle what can happen" }
        }
    }

    @Test func `no name hides what it means`() throws {
        let words = "Manager|Helper|Utils?|Common|Misc|Handler|Wrapper|Impl"
        let declared = "^ *((package|private|final|indirect) )*(struct|enum|class|actor|protocol)"
        for file in swift {
            try file.forbid("\(declared) \\w*(\(words))\\b") { "'\($0)', name what it is" }
        }
    }
}
