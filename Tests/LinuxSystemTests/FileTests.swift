import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

struct FileTests {
    @Test func `a file is replaced whole, with its mode`() throws {
        let folder = Folder()
        let path = "\(folder.path)/state"
        try TextFile.replace(path, with: Array("one".utf8), mode: 0o600)
        try TextFile.replace(path, with: Array("two".utf8), mode: 0o600)
        #expect(TextFile.read(path) == "two")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        #expect(Directory.names(in: folder.path) == ["state"])
        #expect(throws: SystemError("write '/nowhere/state.new'", .noSuchFileOrDirectory)) {
            try TextFile.replace("/nowhere/state", with: [], mode: 0o600)
        }
    }

    @Test func `memory that was sealed is read back, and no other`() throws {
        let sealed = try SealedMemory.make(Array("what is left".utf8), named: "test")
        #expect(SealedMemory.read(sealed, bytesMax: 100) == Array("what is left".utf8))
        #expect(SealedMemory.read(sealed, bytesMax: 4) == nil)
        #expect(write(sealed.rawValue, "x", 1) < 0)
        try sealed.close()
        let folder = Folder()
        let file = try FileDescriptor.open(folder.file("open", "to all"), .readOnly)
        #expect(SealedMemory.read(file, bytesMax: 100) == nil)
        try file.close()
    }

    @Test func `what was noted last outlives who noted it`() throws {
        let folder = Folder()
        let path = "\(folder.path)/ring"
        var ring: SharedRing? = try SharedRing(path)
        for number in 1...5000 { ring?.add(UInt64(number)) }
        ring = nil
        let next = try SharedRing(path)
        #expect(next.contains(5000) && next.contains(905) && !next.contains(904))
        next.add(7)
        #expect(next.contains(7) && !next.contains(905))
        symlink(path, "\(folder.path)/link")
        #expect(throws: SystemError.self) { try SharedRing("\(folder.path)/link") }
    }

    @Test func `a link in the way is not followed`() throws {
        let folder = Folder()
        let precious = folder.file("precious", "precious")
        symlink(precious, "\(folder.path)/state.new")
        #expect(throws: SystemError.self) {
            try TextFile.replace("\(folder.path)/state", with: [1], mode: 0o600)
        }
        #expect(TextFile.read(precious) == "precious")
    }

    /// Needs root to mount a file system that is full.
    @Test(.enabled(if: isRoot)) func `a full disk keeps what was there`() throws {
        let folder = Folder()
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=64k") == 0 else { return }
        defer { umount2(folder.path, Int32(MNT_DETACH)) }
        let path = "\(folder.path)/state"
        try TextFile.replace(path, with: Array("one".utf8), mode: 0o600)
        #expect(throws: SystemError("write '\(path).new'", .noSpace)) {
            try TextFile.replace(path, with: [UInt8](repeating: 1, count: 1 << 20), mode: 0o600)
        }
        #expect(TextFile.read(path) == "one")
        #expect(Directory.names(in: folder.path) == ["state"])
    }

    @Test func `files are read up to a bound`() {
        let folder = Folder()
        let path = folder.file("long", String(repeating: "x", count: 100_000))
        #expect(TextFile.read(path, bytesMax: 10) == "xxxxxxxxxx")
        #expect(TextFile.read(path)?.utf8.count == 100_000)
        #expect(TextFile.read("/nowhere") == nil)
        #expect(!TextFile.write("x", to: "/nowhere"))
    }

    @Test func `directories are made with what leads to them`() throws {
        let folder = Folder()
        try Directory.make("\(folder.path)/a/b/c", mode: 0o700)
        try Directory.make("\(folder.path)/a/b/c", mode: 0o700)
        var status = stat()
        #expect(stat("\(folder.path)/a/b/c", &status) == 0 && status.st_mode & 0o777 == 0o700)
        let file = folder.file("file")
        #expect(throws: SystemError("make the directory '\(file)'", .notDirectory)) {
            try Directory.make(file, mode: 0o700)
        }
    }

    @Test func `a lock is held by one process as long as it lives`() async throws {
        let folder = Folder()
        let path = "\(folder.path)/lock"
        #expect(try Directory.lock(path))
        #expect(try !Directory.lock(path))
        #expect(TextFile.read(path) == "\(getpid())\n")
        // It is closed on exec: no child holds it after us.
        #expect(
            try SpawnRequest.shell("flock -n \(path) echo free || echo held").run().output
                == "held\n")
    }

    @Test func `a process is read whatever its name`() throws {
        let folder = Folder()
        let name = "\(folder.path)/a ) R 1 (b"
        symlink("/bin/sleep", name)
        let child = try SpawnRequest.of(name, "1000").spawn()
        defer { _ = child.killAndAwait() }
        let entry = try #require(Proc.entry(of: child.pid))
        #expect(entry.parent == getpid())
        #expect(entry.session == child.pid && entry.group == child.pid)
        // The parent of a vfork goes on a moment before exec is over: name and environment come last.
        #expect(holds { Proc.name(of: child.pid) == "a ) R 1 (b" })
        #expect(holds { Proc.environmentValue("PATH", of: child.pid) == SpawnRequest.defaultPath })
        #expect(Proc.environmentValue("PAT", of: child.pid) == nil)
        #expect(Proc.entry(of: -1) == nil)
        #expect(Proc.bootID().count == 36)
    }

    @Test func `raising the descriptor limit says what it was`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 100, rlim_max: 200)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(
                ResourceLimit.raiseDescriptorLimit() == Confinement.Ulimit(soft: 100, hard: 200))
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #expect(limit.rlim_cur == 200)
        }
    }

    @Test func `errors read from wish to reason`() {
        #expect(
            SystemError("open '/run/x'", .permissionDenied).description
                == "cannot open '/run/x': permission denied")
    }
}
