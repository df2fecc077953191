/// Who is behind a process.
extension Proc {
    /// The user who logged in, whatever they became afterwards; nil: nobody did, or it is not known.
    package static func loginUser(of pid: Int32) -> UInt32? {
        TextFile.read("/proc/\(pid)/loginuid", bytesMax: 64)
            .flatMap { UInt32($0.prefix { $0.isNumber }) }
            .flatMap { $0 == .max ? nil : $0 }
    }

    /// Its controlling terminal: `pts/0`, `tty1`.
    package static func terminal(of pid: Int32) -> String? {
        guard let text = TextFile.read("/proc/\(pid)/stat", bytesMax: 4096),
            let end = text.utf8.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ", maxSplits: 5)
        guard fields.count > 4, let number = Int32(fields[4]), number != 0 else { return nil }
        let (major, minor) = (number >> 8 & 0xFFF, number & 0xFF | number >> 12 & 0xFFF00)
        return switch major {
        case 136...143: "pts/\((major - 136) << 20 | minor)"
        case 4 where minor < 64: "tty\(minor)"
        default: nil
        }
    }

    /// Its cgroup v2, from the root of the hierarchy that the agent sees; nil: it has none, or may not be looked at.
    package static func cgroup(of pid: Int32) -> String? {
        (TextFile.read("/proc/\(pid)/cgroup", bytesMax: 16 << 10) ?? "").split(separator: "\n")
            .first { $0.hasPrefix("0::") }.map { String($0.dropFirst(3)) }
    }
}
