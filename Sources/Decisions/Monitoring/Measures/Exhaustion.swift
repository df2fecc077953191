package import StackModel

/// A disk that takes nothing more, a host without memory: whoever fails then is not to blame.
package enum Exhaustion {
    /// What is known of it now: true is exhausted; what was not measured is left out.
    package static func found(in host: [Subject: Reading]) -> [Subject.Thing: Bool] {
        var found: [Subject.Thing: Bool] = [:]
        if let left = host["@disk"]?[.diskAvailable], let used = host["@disk"]?[.diskUsed] {
            found[.disk] = left < diskBytesMin || used > diskShareMax
        }
        if let used = host["@memory"]?[.memoryUsed] { found[.memory] = used > memoryShareMax }
        return found
    }

    /// With less than this a disk is as good as full.
    static let diskBytesMin = 4e6
    static let diskShareMax = 0.998
    /// The kernel is busy with nothing but looking for memory.
    static let memoryShareMax = 0.98
}
