internal import Glibc
internal import Postgres

/// The SQL files on disk.
struct MigrationFolder {
    let path: String

    /// `path`, else the files that came with this program: installed, or in its checkout.
    static func at(_ path: String?) throws(Failure) -> MigrationFolder {
        if let path { return MigrationFolder(path: path) }
        let program = programFolder()
        for share in ["/../../share", "/../share"] {
            let installed = MigrationFolder(path: program + share + "/catalyst/sql")
            if installed.isInUse { return installed }
        }
        var above = program[...]
        while let slash = above.lastIndex(of: "/") {
            above = above[..<slash]
            let folder = MigrationFolder(path: above + "/sql")
            if folder.isInUse { return folder }
        }
        throw Failure(
            "cannot find the SQL files beside '\(program)': name their directory with --sql", .usage
        )
    }

    /// In the order of their numbers, which have no gap.
    func migrations() throws(Failure) -> [Migration] {
        guard let names else {
            throw Failure(
                "cannot read the directory '\(path)': \(String(cString: strerror(errno)))", .usage)
        }
        var migrations: [Migration] = []
        for name in names.sorted() where name.hasSuffix(".sql") {
            guard let text = contents(of: path + "/" + name) else {
                throw Failure(
                    "cannot read '\(path)/\(name)' as text: \(String(cString: strerror(errno)))",
                    .usage)
            }
            guard let migration = Migration(file: name, statements: text) else {
                throw Failure(
                    "'\(path)/\(name)' has no number: name it like '0001_tables.sql'", .usage)
            }
            migrations.append(migration)
        }
        for (index, migration) in migrations.enumerated() where migration.version != index + 1 {
            throw Failure(
                "'\(path)/\(migration.file)' stands where number \(index + 1) is due", .usage)
        }
        guard !migrations.isEmpty else { throw Failure("no SQL files in '\(path)'", .usage) }
        return migrations
    }

    private var isInUse: Bool { names?.contains { $0.hasPrefix("0001_") } ?? false }

    private var names: [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}

/// Nil: it cannot be read, or is no UTF-8.
private func contents(of path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 {
            bytes += chunk[..<count]
        } else if count == 0 {
            errno = EILSEQ
            return String(validating: bytes, as: UTF8.self)
        } else if errno != EINTR {
            return nil
        }
    }
}

/// Where this very program lies.
private func programFolder() -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let text = String(
        decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? ""
}
