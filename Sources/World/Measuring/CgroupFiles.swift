internal import Glibc
internal import StackModel

/// What the files of one cgroup v2 directory say; each may be missing, as its controller may be.
struct CgroupFiles: Equatable {
    /// Without what the kernel takes back before it kills: files that are read and written fill any limit.
    var memory: Int64?
    /// Since Linux 5.19.
    var memoryPeak: Int64?
    /// Nil: no limit.
    var memoryLimit: Int64?
    var cpuTime: Duration?
    var processes: Int?
    var bytesRead: Int64?
    var bytesWritten: Int64?
    var pressure: Pressure?
    var oomKills: Int?

    /// Nil where there is no such directory, or it may not be entered.
    static func read(_ path: String, with buffer: inout ReadBuffer) -> CgroupFiles? {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return nil }
        defer { close(directory) }
        var files = CgroupFiles()
        files.processes = buffer.read("cgroup.procs", in: directory).map(processes)
        files.cpuTime = buffer.read("cpu.stat", in: directory).flatMap(cpuTime)
        let idle = buffer.read("memory.stat", in: directory).flatMap(idleFiles) ?? 0
        files.memory = buffer.read("memory.current", in: directory).flatMap(amount)
            .map { max(0, $0 - idle) }
        files.memoryPeak = buffer.read("memory.peak", in: directory).flatMap(amount)
        files.memoryLimit = buffer.read("memory.max", in: directory).flatMap(amount)
        files.oomKills = buffer.read("memory.events", in: directory).flatMap(oomKills)
        if let bytes = buffer.read("io.stat", in: directory).map(inputOutput) {
            (files.bytesRead, files.bytesWritten) = bytes
        }
        files.pressure = Pressure(
            cpu: buffer.read("cpu.pressure", in: directory).flatMap(Pressure.share),
            memory: buffer.read("memory.pressure", in: directory).flatMap(Pressure.share),
            io: buffer.read("io.pressure", in: directory).flatMap(Pressure.share))
        return files
    }

    /// `memory.current` and its like; nil for `max`.
    static func amount(_ text: KernelText) -> Int64? { text.lines.first?.words.first?.number }

    static func idleFiles(_ text: KernelText) -> Int64? { text.number(of: "inactive_file") }

    static func cpuTime(_ text: KernelText) -> Duration? {
        text.number(of: "usage_usec").map { .microseconds($0) }
    }

    /// One line each. `pids.current` counts threads too, which are not what a person means.
    static func processes(_ text: KernelText) -> Int { text.count { $0 == UInt8(ascii: "\n") } }

    static func oomKills(_ text: KernelText) -> Int? {
        text.number(of: "oom_kill").map { Int($0) }
    }

    /// `254:0 rbytes=1 wbytes=2 rios=3 …` for each device; no line: nothing yet.
    static func inputOutput(_ text: KernelText) -> (read: Int64, written: Int64) {
        var sums = (read: Int64(0), written: Int64(0))
        for word in text.lines.flatMap(\.words) {
            let pair = word.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2, let value = pair[1].number else { continue }
            if pair[0].isWord("rbytes") { sums.read = sums.read.held(plus: value) }
            if pair[0].isWord("wbytes") { sums.written = sums.written.held(plus: value) }
        }
        return sums
    }
}

extension Pressure {
    /// From the three files, of a cgroup or of the host; nil where one of them says nothing.
    init?(cpu: Double?, memory: Double?, io: Double?) {
        guard let cpu, let memory, let io else { return nil }
        self.init(cpu: cpu, memory: memory, io: io)
    }

    /// `avg10` of the line `some`, as a share.
    static func share(_ text: KernelText) -> Double? {
        for line in text.lines {
            let words = line.words
            guard words.count > 1, words[0].isWord("some") else { continue }
            let pair = words[1].split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard pair.count == 2, pair[0].isWord("avg10") else { return nil }
            return pair[1].decimal.map { min($0 / 100, 1) }
        }
        return nil
    }
}
