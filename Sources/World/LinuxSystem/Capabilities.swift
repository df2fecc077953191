internal import StackModel

/// Sets of capabilities, a bit each.
package enum Capabilities {
    /// This process's, a bit each, when it was asked first.
    static let effective: UInt64 =
        TextFile.read("/proc/self/status")?.split(separator: "\n").first {
            $0.hasPrefix("CapEff:")
        }.flatMap { UInt64($0.dropFirst(7).filter { !$0.isWhitespace }, radix: 16) } ?? 0

    /// A bit for each name (without `CAP_`); `ALL` is every one.
    static func set(_ names: [String]) throws(SpawnError) -> UInt64 {
        var bits: UInt64 = 0
        for name in names {
            if name == "ALL" { return (1 << UInt64(capabilityNames.count)) - 1 }
            guard let index = capabilityNames.firstIndex(of: name) else {
                throw SpawnError("there is no capability '\(name)'")
            }
            bits |= 1 << UInt64(index)
        }
        return bits
    }
}
