import Glibc
import StackModel

/// What a test deploys: a directory with a version, a script that starts each service, and their stack file.
struct Source {
    /// How one service is in it.
    struct Part {
        /// Of the stand-in; they are in the script, and so in what the service is made of.
        var flags: [String] = []
        var rules = Piece.quick
        var rolling = "drain: 50ms"
        /// How its `/health` knows its version.
        var version = "--version-file VERSION"
        /// Below the release, where its script is.
        var directory = ""
        /// Its soak, where it is not that of all.
        var monitor: String?
        var definition = ""
    }

    let folder: Folder
    /// Of `base`, `scanner` and `front`: each needs the one before, so that they are rolled from the last to the first.
    var ports: [UInt16]
    static let names: [ServiceName] = ["base", "scanner", "front"]

    init() throws {
        folder = try Folder()
        ports = try Self.names.map { _ in try freePort() }
    }

    var path: String { "\(folder.path)/source" }
    /// Where `releases` and `current` are.
    var root: String { "\(folder.path)/state" }

    /// A bad instance is known soon. Good ones have all the time they want, on a busy machine too.
    static let strict =
        "interval: 200ms, timeout: 500ms, retries: 2, start_period: 500ms, start_interval: 50ms"

    /// The machine's own stack, before anything was deployed.
    static let machine = Piece.stack(bystander) + "x-catalyst: {releases: {space: 0}}\n"

    private static let bystander = Piece.sleeper(
        "bystander", more: "x-catalyst: {source: [bystander]}")

    /// `more`: more services.
    func write(
        _ version: String, _ parts: [ServiceName: Part] = [:], soak: String = "0s",
        onFailure: String = "rollback", build: String = "true", keep: Int = 5,
        more: [String] = []
    ) throws {
        for directory in [path] + Self.names.map({ "\(path)/\($0)" }) { mkdir(directory, 0o755) }
        try folder.write(version + "\n", to: "source/VERSION")
        var services = [Self.bystander] + more
        for (index, name) in Self.names.enumerated() {
            let part = parts[name] ?? Part()
            let needs = index == 0 ? nil : Self.names[index - 1]
            services.append(try service(name, part, port: ports[index], needs: needs))
        }
        let text = "services:\n" + services.joined(separator: "\n") + "\n"
        let rollout = "{soak: \(soak), failure_action: \(onFailure)}"
        let releases = "{space: 0, build: '\(build)', keep: \(keep)}"
        try folder.write(
            text + "x-catalyst: {releases: \(releases), rollout: \(rollout)}\n",
            to: "source/stack.yaml")
    }

    private func service(
        _ name: ServiceName, _ part: Part, port: UInt16, needs: ServiceName?
    ) throws -> String {
        let flags = part.flags.joined(separator: " ")
        let words = "exec \(Piece.standin) --name \(name) \(part.version) \(flags)\n"
        try folder.write(words, to: "source/\(name)/run")
        let dependency =
            needs.map { "    depends_on: {\($0): {condition: service_healthy}}\n" } ?? ""
        let monitor = part.monitor.map { ", update_config: {monitor: \($0)}" } ?? ""
        return """
              \(name):
                command: [/bin/sh, \(name)/run]
                working_dir: \(root)/current\(part.directory)
                healthcheck: {test: [HTTP, "http://127.0.0.1:\(port)/health"], \(part.rules)}
                x-catalyst:
                  {listen: '127.0.0.1:\(port)', source: [\(name)], contract: {version: release}, \(part.rolling)}
                deploy: {restart_policy: {condition: any}\(monitor)}
            \(dependency)\(part.definition)
            """
    }

    /// The release that a process was started in.
    func release(of pid: pid_t) -> String? {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(pid)/cwd", &path, path.count)
        let text = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let start = root + "/releases/"
        return text.hasPrefix(start) ? String(text.dropFirst(start.count)) : nil
    }

    /// The one that `current` leads to.
    var current: String? {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("\(root)/current", &path, path.count)
        let text = String(
            decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return text.split(separator: "/").last.map(String.init)
    }
}

extension RunningAgent {
    /// Deploys it; returns the rollout, which must have succeeded.
    @discardableResult
    func deploy(_ source: Source, _ words: String...) throws -> Rollout {
        let outcome = try run(
            [Program.folder + "/catalystctl", "--socket", socketPath, "deploy", source.path]
                + words, in: folder, within: .seconds(90))
        guard outcome.status == 0, let rollout = try rollouts().first, rollout.state == .succeeded
        else { throw Failure("the deploy did not succeed: \(outcome)\n\(story())") }
        return rollout
    }

    /// Deploys it without waiting for the end; returns the rollout's number when it is as wished.
    func beginDeploy(
        _ source: Source, until condition: (Rollout) -> Bool = { _ in true }
    ) throws -> Int64 {
        let outcome = try catalystctl("deploy", source.path, "--detach")
        guard outcome.status == 0, let id = try rollouts().first?.id else {
            throw Failure("no deploy began: \(outcome)\n\(story())")
        }
        try follow(id, until: condition)
        return id
    }

    /// One process each, started in `release`, healthy.
    func expect(_ names: [ServiceName], in release: String?, of source: Source) throws {
        try expectAllWell()
        try expectOneEach(names)
        for name in names {
            let found = source.release(of: try pid(of: name))
            guard found == release else {
                throw Failure(
                    "'\(name)' runs from \(found ?? "no release"), not \(release ?? "any")")
            }
        }
    }
}

/// Runs an agent for one test, with a first version deployed.
func withDeployed(
    _ parts: [ServiceName: Source.Part] = [:], more: [String] = [],
    _ body: (RunningAgent, Source, Rollout) throws -> Void
) throws {
    let source = try Source()
    try withAgent(in: source.folder, { _ in Source.machine }) { agent in
        try source.write("1.0.0", parts, more: more)
        try body(agent, source, try agent.deploy(source))
    }
}
