import Glibc
import StackModel
import Testing

@testable import StackFile

@Test(arguments: [
    ("$A", "one"), ("${A}", "one"), ("x${A}y$A", "xoneyone"), ("$$A", "$A"), ("$${A}", "${A}"),
    ("${A:-d}", "one"), ("${GONE:-d}", "d"), ("${EMPTY:-d}", "d"), ("${EMPTY-d}", ""),
    ("${GONE-d}", "d"), ("${A:+v}", "v"), ("${EMPTY:+v}", ""), ("${EMPTY+v}", "v"),
    ("${GONE+v}", ""), ("${A:?m}", "one"), ("${EMPTY?m}", ""), ("${GONE:-${A}}", "one"),
    ("${GONE:-${ALSO:-${A:+deep}}}", "deep"), ("${GONE:-}", ""), ("${A:-${GONE}}", "one"),
    ("${GONE:-a b:c}", "a b:c"), ("${A:+${GONE:-x}}", "x"),
])
func `a variable is replaced as in Compose`(written: String, text: String) throws {
    let interpolation = Interpolation(variables: ["A": "one", "EMPTY": ""])
    let result = interpolation.expand(written)
    #expect(result.flaws == [])
    #expect(result.text == text)
}

@Test(
    arguments: [
        ("$GONE", [.missing("GONE")]), ("${GONE} ${ALSO}", [.missing("GONE"), .missing("ALSO")]),
        ("${EMPTY:?why}", [.required("EMPTY", "why")]), ("$", [.malformed]), ("5$ ", [.malformed]),
        ("${A", [.malformed]), ("${}", [.malformed]), ("${A!}", [.malformed]), ("$1", [.malformed]),
    ] as [(String, [Interpolation.Flaw])])
func `a variable that has no value is told`(written: String, flaws: [Interpolation.Flaw]) throws {
    let interpolation = Interpolation(variables: ["A": "one", "EMPTY": ""])
    #expect(interpolation.expand(written).flaws == flaws)
}

@Test func `a bomb of nested or long variables is refused`() throws {
    let nested = String(repeating: "${A:-", count: 10_000)
    #expect(Interpolation(variables: [:]).expand(nested).flaws.contains(.tooDeep))
    let long = Interpolation(variables: ["A": String(repeating: "a", count: 100_000)])
    #expect(long.expand(String(repeating: "$A", count: 50_000)).flaws == [.tooLong])
}

@Test func `the process's environment wins over .env`() throws {
    let folder = try StackFolder([
        ".env": "A=file\nB=file\n", "other.env": "A=other\nB=other\n",
        "stack.yaml": "services: {a: {command: [x, $A, $B]}}",
    ])
    #expect(folder.load(environment: ["B": "process"])["a"]?.command == ["x", "file", "process"])
    #expect(folder.load(envFile: "other.env")["a"]?.command == ["x", "other", "other"])
    let missing = folder.load(envFile: "gone.env").errors
    #expect(missing.contains("gone.env: cannot read it: no such file or directory"))
}

@Test func `.env has quotes, comments, references and lines of all kinds`() throws {
    let folder = try StackFolder([
        "stack.yaml":
            """
        services:
          a:
            command: x
            env_file: [a.env, {path: raw.env, format: raw}, {path: none.env, required: false}]
            environment: [OWN=1, ALSO, LOST]
        """,
        ".env": "OUTER=around\nALSO=too\n",
        "a.env": """
        # a comment

        PLAIN=value # comment
        export EXPORTED = spaced\u{20}\u{20}
        HASH=a#b
        SINGLE='$not # this'   # comment
        DOUBLE="a\\tb\\n\\"c\\" \\$PLAIN ${PLAIN}"
        LINES="one
        two"
        REFERENCE=${OUTER}-${GONE:-none}
        EMPTY=
        OUTER
        OWN=file\r
        """,
        "raw.env": "RAW='kept' # $too\n",
    ])
    let outcome = folder.load()
    #expect(outcome.errors == [])
    #expect(
        outcome.warnings == ["stack.yaml:5: 'environment': variable 'LOST' is not set: left out"])
    #expect(
        outcome["a"]?.environment == [
            "PLAIN": "value", "EXPORTED": "spaced", "HASH": "a#b", "SINGLE": "$not # this",
            "DOUBLE": "a\tb\n\"c\" $PLAIN value", "LINES": "one\ntwo",
            "REFERENCE": "around-none", "EMPTY": "", "OUTER": "around", "OWN": "1", "ALSO": "too",
            "RAW": "'kept' # $too",
        ])
}

@Test func `mistakes in .env are told without what it holds`() throws {
    let folder = try StackFolder([
        "stack.yaml": "services: {a: {command: x}}",
        ".env": "GOOD=1\n=hunter2\nA b=hunter2\nB='hunter2\n",
    ])
    #expect(
        folder.load().errors == [
            ".env:2: is no 'NAME=value'", ".env:3: 'A': is not followed by '='",
            ".env:4: 'B': has a quote that is not closed",
        ])
    try folder.write(Array("P=pa$word\nQ=\"a\"hunter2\n".utf8), to: ".env")
    let errors = folder.load().errors
    #expect(errors.count == 2)
    #expect(errors[0].hasPrefix(".env:1: 'P': missing variable 'word'"))
    #expect(errors[1] == ".env:2: 'Q': goes on behind its closing quote")
}

@Test(
    arguments: [
        (0o644, "can be read by others (mode 0644)"), (0o640, "can be read by others (mode 0640)"),
        (0o620, "can be changed by others (mode 0620)"),
    ] as [(UInt32, String)])
func `a .env that others can read or change is refused with the command that mends it`(
    mode: UInt32, message: String
) throws {
    let folder = try StackFolder(["stack.yaml": "services: {a: {command: x, env_file: .env}}"])
    try folder.write(Array("PASSWORD=hunter2\n".utf8), to: ".env", mode: mode)
    let errors = folder.load().errors
    #expect(errors.contains(".env: \(message), and it holds secrets: chmod 600 'DIR/.env'"))
    #expect(!errors.joined().contains("hunter2"))
}

@Test(.enabled(if: geteuid() == 0, "only root can give a file away"))
func `a .env of another user is refused`() throws {
    let folder = try StackFolder([".env": "A=1\n", "stack.yaml": "services: {a: {command: x}}"])
    #expect(chown(folder.path + "/.env", 12_345, 12_345) == 0)
    #expect(
        folder.load().errors == [
            ".env: belongs to user 12345, who could change it: chown 0 'DIR/.env'"
        ])
}

@Test func `a value that comes from a variable is never shown`() throws {
    let keys = [
        "restart", "user", "stop_signal", "stop_grace_period", "read_only", "oom_score_adj",
        "mem_limit", "cpus", "tmpfs",
    ].map { "\($0): $SECRET" }
    let more = [
        "cap_add: [$SECRET]", "ports: [$SECRET]", "profiles: [$SECRET]", "ulimits: {core: $SECRET}",
        "security_opt: [$SECRET]", "healthcheck: {test: [$SECRET], interval: $SECRET}",
        "logging: {driver: $SECRET, options: {max-size: $SECRET}}", "env_file: $SECRET",
        "x-catalyst: {listen: $SECRET, on_unhealthy: $SECRET}", "environment: ['=$SECRET']",
    ]
    let outcome = try loadService(
        (["command: x"] + keys + more).joined(separator: "\n"),
        environment: ["SECRET": "hunter2 'and more"])
    #expect(outcome.errors.count >= 19, "\(outcome.errors.joined(separator: "\n"))")
    for problem in outcome.errors + outcome.warnings { #expect(!problem.contains("hunter2")) }
}
