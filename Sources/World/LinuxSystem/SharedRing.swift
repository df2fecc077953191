internal import CLinux
internal import Glibc
internal import SystemPackage

/// The last numbers that were noted, in a file that is mapped: they outlive this process, whenever it dies, though not
/// the machine where the file is in memory.
package final class SharedRing {
    private static let capacity = 4096
    private static let bytes = (capacity + 1) * MemoryLayout<UInt64>.stride
    /// The first is how many were ever added; a free place is 0.
    private let cells: UnsafeMutablePointer<UInt64>

    /// Makes the file, or takes up one of ours that is there.
    package init(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError("open '\(path)'") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid()
        else { throw SystemError("use '\(path)'", .fileExists, because: "it is not ours") }
        // Its pages are there from now on: a full disk must not take one away.
        let error = posix_fallocate(descriptor, 0, off_t(Self.bytes))
        guard error == 0 else { throw SystemError("make '\(path)'", Errno(rawValue: error)) }
        let mapped = mmap(
            nil, Self.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else { throw SystemError("map '\(path)'") }
        cells = mapped.bindMemory(to: UInt64.self, capacity: Self.capacity + 1)
    }

    deinit { munmap(cells, Self.bytes) }

    package func contains(_ number: UInt64) -> Bool {
        UnsafeBufferPointer(start: cells + 1, count: Self.capacity).contains(number)
    }

    package func add(_ number: UInt64) {
        cells[1 + Int(cells[0] % UInt64(Self.capacity))] = number
        orderStores()
        cells[0] &+= 1
    }
}

/// What was stored before is stored before what comes after: for memory that outlives this process.
package func orderStores() { catalyst_order_stores() }
