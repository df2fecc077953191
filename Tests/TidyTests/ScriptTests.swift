import Testing

/// Scripts are verbs that stop at the first thing that goes wrong.
struct ScriptTests {
    private let scripts = Tree.names(in: "scripts").map { File("scripts/\($0)") }.filter(\.isText)

    @Test func `the two commands are there, and the gate`() {
        for verb in ["setup", "run", "test", "check", "format"]
        where !File("scripts/\(verb)").exists {
            File("scripts/\(verb)").breaks("it is missing, write it")
        }
    }

    @Test func `a script can be run and says what for`() {
        for script in scripts + [File(".ci/run")] {
            if !script.isExecutable { script.breaks("not executable, chmod +x it") }
            let lines = script.lines.map(\.text)
            if lines.first?.hasPrefix("#!/usr/bin/env ") != true {
                script.breaks("no '#!/usr/bin/env' line, begin with one")
            }
            if lines.count < 2 || !lines[1].hasPrefix("# ") && !lines[1].hasPrefix("\"\"\"") {
                script.breaks("no header, say what it is for", line: 2)
            }
        }
    }

    @Test func `a shell script stops at what goes wrong`() {
        for script in scripts + [File(".ci/run")]
        where script.lines.first?.text.contains("bash") == true {
            if !script.lines.contains(where: { $0.text == "set -euo pipefail" }) {
                script.breaks("it goes on after errors, add 'set -euo pipefail'", line: 2)
            }
        }
    }
}
