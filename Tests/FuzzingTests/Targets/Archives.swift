@testable import Backups
@testable import Releases
@testable import StackModel

/// A backup's tar archive.
func fuzzTar(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    let reader = TarReader { (buffer) throws(BackupError) in
        let piece = rest.prefix(buffer.count)
        buffer.replaceSubrange(0..<piece.count, with: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
    var read = 0
    while let entry = try? reader.next({ _ in }, { read += $0.count }) {
        try promise(entry.count >= 0, "\(entry.count) bytes")
        try promise(read <= bytes.count, "more is read than there is")
    }
    try fuzzTarWriter(bytes)
}

private func fuzzTarWriter(_ bytes: [UInt8]) throws {
    guard let length = bytes.first, bytes.count > Int(length) else { return }
    let name = String(decoding: bytes[1..<1 + Int(length)].filter { $0 != 0 }, as: UTF8.self)
    let content = Array(bytes[(1 + Int(length))...])
    var archive: [UInt8] = []
    let writer = TarWriter(time: Timestamp(nanoseconds: 0)) { archive += $0 }
    guard (try? writer.add(name, content)) != nil else { return }
    try writer.finish()
    var rest = archive[...]
    let reader = TarReader { (buffer) throws(BackupError) in
        let piece = rest.prefix(buffer.count)
        buffer.replaceSubrange(0..<piece.count, with: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
    var found: [UInt8] = []
    let entry = try reader.next({ _ in }, { found += $0 })
    try promise(entry?.name == name && found == content, "'\(name)' comes back as another file")
}

/// What tar says of a tarball that a release is to be made of.
func fuzzListing(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let sum = try? Tarball.contents(of: text, at: "x.tar") else { return }
    try promise(sum.bytes >= 0 && sum.files >= 0, "less than nothing is in it")
}
