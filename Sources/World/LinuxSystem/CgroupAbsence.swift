/// Why a controller is not there for an agent, and what to do about it.
package enum CgroupAbsence {
    static func words(for controller: CgroupController, holder: Cgroup?) -> String {
        // A mount that cannot be found has no controllers.
        let mount = (try? Cgroup.mount()) ?? ""
        let offered = TextFile.read(mount + "/cgroup.controllers") ?? ""
        let known = TextFile.read("/proc/cgroups") ?? ""
        return words(for: controller, offered: offered, known: known, holder: holder?.path)
    }

    /// `offered`: the root's `cgroup.controllers`; `known`: /proc/cgroups; `holder`: where services are kept.
    package static func words(
        for controller: CgroupController, offered: String, known: String, holder: String?
    ) -> String {
        if offered.split(whereSeparator: \.isWhitespace).contains(Substring(controller.rawValue)) {
            return holder.map { "'\($0)' is given none: set Delegate=yes in its unit" }
                ?? "catalystd is given none: run it as catalystd.service, or see its --cgroup"
        }
        let name = controller == .io ? "blkio" : controller.rawValue
        let columns = known.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
            .first { $0.count == 4 && $0[0] == name }
        guard let columns else { return "this kernel has none" }
        if columns[3] == "0" { return "it is off: start Linux with cgroup_enable=\(name)" }
        return columns[1] == "0"
            ? "the container around gives none: delegate it there"
            : "cgroup v1 holds it: start Linux with systemd.unified_cgroup_hierarchy=1"
    }

    /// What is asked for and not enforced: a line for each reason.
    package static func notes(
        on stack: [CgroupLimits], refusal: (CgroupController) -> String?
    ) -> [String] {
        var reasons: [String] = []
        var losses: [String: [CgroupController]] = [:]
        for controller in CgroupController.allCases
        where stack.contains(where: { $0.asked.contains(controller) }) {
            guard let reason = refusal(controller) else { continue }
            if losses[reason] == nil { reasons.append(reason) }
            losses[reason, default: []].append(controller)
        }
        return reasons.map { reason in
            let lost = losses[reason] ?? []
            let things = lost.map { loss(of: $0, in: stack) }.joined(separator: ", ")
            let names = lost.map(\.rawValue).joined(separator: ", ")
            return "not enforced: \(things) (no \(names) controller: \(reason))"
        }
    }

    private static func loss(of controller: CgroupController, in stack: [CgroupLimits]) -> String {
        let asked = stack.flatMap(\.settings).filter { $0.isAsked && $0.controller == controller }
        let hasReservation = asked.contains { ["memory.low", "cpu.weight"].contains($0.files[0]) }
        let hasLimit = asked.contains { $0.files[0].hasSuffix(".max") }
        let kinds = [hasLimit ? "limits" : nil, hasReservation ? "reservations" : nil]
        let words = kinds.compactMap(\.self).joined(separator: " and ")
        return switch controller {
        case .memory: "memory \(words)"
        case .cpu: "CPU \(words)"
        case .pids: "process limits"
        case .io: "I/O weights"
        }
    }
}
