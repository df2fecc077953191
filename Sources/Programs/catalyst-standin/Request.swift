internal import NIOCore

/// A request, read whole.
struct Request {
    let method: String
    let path: String
    let query: [String: String]
    /// Whether it was sent by this host.
    let isLocal: Bool
    /// Kinds of answers that it takes.
    var accept = ""
    var body: [UInt8] = []

    init(method: String, target: String, isLocal: Bool) {
        self.method = method
        self.isLocal = isLocal
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = Dictionary(
            parts.dropFirst().flatMap { $0.split(separator: "&") }.map { pair in
                let sides = pair.split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(sides[0]), sides.count > 1 ? String(sides[1]) : "")
            }, uniquingKeysWith: { $1 })
    }

    func number(_ key: String) -> Double? {
        query[key].flatMap(Double.init).flatMap { $0 >= 0 ? $0 : nil }
    }

    func count(_ key: String) -> Int? {
        query[key].flatMap(Int.init).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// At most an hour.
    func time(_ key: String, default seconds: Double) -> TimeAmount {
        .nanoseconds(Int64(min(number(key) ?? seconds, 3600) * 1e9))
    }
}
