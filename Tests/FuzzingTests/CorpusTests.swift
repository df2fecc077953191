import Glibc
import Testing

/// What the fuzzer has found worth keeping, through the parsers it was found for: short enough for each run.
struct CorpusTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every input leaves its parsers whole`(target: FuzzTarget) throws {
        let folder = "Tests/FuzzingTests/Corpus/\(target.rawValue)"
        let names = Self.names(in: folder)
        #expect(!names.isEmpty, "there is nothing in '\(folder)'")
        for name in names { try target.run(Self.bytes(of: "\(folder)/\(name)")) }
        try target.run([])
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func bytes(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = read(descriptor, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}
