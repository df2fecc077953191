package import StackModel

/// What of a cgroup the kernel can be told to limit and share out.
package enum CgroupController: String, CaseIterable, Sendable {
    case memory, cpu, pids, io
}

/// What a cgroup's files are to say, so that the kernel enforces a service's resources.
///
/// All files of a controller, as the cgroup may have been another instance's before.
package struct CgroupLimits: Equatable, Sendable {
    package struct Setting: Equatable, Sendable {
        package var controller: CgroupController
        /// It is written to all of these that are there.
        package var files: [String]
        package var text: String
        /// The stack file asks for it: where it cannot be set, that is to be told.
        package var isAsked: Bool
    }

    package let settings: [Setting]

    package init(_ resources: Resources) {
        settings =
            Self.memory(resources) + Self.processor(resources) + [
                Setting(
                    .pids, "pids.max", resources.limits.pids.map(String.init) ?? unlimited,
                    isAsked: resources.limits.pids != nil),
                Setting(
                    .io, files: ["io.weight", "io.bfq.weight"],
                    "\(resources.ioWeight ?? 100)", isAsked: resources.ioWeight != nil),
            ]
    }

    /// Controllers of which something is asked.
    package var asked: Set<CgroupController> {
        Set(settings.filter(\.isAsked).map(\.controller))
    }

    private static func memory(_ resources: Resources) -> [Setting] {
        let limit = resources.limits.memory, reserved = resources.reservations.memory
        return [
            // Else what is over the limit is swapped out, and the whole machine is slow.
            Setting(.memory, "memory.swap.max", limit == nil ? unlimited : "0", isAsked: false),
            // An instance is a process tree: half of it alive is worse than none.
            Setting(.memory, "memory.oom.group", "1", isAsked: false),
            Setting(
                .memory, "memory.low", "\(reserved?.bytes ?? 0)", isAsked: reserved != nil),
            Setting(
                .memory, "memory.max", limit.map { "\($0.bytes)" } ?? unlimited,
                isAsked: limit != nil),
        ]
    }

    private static func processor(_ resources: Resources) -> [Setting] {
        let limit = resources.limits.cpus, reserved = resources.reservations.cpus
        return [
            Setting(
                .cpu, "cpu.max", "\(limit.map(quota) ?? unlimited) \(period)",
                isAsked: limit != nil),
            Setting(.cpu, "cpu.weight", "\(weight(reserved))", isAsked: reserved != nil),
        ]
    }

    /// The kernel refuses less than a millisecond in each period.
    private static func quota(_ cpus: Double) -> String {
        "\(max(1000, Int((cpus * Double(period)).rounded())))"
    }

    /// A quarter of a core, which the documented services reserve each, is the kernel's 100.
    private static func weight(_ cpus: Double?) -> Int {
        min(max(1, Int(((cpus ?? 0.25) * 400).rounded())), 10_000)
    }
}

private let unlimited = "max"
/// Of `cpu.max`, in microseconds: the kernel's own.
private let period = 100_000

extension CgroupLimits.Setting {
    fileprivate init(
        _ controller: CgroupController, _ file: String, _ text: String, isAsked: Bool
    ) {
        self.init(controller, files: [file], text, isAsked: isAsked)
    }
    fileprivate init(
        _ controller: CgroupController, files: [String], _ text: String, isAsked: Bool
    ) {
        self.controller = controller
        self.files = files
        self.text = text
        self.isAsked = isAsked
    }
}

extension Resources {
    /// What a probe or a hook beside the instance may use: nothing is reserved twice.
    package var ofCompanions: Resources {
        var own = self
        own.reservations.memory = nil
        return own
    }
}
