internal import CLinux
internal import Glibc

/// What /proc says about processes.
package enum Proc {
    package struct Entry: Equatable, Sendable {
        package let pid: Int32
        package let parent: Int32
        package let group: Int32
        package let session: Int32
        /// Clock ticks after boot. With the pid it names a process for good.
        package let startTicks: UInt64
        /// `R`, `S`, `D`, `T`, `Z` …
        package let state: Character
    }

    package static func entry(of pid: Int32) -> Entry? {
        TextFile.read("/proc/\(pid)/stat", bytesMax: 4096).flatMap { entry(of: pid, in: $0) }
    }

    static func entry(of pid: Int32, in text: String) -> Entry? {
        // The name may hold spaces and brackets: what counts begins behind the last bracket.
        guard let end = text.utf8.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ", maxSplits: 21)
        guard fields.count > 19, let state = fields[0].first, let parent = Int32(fields[1]),
            let group = Int32(fields[2]), let session = Int32(fields[3]),
            let start = UInt64(fields[19])
        else { return nil }
        return Entry(
            pid: pid, parent: parent, group: group, session: session, startTicks: start,
            state: state)
    }

    /// Every process there is, in one pass.
    package static func all() -> [Entry] {
        Directory.names(in: "/proc").compactMap { Int32($0) }.compactMap { entry(of: $0) }
    }

    /// The processes that descend from `ancestor`, itself not among them.
    package static func descendants(of ancestor: Int32, in entries: [Entry]) -> [Entry] {
        var children: [Int32: [Entry]] = [:]
        for entry in entries { children[entry.parent, default: []].append(entry) }
        var found: [Entry] = []
        var open = [ancestor]
        while let pid = open.popLast() {
            for child in children.removeValue(forKey: pid) ?? [] {
                found.append(child)
                open.append(child.pid)
            }
        }
        return found
    }

    /// One variable of a process's first environment; nil where it has none or may not be read.
    package static func environmentValue(_ name: String, of pid: Int32) -> String? {
        let prefix = Array("\(name)=".utf8)
        guard let bytes = TextFile.readBytes("/proc/\(pid)/environ", bytesMax: 256 << 10) else {
            return nil
        }
        return bytes.split(separator: 0).first { $0.starts(with: prefix) }
            .map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    }

    /// Whether it is none of a container's: there another agent may use the same names.
    package static func isInOurNamespace(_ pid: Int32) -> Bool {
        namespace("/proc/\(pid)/ns/pid") == namespace("/proc/self/ns/pid")
    }

    private static func namespace(_ path: String) -> [CChar]? {
        var target = [CChar](repeating: 0, count: 64)
        return readlink(path, &target, 63) > 0 ? target : nil
    }

    package static func name(of pid: Int32) -> String? {
        TextFile.read("/proc/\(pid)/comm", bytesMax: 64).map { String($0.prefix { $0 != "\n" }) }
    }

    /// This boot's identity: pids and start times mean nothing beyond it.
    package static func bootID() -> String {
        (TextFile.read("/proc/sys/kernel/random/boot_id", bytesMax: 64) ?? "").filter { $0 != "\n" }
    }
}

extension Proc {
    /// From now on others of this process's user may neither trace it nor see its memory and descriptors.
    package static func hideMemory() {
        // Cannot fail: prctl(2) refuses nothing but other numbers.
        _ = catalyst_hide_memory()
    }
}
