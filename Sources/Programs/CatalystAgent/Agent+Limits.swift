internal import LinuxSystem
internal import StackModel
internal import Supervision

/// What services may use, and what of that is not enforced.
extension Agent {
    /// And a note where they are not as asked.
    static func openCgroups(_ options: AgentOptions) -> (CgroupRoot?, String?) {
        let name = "catalyst-\(options.identity)"
        var note: String?
        if let holder = options.cgroup {
            do throws(SystemError) {
                return (try CgroupRoot(named: name, in: holder), nil)
            } catch {
                note = "\(error); services run in catalystd's own cgroup instead"
            }
        }
        do throws(SystemError) {
            return (try CgroupRoot(named: name), note)
        } catch {
            return (nil, "no cgroups (\(error)): processes are followed by session instead")
        }
    }

    func reserveMemory(for spec: StackSpec) {
        reservations = [:]
        for service in spec.services { reservations[service.name] = service.reservedMemory }
        cgroups?.reserve(ByteCount(bytes: reservations.values.reduce(0, +)))
    }

    /// For an instance of this definition, which a rollout may be trying.
    func reserveMemory(for spec: ServiceSpec) {
        guard reservations[spec.name] != spec.reservedMemory else { return }
        reservations[spec.name] = spec.reservedMemory
        cgroups?.reserve(ByteCount(bytes: reservations.values.reduce(0, +)))
    }

    /// Replaces what was told of `name` before.
    func limitsRefused(_ words: [String], of name: ServiceName) {
        guard limitRefusals[name] ?? [] != words else { return }
        limitRefusals[name] = words.isEmpty ? nil : words
        if let first = words.first {
            record(.agentAnomaly, name, .warning, "its resources are not enforced: \(first)")
        }
    }

    var limitNotes: [String] {
        let asked = (stack?.spec.services ?? []).map { CgroupLimits($0.resources) }
        let missing = CgroupAbsence.notes(on: asked) { controller in
            guard let cgroups else { return "catalystd may make no cgroups" }
            return cgroups.refusal(of: controller)
        }
        let refused = limitRefusals.sorted { $0.key < $1.key }.map { name, words in
            "not enforced for '\(name)': \(words.joined(separator: "; "))"
        }
        return missing + refused + reservationNotes
    }

    private var reservationNotes: [String] {
        guard let weak = cgroups?.weakReservation else { return [] }
        return [
            "memory reservations hold for \(weak.memory.exact) in all only: set MemoryLow= "
                + "of '\(weak.path)' to what the stack file reserves"
        ]
    }
}

extension ServiceSpec {
    fileprivate var reservedMemory: Int64 { resources.reservations.memory?.bytes ?? 0 }
}
