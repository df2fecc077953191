internal import Glibc

/// C strings and arrays for one call, freed together.
final class CMemory {
    private var allocations: [UnsafeMutableRawPointer] = []

    func string(_ text: String) -> UnsafeMutablePointer<CChar> {
        let bytes = text.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        bytes.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { copy.initialize(from: base, count: bytes.count) }
        }
        allocations.append(copy)
        return copy
    }

    /// Ended by NULL.
    func strings(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let copy = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(
            capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { (copy + index).initialize(to: string(text)) }
        (copy + texts.count).initialize(to: nil)
        allocations.append(copy)
        return copy
    }

    /// Ended by NULL.
    func readOnlyStrings(_ texts: [String]) -> UnsafePointer<UnsafePointer<CChar>?> {
        UnsafeRawPointer(strings(texts)).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    }

    func array<Element>(_ elements: [Element]) -> UnsafePointer<Element>? {
        guard !elements.isEmpty else { return nil }
        let copy = UnsafeMutablePointer<Element>.allocate(capacity: elements.count)
        for (index, element) in elements.enumerated() { (copy + index).initialize(to: element) }
        allocations.append(copy)
        return UnsafePointer(copy)
    }

    func free() {
        for allocation in allocations { allocation.deallocate() }
        allocations = []
    }
}
