/// The users of this machine's own files: asked without a network, a cache or a wait.
package enum UserDatabase {
    package static func name(of user: UInt32) -> String? {
        name(of: user, in: TextFile.read("/etc/passwd") ?? "")
    }

    static func name(of user: UInt32, in passwd: String) -> String? {
        for line in passwd.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, !fields[0].isEmpty, UInt32(fields[2]) == user else { continue }
            return String(fields[0])
        }
        return nil
    }
}
