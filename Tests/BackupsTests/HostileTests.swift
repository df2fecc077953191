internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import TestSupport
internal import Testing

@testable internal import Backups

@Test func `a byte that is changed anywhere is noticed`() throws {
    let machine = Machine.installed()
    let made = try machine.back()
    let whole = try #require(TextFile.readBytes(made.path, bytesMax: 1 << 20))
    let copy = machine.root + "/copy.tar.gz"
    // gzip's header has bytes that mean nothing, such as the system's.
    for place in stride(from: 10, to: whole.count, by: 97) {
        var bytes = whole
        bytes[place] ^= 0x10
        try TextFile.replace(copy, with: bytes, mode: 0o600)
        let said = complaint { try BackupArchive(checking: copy) }
        #expect(said?.hasPrefix("the backup '\(copy)' is not fit for use: ") == true, "at \(place)")
    }
    for count in [0, 1, 100, whole.count / 2, whole.count - 1] {
        try TextFile.replace(copy, with: Array(whole.prefix(count)), mode: 0o600)
        #expect(complaint { try BackupArchive(checking: copy) } != nil, "cut to \(count)")
    }
    try TextFile.replace(copy, with: whole + whole, mode: 0o600)
    #expect(complaint { try BackupArchive(checking: copy) }?.contains("behind its end") == true)
    #expect(
        complaint { try BackupArchive(checking: "/no/such") }
            == "the backup '/no/such' is not fit for use: cannot open it: no such file or directory"
    )
    let check = machine.catalystctl(["restore", copy, "--root", machine.root, "--yes"])
    #expect(check.status == 1)
}

/// A tar archive that somebody made by hand.
private struct Forgery {
    let machine = Machine()
    var manifest = BackupManifest(version: "1", host: "h", system: "s", time: Machine.time)

    mutating func add(_ path: String, _ text: String = "x", mode: UInt32 = 0o644) {
        manifest.files.append(
            BackupManifest.File(
                path: path, mode: mode, user: "root", group: "root", bytes: Int64(text.utf8.count),
                sha256: sha256(Array(text.utf8))))
    }

    /// Returns why it is refused, after `extra` was written behind the manifest.
    func refusal(_ extra: (TarWriter) throws -> Void) throws -> String? {
        let path = machine.root + "/forged.tar.gz"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let gzip = try Gzip(.into(file: descriptor))
        let tar = TarWriter(time: Machine.time) { (bytes) throws(BackupError) in
            try gzip.write(bytes)
        }
        try tar.add("manifest.json", try manifest.encoded())
        try extra(tar)
        try tar.finish()
        try gzip.finish()
        return complaint { try machine.restoration(of: path).apply(at: Machine.time) }
    }
}

@Test(arguments: [
    "/etc/passwd", "/etc/catalyst/../passwd", "/etc/catalyst/stack.d/../../passwd.yaml",
    "etc/catalyst/stack.yaml", "/etc/catalyst/stack.d/.hidden.yaml", "/etc/catalyst/.env",
    "/etc/nginx/catalyst/key.conf", "/etc/systemd/system/sshd.service",
    "/etc/systemd/system/catalyst.service.wants/x.service", "/root/.ssh/authorized_keys",
    "/etc/catalyst/stack.d//x.yaml", "/etc/systemd/system/catalystd.service.d/../../x.conf",
    "/var/lib/catalyst/state.json", "",
])
func `no backup writes outside of the places that are saved`(path: String) throws {
    var forgery = Forgery()
    forgery.add(path)
    let said = try forgery.refusal { try $0.add("files" + path, Array("x".utf8)) }
    #expect(said?.contains("it would write to '\(path)', no place of ours: refused") == true)
    #expect(forgery.machine.names(in: "") == ["forged.tar.gz"])
}

@Test func `what the manifest does not say is refused`() throws {
    let stack = "/etc/catalyst/stack.yaml"
    var forgery = Forgery()
    forgery.add(stack)
    let x = Array("x".utf8)
    func refused(_ words: String, _ extra: (TarWriter) throws -> Void) throws {
        let said = try forgery.refusal(extra)
        #expect(said?.contains(words) == true, "\(words): \(said ?? "taken")")
    }
    try refused("damaged or missing") { _ in }
    try refused("damaged or missing") { try $0.add("files" + stack, Array("y".utf8)) }
    try refused("not as its manifest says") { try $0.add("files" + stack, Array("xx".utf8)) }
    try refused("not as its manifest says") {
        try $0.add("files" + stack, x)
        try $0.add("files" + stack, x)
    }
    try refused("not as its manifest says") { try $0.add("../" + stack, x) }
    try refused("its manifest is there twice") {
        try $0.add("files" + stack, x)
        try $0.add("manifest.json", x)
    }
    #expect(
        try forgery.refusal { try $0.add("files" + stack, x) } == nil, "the honest one is taken")
    #expect(forgery.machine.text(stack) == "x")
}

@Test func `rights that nobody should have are not given`() throws {
    var forgery = Forgery()
    forgery.add("/etc/catalyst/stack.yaml", mode: 0o6777)
    #expect(
        try forgery.refusal { try $0.add("files/etc/catalyst/stack.yaml", Array("x".utf8)) } == nil)
    var status = stat()
    #expect(stat(forgery.machine.root + "/etc/catalyst/stack.yaml", &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o755)
}

@Test(arguments: [
    "ln -s /etc/passwd files/etc/catalyst/stack.yaml",
    "echo a > other && ln other files/etc/catalyst/stack.yaml && set -- other",
    "mkfifo files/etc/catalyst/stack.yaml",
])
func `links and pipes in a tarball are refused`(make: String) throws {
    var forgery = Forgery()
    forgery.add("/etc/catalyst/stack.yaml")
    let root = forgery.machine.root
    forgery.machine.write(
        String(decoding: try forgery.manifest.encoded(), as: UTF8.self), to: "/tree/manifest.json")
    let script = """
        cd \(root)/tree && mkdir -p files/etc/catalyst && \(make) &&
        tar --create --gzip --format=ustar --file ../forged.tar.gz manifest.json "$@" \
          files/etc/catalyst/stack.yaml
        """
    #expect(run(["sh", "-c", script, "sh"]).status == 0)
    let said = complaint { try BackupArchive(checking: root + "/forged.tar.gz") }
    #expect(said?.contains("refused") == true || said?.contains("not as its manifest") == true)
    #expect(said != nil)
}

@Test func `what unpacks to more than any backup is refused before it fills anything`() throws {
    let machine = Machine()
    var forgery = Forgery()
    forgery.add("/var/lib/catalyst/ledger.sqlite")
    forgery.manifest.files[0].bytes = 5 << 30
    machine.write(
        String(decoding: try forgery.manifest.encoded(), as: UTF8.self), to: "/manifest.json")
    let script = """
        cd \(machine.root) && mkdir -p files/var/lib/catalyst &&
        truncate -s 5G files/var/lib/catalyst/ledger.sqlite &&
        tar --create --format=ustar manifest.json files/var/lib/catalyst/ledger.sqlite |
          head -c 100000 | gzip > bomb.tar.gz
        """
    _ = run(["sh", "-c", script])
    #expect(
        complaint { try BackupArchive(checking: machine.root + "/bomb.tar.gz") }?
            .contains("larger than any backup of ours") == true)
}

@Test func `what is no backup at all is told as that`() throws {
    let machine = Machine()
    for (text, words) in [
        ("", "unexpected end of file"), ("hello\n", "not in gzip format"),
    ] {
        machine.write(text, to: "/x.tar.gz")
        let said = complaint { try BackupArchive(checking: machine.root + "/x.tar.gz") }
        #expect(said?.contains(words) == true, "\(said ?? "taken")")
    }
    #expect(
        run(["sh", "-c", "cd \(machine.root) && echo a > a && tar czf b.tar.gz a"]).status == 0)
    let said = complaint { try BackupArchive(checking: machine.root + "/b.tar.gz") }
    #expect(said?.contains("its manifest is not readable") == true, "\(said ?? "taken")")
    var newer = Forgery()
    newer.manifest.format = 2
    #expect(try newer.refusal { _ in }?.contains("format 2, this program knows 1") == true)
}

/// A header has a field for what is before a slash, and one for what is behind it.
@Test(arguments: [
    "/" + String(repeating: "x", count: 101), String(repeating: "x", count: 101) + "/",
])
func `a name that a header cannot hold is refused, not shortened`(name: String) throws {
    let tar = TarWriter(time: Machine.time) { (_) throws(BackupError) in }
    let said = complaint { try tar.add(name, []) }
    #expect(said?.contains("does not fit into a tar archive") == true)
}
