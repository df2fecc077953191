import Glibc
import LinuxSystem
import StackModel
import Synchronization
import TestSupport
import Testing

@testable import Releases

/// A directory of its own with a source, and a root for releases; gone at the end.
final class Yard: Sendable {
    let path: String
    var source: String { path + "/source" }
    var root: String { path + "/root" }
    var shelf: ReleaseShelf { ReleaseShelf(root: root) }
    private let told = Mutex<[String]>([])

    init() throws {
        var template = Array("/tmp/catalyst-releases-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
        for folder in [source, root] { try Directory.make(folder, mode: 0o755) }
    }

    deinit { try? FileTree.remove(path) }

    /// What was told, a line each.
    var lines: [String] { told.withLock { $0 } }

    /// A file of the source; `name` may have directories.
    func write(_ name: String, _ text: String, mode: UInt32 = 0o644) throws {
        try write(to: "\(source)/\(name)", text, mode: mode)
    }

    func write(to path: String, _ text: String, mode: UInt32 = 0o644) throws {
        if let slash = path.lastIndex(of: "/") {
            try Directory.make(String(path[..<slash]), mode: 0o755)
        }
        try TextFile.replace(path, with: Array(text.utf8), mode: mode)
    }

    /// Of a program that must succeed.
    @discardableResult
    func output(_ words: String...) throws -> String {
        let (status, output) = TestSupport.run(words, environment: ["HOME": path])
        try #require(status == 0, "\(words): \(output)")
        return output
    }

    @discardableResult
    func git(_ words: String...) throws -> String {
        let start = ["git", "-C", source, "-c", "user.name=a", "-c", "user.email=a@b.c"]
        let (status, output) = TestSupport.run(start + words, environment: ["HOME": path])
        try #require(status == 0, "\(words): \(output)")
        return output.firstLine
    }

    /// Makes a release of the stack, or tells why not.
    @discardableResult
    func make(
        _ stack: StackSpec = .sample(), from source: String? = nil, revision: String? = nil,
        repository: String? = nil, isPlan: Bool = false, environment: [String: String] = [:]
    ) throws -> PreparedRelease {
        var order = ReleaseMaker.Order()
        order.source = repository == nil ? source ?? self.source : source
        order.revision = revision
        order.repository = repository
        order.isPlan = isPlan
        order.spaceMin = ByteCount(bytes: 0)
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        let maker = try ReleaseMaker(
            root: root, environment: environment.merging(["PATH": path, "HOME": self.path]) { $1 },
            isAlone: false, tell: { line in self.told.withLock { $0.append(line) } })
        return try maker.make(order) { _, _ in stack }
    }

    func failure(_ make: () throws -> PreparedRelease) throws -> String {
        try "\(#require(throws: ReleaseError.self) { try make() })"
    }

    /// What a release has, with modes and contents, in the order of paths.
    func contents(of release: Release) throws -> [String] {
        let tree = try FileTree(of: "\(root)/releases/\(release.id)")
        return tree.entries.map { entry in
            let text =
                switch entry.kind {
                case .directory: "/"
                case .file: TextFile.read("\(tree.root)/\(entry.path)").map { ": " + $0 } ?? "?"
                case .link(let target): " -> " + target
                case .special: "!"
                }
            return entry.path + text
        }
    }

    /// What lies in `releases/`, but for the lock.
    var leftBehind: [String] {
        Directory.names(in: root + "/releases").filter { $0 != ".lock" }.sorted()
    }
}

extension StackSpec {
    /// Two services: `a` is made of `a/`, `b` of everything.
    static func sample(build: String? = nil) -> StackSpec {
        var a = ServiceSpec(name: "a", command: ["a"])
        a.source = ["a"]
        var stack = StackSpec(
            name: "sample", services: [a, ServiceSpec(name: "b", command: ["b"])])
        stack.releases.spaceMin = ByteCount(bytes: 0)
        stack.releases.build = build.map { ["/bin/sh", "-ec", $0] }
        return stack
    }
}

/// Whether a program can be found.
func has(_ program: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
}
