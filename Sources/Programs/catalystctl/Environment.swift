internal import Glibc

/// A variable of our environment.
func environmentVariable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}

/// All of our environment, as we were started with it.
///
/// Read from /proc: Swift forbids `environ`, a global that anybody may change.
func environmentVariables() -> [String: String] {
    var variables: [String: String] = [:]
    for entry in contents(of: "/proc/self/environ").split(separator: 0) {
        guard let mark = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let name = String(decoding: entry[..<mark], as: UTF8.self)
        variables[name] = String(decoding: entry[entry.index(after: mark)...], as: UTF8.self)
    }
    return variables
}

/// Empty where it cannot be read.
private func contents(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 << 10)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        if count > 0 {
            bytes += chunk[..<count]
        } else if count == 0 || errno != EINTR {
            return bytes
        }
    }
}
