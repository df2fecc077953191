/// Texts as C wants them: each ends with a NUL; NULL is a null pointer.
struct Parameters {
    private var bytes: [UInt8] = []
    private var starts: [Int?] = []

    /// A NUL within a text, which Postgres does not know, becomes U+FFFD.
    init(_ texts: [String?]) {
        for text in texts {
            guard let text else {
                starts.append(nil)
                continue
            }
            starts.append(bytes.count)
            if text.utf8.contains(0) {
                bytes += text.utf8.flatMap { $0 == 0 ? Array("\u{FFFD}".utf8) : [$0] }
            } else {
                bytes += text.utf8
            }
            bytes.append(0)
        }
    }

    func withPointers<Value>(
        _ use: (UnsafePointer<UnsafePointer<CChar>?>?) -> Value
    ) -> Value {
        bytes.withUnsafeBytes { memory in
            let base = memory.bindMemory(to: CChar.self).baseAddress
            let pointers = starts.map { start in start.flatMap { base?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { use($0.baseAddress) }
        }
    }
}
