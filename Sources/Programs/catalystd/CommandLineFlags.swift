internal import CatalystAgent
internal import Glibc

/// catalystd's flags, as given.
struct CommandLineFlags {
    private var stackFiles: [String] = []
    private var profiles: [String] = []
    private var environmentFile: String?
    private var state: String?
    private var socket: String?
    private var cgroup: String?
    private(set) var wantsHelp = false
    private(set) var wantsVersion = false
    /// Only look whether this could be taken over: see `Handover`.
    private(set) var handoverToTry: Int32?
    private let given: [String]
    /// What is wrong with them, in words.
    private(set) var mistake: String?

    init(_ arguments: some Sequence<String>) {
        given = Array(arguments)
        var rest = given[...]
        while let argument = rest.popFirst(), mistake == nil {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let flag = String(parts[0])
            switch flag {
            case "--help", "-h": wantsHelp = true
            case "--version": wantsVersion = true
            case "--try-handover", "--stack", "--profile", "--env-file", "--state", "--socket",
                "--cgroup":
                guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst(),
                    !value.isEmpty
                else {
                    mistake = "'\(flag)' needs a value"
                    return
                }
                take(flag, value)
            default: mistake = "there is no flag '\(argument)'"
            }
        }
    }

    private mutating func take(_ flag: String, _ value: String) {
        switch flag {
        case "--stack": stackFiles.append(value)
        case "--profile": profiles.append(value)
        case "--env-file": environmentFile = value
        case "--state": state = value
        case "--cgroup": cgroup = value
        case "--try-handover": handoverToTry = Int32(value) ?? -1
        default: socket = value
        }
    }

    var options: AgentOptions {
        var options = AgentOptions(
            environment: Self.environment, stackFiles: stackFiles.map(Self.absolute),
            state: state.map(Self.absolute),
            socket: socket.map(Self.absolute), program: Self.programPath)
        options.profiles = profiles
        options.arguments = given
        options.cgroup = cgroup
        options.environmentFile = environmentFile.map(Self.absolute)
        return options
    }

    private static var environment: [String: String] {
        var found: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return found
    }

    /// The agent works in `/`-independent paths: it outlives its caller's directory.
    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }

    private static var programPath: String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let bytes = path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        let text = String(decoding: bytes, as: UTF8.self)
        // An upgrade may have put another in its place since.
        let mark = " (deleted)"
        return text.hasSuffix(mark) ? String(text.dropLast(mark.count)) : text
    }
}
