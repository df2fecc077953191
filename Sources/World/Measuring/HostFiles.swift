internal import StackModel

/// What /proc says of the whole host. Pure: text in, numbers out; what is malformed changes
/// nothing.
extension HostSample {
    /// `/proc/stat`. A virtual machine's stolen time is busy: it is not to be had.
    mutating func take(stat text: KernelText, _ units: Units) {
        var cores = 0
        for line in text.lines {
            let words = line.words
            guard let name = words.first, name.starts(with: "cpu".utf8) else { break }
            guard name.count == 3 else {
                cores += 1
                continue
            }
            // user nice system idle iowait irq softirq steal; guests' time is in user's and nice's.
            let ticks = words.dropFirst().prefix(8).map { $0.number ?? 0 }
            guard ticks.count >= 4 else { continue }
            let resting = ticks.dropFirst(3).prefix(2)
            let working = ticks.prefix(3) + ticks.dropFirst(5)
            idle = units.tick * Int(resting.reduce(Int64(0)) { $0.held(plus: $1) })
            busy = units.tick * Int(working.reduce(Int64(0)) { $0.held(plus: $1) })
        }
        cpus = max(1, cores)
    }

    /// `/proc/meminfo`, in KiB whatever it calls them.
    mutating func take(meminfo text: KernelText) {
        for line in text.lines {
            let words = line.words
            guard words.count > 1, let kibibytes = words[1].number else { continue }
            let bytes = kibibytes.held(times: 1024)
            if words[0].isWord("MemTotal:") { memoryTotal = bytes }
            if words[0].isWord("MemAvailable:") { memoryAvailable = bytes }
            if words[0].isWord("SwapTotal:") { swapTotal = bytes }
            if words[0].isWord("SwapFree:") { swapFree = bytes }
        }
    }

    /// `/proc/loadavg`.
    mutating func take(loadavg text: KernelText) { load1 = text.words.first?.decimal ?? load1 }

    /// `/proc/net/dev`, without loopback.
    mutating func take(interfaces text: KernelText) {
        (bytesReceived, bytesSent) = (0, 0)
        for line in text.lines {
            // There may be no space behind the colon.
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1)
            guard parts.count == 2, let name = parts[0].words.first, !name.isWord("lo") else {
                continue
            }
            let numbers = parts[1].words.map { $0.number ?? 0 }
            guard numbers.count >= 9 else { continue }
            bytesReceived = bytesReceived.held(plus: numbers[0])
            bytesSent = bytesSent.held(plus: numbers[8])
        }
    }

    /// `/proc/diskstats`, whole disks only: what goes to a partition, a volume or a RAID goes to a
    /// disk.
    mutating func take(diskstats text: KernelText) {
        (bytesRead, bytesWritten) = (0, 0)
        var disks: [KernelText] = []
        for line in text.lines {
            let words = line.words
            guard words.count >= 10, let read = words[5].number, let written = words[9].number,
                !isStackedOrVirtual(words[2]),
                !disks.contains(where: { words[2].isPartition(of: $0) })
            else { continue }
            disks.append(words[2])
            // A sector of this file has 512 bytes, on every disk.
            bytesRead = bytesRead.held(plus: read.held(times: 512))
            bytesWritten = bytesWritten.held(plus: written.held(times: 512))
        }
    }
}

private func isStackedOrVirtual(_ name: KernelText) -> Bool {
    ["loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd", "drbd", "bcache"].contains {
        name.starts(with: $0.utf8)
    }
}

extension KernelText {
    /// `sda1` of `sda`, `nvme0n1p2` of `nvme0n1`; not `sdaa` of `sda`.
    fileprivate func isPartition(of disk: KernelText) -> Bool {
        guard starts(with: disk), count > disk.count, let last = disk.last else { return false }
        var rest = dropFirst(disk.count)
        if case 48...57 = last {
            guard rest.first == UInt8(ascii: "p") else { return false }
            rest = rest.dropFirst()
        }
        return rest.number != nil
    }
}
