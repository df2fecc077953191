import Testing

/// Model and Decisions are values and functions: the same question has the same answer, at any time, on any machine.
struct PurityTests {
    private let files = Tree.files(in: "Sources/Model", "Sources/Decisions", suffix: ".swift")

    @Test(arguments: [
        ("\\b(ContinuousClock|SuspendingClock|Date|DispatchTime)\\b", "take the time as a value"),
        ("\\.random\\(|SystemRandomNumberGenerator", "take chance as a value"),
        ("\\b(print|debugPrint|readLine)\\(", "return what there is to say"),
        (
            "\\b(async|await|actor|Task|Mutex|Atomic)\\b(?![\":])",
            "return an effect, the loop carries it out"
        ),
        (
            "^ *((package|private|internal|static|nonisolated\\(unsafe\\)) )*static var [^{]*=",
            "keep state in a value"
        ),
        ("^((package|private|internal) )?var \\w+(: [^{]*)?=", "keep state in a value"),
        ("\\b(fatalError|preconditionFailure|precondition)\\(", "report an anomaly and carry on"),
    ])
    func `decisions touch nothing`(_ words: String, _ instead: String) throws {
        // Outside comments.
        for file in files {
            try file.forbid("^(?!.*//).*?(\(words))") { "'\($0)' in a decision, \(instead)" }
        }
    }
}
