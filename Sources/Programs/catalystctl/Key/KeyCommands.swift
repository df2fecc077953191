internal import ArgumentParser

struct KeyCommands: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "The API key of the front door: show it, make a new one.",
        discussion: """
            The key is in /etc/catalyst/.env, and where nginx reads it in
            /etc/nginx/catalyst/key.conf; both are root's alone.

            EXAMPLES
              catalystctl key rotate              a new key; the old one ends with it
              catalystctl key rotate --keep-old   both are right, until
              catalystctl key retire              only the new one is
            """,
        subcommands: [KeyShow.self, KeyRotate.self, KeyRetire.self])
}

/// Where the key is.
struct KeyPlaces: ParsableArguments {
    @Option(
        name: .customLong("env-file"),
        help: ArgumentHelp("The file that holds MCP_API_KEY.", valueName: "file"),
        completion: .file())
    var envFile = "/etc/catalyst/.env"

    @Option(
        name: .customLong("nginx-directory"),
        help: ArgumentHelp("Where nginx' key.conf is.", valueName: "directory"),
        completion: .directory)
    var nginxDirectory = "/etc/nginx/catalyst"

    @Option(
        name: .customLong("nginx-configuration"),
        help: ArgumentHelp(
            "The main file of an nginx that systemd does not run.", valueName: "file",
            visibility: .hidden))
    var nginxConfiguration: String?

    var ring: KeyRing { KeyRing(envFile: envFile, nginxFile: nginxDirectory + "/key.conf") }
    var nginx: NginxService {
        get throws { try NginxService(configuration: nginxConfiguration) }
    }
}

struct KeyShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the key: nothing else ever does.",
        discussion: """
            EXAMPLES
              catalystctl key show | ssh laptop 'cat > .catalyst-key'
            """)

    @OptionGroup var places: KeyPlaces

    func run() throws { try Output.show([try places.ring.currentKey().text]) }
}

struct KeyRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make a new key, and have nginx take it, without a pause.",
        discussion: """
            What is under way goes on to its end. If nginx refuses, the old key stays right.

            EXAMPLES
              catalystctl key rotate
              catalystctl key rotate --keep-old && catalystctl key show
            """)

    @OptionGroup var places: KeyPlaces

    @Flag(name: .customLong("keep-old"), help: "The old key stays right until 'key retire'.")
    var keepsOld = false

    func run() throws {
        let ring = places.ring
        let old = try? ring.currentKey()
        let new = APIKey.random()
        try ring.install([new] + (keepsOld ? old.map { [$0] } ?? [] : []), in: places.nginx)
        try Output.show([
            keepsOld && old != nil
                ? "a new key; the old one is right as well, until 'catalystctl key retire'"
                : "a new key; no other is right any more",
            "next: catalystctl key show",
        ])
    }
}

struct KeyRetire: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "End all keys but the newest.",
        discussion: """
            EXAMPLES
              catalystctl key retire
            """)

    @OptionGroup var places: KeyPlaces

    func run() throws {
        let ring = places.ring
        let others = try ring.acceptedKeys().count - 1
        try ring.install([try ring.currentKey()], in: places.nginx)
        try Output.show([
            others > 0 ? "only the newest key is right" : "there was no other key"
        ])
    }
}
