internal import Glibc
internal import LinuxSystem

/// The beginning of a line that a service has not ended, in a mapped file: it survives a death of the agent.
///
/// Two buffers take turns, and the one with the higher tag counts: whenever the agent dies, one is whole.
final class HeldLine {
    private static let textMax = LogLimits.recordBytesMax + 64
    private static let bufferBytes = 16 + textMax
    static let bytes = 2 * bufferBytes
    private let path: String
    private let file: MappedFile

    /// Nil: it cannot be had.
    init?(making path: String) {
        guard let file = MappedFile(making: path, bytes: Self.bytes) else { return nil }
        (self.path, self.file) = (path, file)
    }

    init?(found path: String) {
        guard let file = MappedFile(found: path, bytes: Self.bytes) else { return nil }
        (self.path, self.file) = (path, file)
    }

    func remove() { unlink(path) }

    func keep(_ text: UnsafeRawBufferPointer, tag: UInt64) {
        guard text.count <= Self.textMax else { return }
        let place = mark(at: 0) <= mark(at: 1) ? 0 : 1
        let buffer = target(place)
        buffer.storeBytes(of: 0, as: UInt64.self)
        orderStores()
        buffer.storeBytes(of: UInt64(text.count), toByteOffset: 8, as: UInt64.self)
        if let base = text.baseAddress { memcpy(buffer + 16, base, text.count) }
        orderStores()
        buffer.storeBytes(of: tag, as: UInt64.self)
    }

    var text: [UInt8] {
        let place = mark(at: 0) > mark(at: 1) ? 0 : 1
        let buffer = target(place)
        let count = buffer.load(fromByteOffset: 8, as: UInt64.self)
        guard mark(at: place) > 0, count <= UInt64(Self.textMax) else { return [] }
        return Array(UnsafeRawBufferPointer(start: buffer + 16, count: Int(count)))
    }

    private func mark(at place: Int) -> UInt64 { target(place).load(as: UInt64.self) }
    private func target(_ place: Int) -> UnsafeMutableRawPointer {
        file.base + place * Self.bufferBytes
    }
}
