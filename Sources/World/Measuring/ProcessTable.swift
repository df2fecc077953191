internal import Glibc

/// All processes of the host, as one pass over /proc finds them.
struct ProcessTable {
    struct Row: Equatable {
        let pid: Int32
        let parent: Int32
        let session: Int32
        let isZombie: Bool
        /// Of the process and of its children that have ended, in clock ticks.
        let ticks: Int64
        let residentPages: Int64
    }

    var rows: [Row] = []

    /// Processes that end during the pass are left out.
    static func read() -> ProcessTable {
        var table = ProcessTable()
        // Another PID namespace's /proc has other processes by our numbers.
        guard let own = target(ofLink: "/proc/self"), own == String(getpid()) else { return table }
        guard let directory = opendir("/proc") else { return table }
        defer { closedir(directory) }
        var buffer = ReadBuffer(bytesMax: Self.statBytesMax)
        while let item = readdir(directory) {
            guard let pid = pid(in: item), let text = buffer.read("/proc/\(pid)/stat"),
                let row = Row(pid: pid, stat: text)
            else { continue }
            table.rows.append(row)
        }
        return table
    }

    /// `/proc/<pid>/io`: from and to storage; nil where we may not know.
    static func inputOutput(
        of pid: Int32, with buffer: inout ReadBuffer
    ) -> (read: Int64, written: Int64)? {
        guard let text = buffer.read("/proc/\(pid)/io") else {
            // One that ended during the pass uses nothing any more.
            return access("/proc/\(pid)", F_OK) == 0 ? nil : (0, 0)
        }
        guard let read = text.number(of: "read_bytes:"),
            let written = text.number(of: "write_bytes:")
        else { return nil }
        return (read, written)
    }

    /// 52 numbers of at most 20 digits, and a name of 64 bytes.
    static let statBytesMax = 2048

    private static func pid(in item: UnsafeMutablePointer<dirent>) -> Int32? {
        withUnsafeBytes(of: &item.pointee.d_name) { name in
            var number: Int32 = 0
            for byte in name {
                if byte == 0 { break }
                guard case 48...57 = byte else { return nil }
                number = number &* 10 &+ Int32(byte - 48)
            }
            return number > 0 ? number : nil
        }
    }
}

extension ProcessTable.Row {
    /// Reads a line of `/proc/<pid>/stat`, proc_pid_stat(5).
    init?(pid: Int32, stat: KernelText) {
        // The name may hold spaces and brackets: what counts begins behind the last bracket.
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 22)
        guard fields.count > 21 else { return nil }
        let numbers = fields.map { $0.number ?? 0 }
        self.init(
            pid: pid, parent: Int32(truncatingIfNeeded: numbers[1]),
            session: Int32(truncatingIfNeeded: numbers[3]),
            isZombie: fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X"),
            ticks: numbers[11...14].reduce(0) { $0.held(plus: $1) }, residentPages: numbers[21])
    }
}
