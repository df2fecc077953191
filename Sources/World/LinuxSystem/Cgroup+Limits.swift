internal import Glibc
internal import SystemPackage

extension Cgroup {
    /// Has the kernel enforce what these controllers can, from now on. Returns what is asked for and was refused,
    /// in words.
    ///
    /// May block where there are processes already that use more memory: the kernel takes it from them first.
    package func set(_ limits: CgroupLimits, with controllers: Set<CgroupController>) -> [String] {
        limits.settings.filter { controllers.contains($0.controller) }.compactMap(set)
    }

    /// Why it could not be set, where that matters.
    private func set(_ setting: CgroupLimits.Setting) -> String? {
        var isSet = false
        var refusal: SystemError?
        for file in setting.files {
            if TextFile.write(setting.text, to: "\(path)/\(file)") {
                isSet = true
            } else if errno != ENOENT || refusal == nil {
                refusal = SystemError("write '\(setting.text)' to '\(path)/\(file)'")
            }
        }
        return setting.isAsked && !isSet ? refusal?.description : nil
    }

    /// Out-of-memory events, since it was made.
    package struct MemoryEvents: Equatable, Sendable {
        /// Processes that the kernel killed, for whatever lack of memory.
        package var kills = 0
        /// How often its own limit left it no other way.
        package var limitHits = 0

        package init() {}
    }

    /// Nil: nobody counts.
    package var memoryEvents: MemoryEvents? {
        TextFile.read(path + "/memory.events").map { MemoryEvents($0) }
    }
}

extension Cgroup.MemoryEvents {
    package init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let count = Int(words[1]) else { continue }
            if words[0] == "oom_kill" { kills = count }
            if words[0] == "oom" { limitHits = count }
        }
    }
}
