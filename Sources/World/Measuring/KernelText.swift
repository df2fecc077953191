internal import Glibc

/// A file of the kernel's, or a part of one: bytes, read without making strings of them.
typealias KernelText = ArraySlice<UInt8>

extension KernelText {
    var lines: [KernelText] { split(separator: UInt8(ascii: "\n")) }

    /// What stands between spaces.
    var words: [KernelText] { split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") } }

    /// Digits and nothing else, within `Int64`.
    var number: Int64? {
        guard !isEmpty else { return nil }
        var value: Int64 = 0
        for byte in self {
            guard case 48...57 = byte else { return nil }
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, tooFar) = scaled.addingReportingOverflow(Int64(byte - 48))
            guard !overflow, !tooFar else { return nil }
            value = sum
        }
        return value
    }

    /// `12` or `12.34`, as the kernel writes load and pressure.
    var decimal: Double? {
        let parts = split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = parts[0].number else { return nil }
        guard parts.count == 2 else { return Double(whole) }
        guard parts[1].count <= 9, let fraction = parts[1].number else { return nil }
        var scale = 1.0
        for _ in parts[1] { scale *= 10 }
        return Double(whole) + Double(fraction) / scale
    }

    func isWord(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { elementsEqual($0) }
    }

    /// The number behind `key` in a file of lines `key number`.
    func number(of key: StaticString) -> Int64? {
        for line in lines {
            let words = line.words
            if words.count > 1, words[0].isWord(key) { return words[1].number }
        }
        return nil
    }

    var text: String { String(decoding: self, as: UTF8.self) }
}

/// Room for one file after another, which a sampling reads hundreds of. It grows with the files.
struct ReadBuffer {
    private var bytes = [UInt8](repeating: 0, count: 8 << 10)
    private let bytesMax: Int

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// At most some `bytesMax`; nil where it cannot be read. `name` may be relative to
    /// the open `directory`.
    mutating func read(_ name: String, in directory: CInt = AT_FDCWD) -> KernelText? {
        let descriptor = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var filled = 0
        while filled < bytesMax {
            if filled == bytes.count { bytes += [UInt8](repeating: 0, count: bytes.count) }
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress?.advanced(by: filled), $0.count - filled)
            }
            // PSI that is switched off can be opened, but not read.
            guard count >= 0 else { return nil }
            if count == 0 { break }
            filled += count
        }
        return bytes[..<filled]
    }
}

extension Int64 {
    /// The kernel's counters are wider than ours: held at the end, never trapping.
    func held(times other: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
    func held(plus other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
