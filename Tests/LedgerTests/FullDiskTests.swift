import FoundationEssentials
import Glibc
import StackModel
import Synchronization
import Testing

@testable import Ledger

/// A disk that takes nothing more.
struct FullDiskTests {
    /// In a process of its own, since the mount is for it alone.
    @Test(.enabled(if: geteuid() == 0, "only root may mount a small disk"))
    func `a full disk is said once, and what waited lands when there is room`() async throws {
        let room = try Workroom()
        let directory = room.directory
        await #expect(processExitsWith: .success) { [directory = directory as String] in
            guard mountSmallDisk(directory) else { return }
            try story(directory, fill: { fill(directory) }, mend: { unlink(directory + "/filler") })
        }
    }

    /// A limit on the size of files is met by every user.
    @Test func `so is a file that may not grow`() async throws {
        let room = try Workroom()
        let directory = room.directory
        await #expect(processExitsWith: .success) { [directory = directory as String] in
            signal(SIGXFSZ, SIG_IGN)
            try story(
                directory, fill: { limitFiles(to: 4096) }, mend: { limitFiles(to: .max) })
        }
    }
}

/// On this thread alone, so that it stays where the small disk is.
private func story(_ directory: String, fill: () -> Void, mend: () -> Void) throws {
    let room = try Workroom(in: directory)
    room.open()
    wait("open") { !room.allContents.isEmpty }
    #expect(room.writeAndWait(.alert(.sample(1))) == .durable(duplicates: 0))
    fill()
    var written: [UInt64] = []
    for id in 1...300 {
        let receipt = room.writeAndWait(
            .event(.sample(UInt64(id))), .alertEvent(.sample("\(id)")),
            .measurements([.sample(.minute, at: .start + .seconds(60 * id))]))
        if case .durable = receipt { written.append(UInt64(id)) }
    }
    #expect(written.count < 300, "the disk was not full")
    #expect(written == Array(1..<UInt64(written.count + 1)))
    #expect(room.failures.count == 1)
    #expect(room.failures.first?.contains("cannot write the ledger '\(room.path)': ") == true)
    #expect(!room.events.contains(.mended))
    mend()
    wait("mended") { room.events.contains(.mended) }
    #expect(room.writeAndWait(.alert(.sample(2))) == .durable(duplicates: 0))
    #expect(room.failures.count == 1)
    room.close()
    let database = try Database(path: room.path)
    defer { database.close() }
    #expect(try database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
    #expect(
        try database.rows("SELECT id FROM alert_events ORDER BY sequence") { $0.text(0) }
            == (1...300).map { "\($0)" })
    #expect(try database.number("SELECT count(*) FROM events") == 300)
    #expect(try database.number("SELECT count(*) FROM outbox") == 900)
}

private func mountSmallDisk(_ directory: String) -> Bool {
    // Glibc's module leaves unshare(2) out.
    guard let symbol = dlsym(nil, "unshare") else { return false }
    let unshare = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
    let newMounts: Int32 = 0x20000
    guard unshare(newMounts) == 0,
        mount("none", "/", nil, UInt(MS_REC | MS_PRIVATE), nil) == 0,
        mount("tmpfs", directory, "tmpfs", 0, "size=8m") == 0
    else {
        print("skipped: no small disk can be mounted here: \(String(cString: strerror(errno)))")
        return false
    }
    return true
}

private func fill(_ directory: String) {
    let descriptor = open(directory + "/filler", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(descriptor) }
    let zeros = [UInt8](repeating: 0, count: 4096)
    while write(descriptor, zeros, zeros.count) > 0 {}
}

private func limitFiles(to bytes: rlim_t) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    limit.rlim_cur = min(bytes, limit.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
}

private func wait(_ what: String, _ isSo: () -> Bool) {
    for _ in 0..<60_000 where !isSo() { usleep(1000) }
    #expect(isSo(), "never: \(what)")
}

extension Workroom {
    fileprivate func writeAndWait(_ entries: LedgerEntry...) -> LedgerReceipt? {
        let told = Mutex<LedgerReceipt?>(nil)
        try? keeper.write(entries) { receipt in told.withLock { $0 = receipt } }
        wait("a receipt") { told.withLock { $0 } != nil }
        return told.withLock { $0 }
    }
}
