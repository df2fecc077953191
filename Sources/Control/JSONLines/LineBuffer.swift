/// Bytes in, whole lines out; a line may not be longer than `lineBytesMax`.
package struct LineBuffer: Sendable {
    private var bytes: [UInt8] = []
    private var searched = 0
    private let lineBytesMax: Int

    package init(lineBytesMax: Int) { self.lineBytesMax = lineBytesMax }

    package mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    package var isEmpty: Bool { bytes.isEmpty }

    /// The next line without its newline; nil where none is whole yet.
    package mutating func next() throws(LineTooLong) -> [UInt8]? {
        guard let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = bytes.count
            guard bytes.count <= lineBytesMax else { throw LineTooLong(bytesMax: lineBytesMax) }
            return nil
        }
        guard end <= lineBytesMax else { throw LineTooLong(bytesMax: lineBytesMax) }
        let line = Array(bytes[..<end])
        bytes.removeSubrange(...end)
        searched = 0
        return line
    }
}

package struct LineTooLong: Error, CustomStringConvertible {
    package let bytesMax: Int
    package var description: String { "a line is longer than \(bytesMax) bytes" }
}
