internal import Glibc

/// Which file system is where: asking one whose server is gone blocks for ever, even for a look at
/// a name in it.
struct Mounts: Equatable {
    private(set) var types: [String: String] = [:]

    /// Reads `/proc/self/mountinfo`, proc_pid_mountinfo(5). A later mount at the same place hides
    /// the earlier one.
    init(_ text: KernelText) {
        for line in text.lines {
            let words = line.words
            guard let dash = words.firstIndex(where: { $0.isWord("-") }), dash >= 6,
                words.count > dash + 1
            else { continue }
            types[unescaped(words[4])] = words[dash + 1].text
        }
    }

    /// Where `path` leads, its links followed; nil where the way leads into a file system that is
    /// not local, or nowhere.
    func localPath(of path: String) -> String? {
        guard path.hasPrefix("/") else { return nil }
        var open = components(of: path)
        var reached: [String] = []
        var links = 0
        while let next = open.popLast() {
            if next == ".." {
                _ = reached.popLast()
                continue
            }
            let place = "/" + (reached + [next]).joined(separator: "/")
            // Before the first look at it.
            guard isLocal(place) else { return nil }
            guard let target = target(ofLink: place) else {
                reached.append(next)
                continue
            }
            links += 1
            guard links <= 40 else { return nil }
            if target.hasPrefix("/") { reached = [] }
            open += components(of: target)
        }
        return "/" + reached.joined(separator: "/")
    }

    /// Whether what is at `path`, which goes through no links, is on this host.
    func isLocal(_ path: String) -> Bool {
        var place = path
        while true {
            if let type = types[place] { return !Self.isRemote(type) }
            guard place != "/", let slash = place.lastIndex(of: "/") else { return true }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
    }

    /// Everything of FUSE's but disks: there a program answers, or does not.
    static func isRemote(_ type: String) -> Bool {
        let remote = [
            "nfs", "cifs", "smb", "ceph", "9p", "afs", "coda", "ncp", "gfs", "ocfs2", "lustre",
            "glusterfs", "beegfs", "orangefs", "gpfs", "autofs", "fuse", "virtiofs",
        ]
        return type != "fuseblk" && remote.contains { type.hasPrefix($0) }
    }
}

/// The first of them last.
private func components(of path: String) -> [String] {
    path.split(separator: "/").filter { $0 != "." }.reversed().map(String.init)
}

/// Nil where it is no link.
func target(ofLink path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// `\040` is a space: what would end a word is written in octal.
private func unescaped(_ word: KernelText) -> String {
    var bytes: [UInt8] = []
    var rest = word
    while let byte = rest.popFirst() {
        let digits = rest.prefix(3)
        guard byte == UInt8(ascii: "\\"), digits.count == 3,
            digits.allSatisfy({ (48...55).contains($0) })
        else {
            bytes.append(byte)
            continue
        }
        bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 48) })
        rest = rest.dropFirst(3)
    }
    return String(decoding: bytes, as: UTF8.self)
}
