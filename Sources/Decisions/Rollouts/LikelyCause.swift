package import StackModel

/// What is probably behind a failed instance, in words; nil: nothing that we know.
package func likelyCause(of reason: String, _ report: Report?, lines: [String]) -> String? {
    let known: [(sign: String, cause: String)] = [
        ("ModuleNotFoundError", "a Python module is missing: does the build install it?"),
        ("ImportError", "a Python module cannot be imported: does the build install it?"),
        ("SyntaxError", "the code does not parse"),
        (
            "Address already in use",
            "it binds its port itself: start it with the socket that it is given, --fd 3"
        ),
        (
            "address already in use",
            "it binds its port itself: start it with the socket that it is given, --fd 3"
        ),
        ("Permission denied", "it may not read or write something: see its last lines"),
        ("Read-only file system", "it writes into its release, which is read-only"),
        ("No such file or directory", "a file is missing: see its last lines"),
        ("Traceback (most recent call last)", "it raised an exception: see its last lines"),
    ]
    switch report?.outcome {
    case .failed(.wrongVersion(let version)):
        return
            "it answers as version '\(version)', not as the release's: was it built from this revision?"
    case .failed(.wrongService(let name)): return "'\(name)' runs in its place"
    case .failed(.wrongSchema(let schema)):
        return "it runs schema '\(schema)': the database or the code is another"
    default: break
    }
    for line in lines.reversed() {
        if let found = known.first(where: { line.contains($0.sign) }) { return found.cause }
    }
    switch report?.outcome {
    case .failed(.timedOut) where lines.isEmpty:
        return "it never answered: does it take the socket that it is given, descriptor 3?"
    case .failed(.timedOut): return "it took the connection, or nobody did, and never answered"
    case .failed(.status(let status)): return "it says of itself that it is '\(status)'"
    case .failed(.httpStatus(let code)): return "its /health answers with \(code)"
    default: return nil
    }
}
