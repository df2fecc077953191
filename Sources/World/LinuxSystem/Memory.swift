internal import CLinux
internal import Glibc

/// The process's own memory.
package enum Memory {
    /// Lets each thread keep at most 1 MB that is free at the end of its heap. The allocator's own
    /// bound grows with what was used once, and `malloc_trim` trims the main thread's end alone.
    package static func boundFreeHeap() {
        let bytes: Int32 = 1 << 20
        mallopt(M_TRIM_THRESHOLD, bytes)
        // Neither grows by itself any more: the log pump's buffers are below it.
        mallopt(M_MMAP_THRESHOLD, bytes)
    }

    /// Gives back what is not in use: the heap's free pages, and the program's text, of which the kernel maps sixteen
    /// pages for each one touched; it comes back from the page cache where it is used again, in microseconds.
    package static func giveBackIdlePages() {
        malloc_trim(0)
        for line in (TextFile.read("/proc/self/maps") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            // Executable and never written: a read-only data segment would lose its relocations.
            guard fields.count == 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { continue }
            let ends = fields[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2, let start = UnsafeMutableRawPointer(bitPattern: ends[0]) else {
                continue
            }
            madvise(start, Int(ends[1] - ends[0]), Int32(MADV_DONTNEED))
        }
    }
}
