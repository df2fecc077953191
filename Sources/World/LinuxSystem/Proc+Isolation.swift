package import StackModel

extension Proc {
    /// What can be seen of a process's isolation: little without the right to look at it.
    package static func isolation(of pid: Int32) -> IsolationFacts {
        var facts = statusFacts(TextFile.read("/proc/\(pid)/status", bytesMax: 64 << 10) ?? "")
        facts.mounts = TextFile.read("/proc/\(pid)/mountinfo", bytesMax: 1 << 20).flatMap {
            let mounts = mountPoints($0)
            return mounts.isEmpty ? nil : mounts
        }
        return facts
    }

    static func statusFacts(_ text: String) -> IsolationFacts {
        var facts = IsolationFacts()
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == "\t" || $0 == " " || $0 == ":" }
            guard words.count > 1 else { continue }
            switch words[0] {
            // Real, effective, saved, of files: spawn makes them all the same.
            case "Uid": facts.user = UInt32(words[1])
            case "Gid": facts.groups += words[1...1].compactMap { UInt32($0) }
            case "Groups": facts.groups += words.dropFirst().compactMap { UInt32($0) }
            case "NoNewPrivs": facts.noNewPrivileges = words[1] == "1"
            case "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
                guard let set = UInt64(words[1], radix: 16) else { continue }
                facts.capabilities = (facts.capabilities ?? 0) | set
            // Since 5.9; before that nothing but whether there is one.
            case "Seccomp_filters": facts.filters = Int(words[1])
            case "Seccomp" where words[1] == "0": facts.filters = 0
            default: break
            }
        }
        return facts
    }

    static func mountPoints(_ text: String) -> [MountPoint] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3,
                let id = Int(words[0]), let parent = Int(words[1])
            else { return nil }
            let flags = words[5].split(separator: ",")
            return MountPoint(
                id: id, parent: parent,
                path: unescaped(words[4]), device: String(words[2]), type: String(words[dash + 1]),
                isReadOnly: flags.contains("ro"), hasDevices: !flags.contains("nodev"),
                options: words[dash + 3].split(separator: ",").map(String.init))
        }
    }

    /// The kernel writes spaces, tabs, line ends and backslashes as three octal digits.
    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
