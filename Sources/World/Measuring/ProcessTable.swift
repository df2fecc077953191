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

    private(set) var rows: [Row] = []

    /// Processes that end during the pass are left out.
    static func read() -> ProcessTable {
        var table = ProcessTable()
        guard let directory = opendir("/proc") else { return table }
        defer { closedir(directory) }
        var buffer = [UInt8](repeating: 0, count: Self.statBytesMax)
        while let item = readdir(directory) {
            guard let pid = pid(in: item), let text = contents(ofStatOf: pid, in: &buffer),
                let row = Row(pid: pid, stat: text)
            else { continue }
            table.rows.append(row)
        }
        return table
    }

    /// 52 numbers of at most 20 digits, and a name of 64 bytes.
    private static let statBytesMax = 2048

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

    private static func contents(ofStatOf pid: Int32, in buffer: inout [UInt8]) -> ArraySlice<
        UInt8
    >? {
        let descriptor = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? buffer[..<count] : nil
    }
}

extension ProcessTable.Row {
    /// Reads a line of `/proc/<pid>/stat`, proc_pid_stat(5).
    init?(pid: Int32, stat: ArraySlice<UInt8>) {
        // The name may hold spaces and brackets: what counts begins behind the last bracket.
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 22)
        guard fields.count > 21 else { return nil }
        let numbers = fields.map(Self.number)
        self.init(
            pid: pid, parent: Int32(truncatingIfNeeded: numbers[1]),
            session: Int32(truncatingIfNeeded: numbers[3]),
            isZombie: fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X"),
            ticks: numbers[11...14].reduce(0, &+), residentPages: numbers[21])
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int64 {
        digits.reduce(0) { sum, byte in
            if case 48...57 = byte { sum &* 10 &+ Int64(byte - 48) } else { sum }
        }
    }
}
