internal import FoundationEssentials
internal import LinuxSystem
internal import StackModel

/// `<root>/releases/<id>.json`: the release, and what tells whether another would be the same.
struct ReleaseRecord: Equatable {
    var release: Release
    /// The digest of all that it was made from.
    var tree: String
    var build: [String]?

    private static let bytesMax = 4 << 20

    /// Nil where it is not there, or damaged.
    init?(at path: String) {
        guard let bytes = TextFile.readBytes(path, bytesMax: Self.bytesMax),
            let record = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else { return nil }
        self = record
    }

    init(_ release: Release, tree: String, build: [String]?) {
        self.release = release
        self.tree = tree
        self.build = build
    }

    /// At once or not at all.
    func write(to path: String) throws(ReleaseError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        do {
            let bytes = [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
            try TextFile.replace(path, with: bytes, mode: 0o644)
        } catch { throw ReleaseError("\(error)") }
    }
}

extension ReleaseRecord: Codable {
    private enum CodingKeys: String, CodingKey { case tree, build }

    init(from decoder: any Decoder) throws {
        release = try Release(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        tree = try container.decode(String.self, forKey: .tree)
        build = try container.decodeIfPresent([String].self, forKey: .build)
    }

    func encode(to encoder: any Encoder) throws {
        try release.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tree, forKey: .tree)
        try container.encodeIfPresent(build, forKey: .build)
    }
}
