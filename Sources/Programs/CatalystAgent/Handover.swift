internal import JSONLines
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// What an agent tells the program that takes its place, in memory that nobody can change.
///
/// Another release reads it, as it reads a `RememberedState`.
struct Handover: Codable {
    /// Of the program that wrote it.
    var version: String
    var state: RememberedState
    /// What it left open, by the names of `Heirlooms`.
    var descriptors: [String: Int32]
    /// What services inherit: the process has raised its own since.
    var inheritedLimits: [String: Confinement.Ulimit]

    static let variable = "CATALYST_HANDOVER"
    static let controlSocket = "control"

    /// Nil: there is none, or it cannot be read.
    init?(in descriptor: FileDescriptor) {
        guard let bytes = SealedMemory.read(descriptor, bytesMax: AgentLimits.handoverBytesMax),
            let handover = try? JSONLines.decode(Handover.self, from: bytes)
        else { return nil }
        self = handover
    }

    init(
        state: RememberedState, descriptors: [String: Int32],
        inheritedLimits: [String: Confinement.Ulimit]
    ) {
        version = catalystVersion
        self.state = state
        self.descriptors = descriptors
        self.inheritedLimits = inheritedLimits
    }

    func sealed() throws -> FileDescriptor {
        try SealedMemory.make(JSONLines.encode(self), named: "catalyst-handover")
    }

    /// The one of `environment`, which forgets it.
    static func taken(from environment: inout [String: String]) -> Handover? {
        guard let number = environment.removeValue(forKey: variable).flatMap({ Int32($0) }) else {
            return nil
        }
        let descriptor = FileDescriptor(rawValue: number)
        defer { try? descriptor.close() }  // Nothing was written to it.
        return Handover(in: descriptor)
    }
}

extension Agent {
    /// For a program that is to take another's place: whether it could. Returns the exit code, and says why not.
    package static func tryHandover(_ options: AgentOptions, number: Int32) -> (Int32, String) {
        guard let handover = Handover(in: FileDescriptor(rawValue: number)) else {
            return (100, "cannot read what the agent \(catalystVersion) is to take over")
        }
        let known = handover.state.services.count
        guard StackSpec.read(options.lastGoodStack) != nil else {
            return (100, "cannot read the running stack in '\(options.lastGoodStack)'")
        }
        return (0, "catalystd \(catalystVersion) can take \(known) services over")
    }
}
