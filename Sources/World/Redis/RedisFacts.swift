package import StackModel

/// `INFO`, and how long a `PING` takes, within `limit`.
package func facts(of url: RedisURL, within limit: Duration) throws(RedisError) -> RedisFacts {
    let connection = try RedisConnection(to: url, by: .now + limit)
    var facts = RedisFacts()
    facts.take(info: try connection.ask(["INFO"]) ?? "")
    guard !facts.version.isEmpty else { throw .failed("INFO is answered by something else") }
    let start = ContinuousClock.now
    do throws(RedisError) { _ = try connection.ask(["PING"]) } catch {
        // A Redis that loads its data (LOADING) or cannot write it (MISCONF) refuses even that.
        guard error.isAnswer else { throw error }
    }
    facts.latency = .now - start
    return facts
}

extension RedisFacts {
    /// Reads INFO's `key:value` lines. What is missing, as in other versions, stays at its default.
    package mutating func take(info: String) {
        var fields: [Substring: Substring] = [:]
        for line in info.split(whereSeparator: \.isNewline) {
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2, !line.hasPrefix("#") { fields[pair[0]] = pair[1] }
        }
        version = String(fields["redis_version"] ?? fields["valkey_version"] ?? "")
        // Redis' INFO has kept the old word.
        role = fields["role"].map { $0 == "slave" ? "replica" : String($0) } ?? ""
        memory = fields["used_memory"].flatMap { Int64($0) } ?? 0
        memoryMax = fields["maxmemory"].flatMap { Int64($0) } ?? 0
        evictedKeys = fields["evicted_keys"].flatMap { Int64($0) } ?? 0
        clients = fields["connected_clients"].flatMap { Int($0) } ?? 0
        isAOFEnabled = fields["aof_enabled"] == "1"
        persistenceErrors = Self.complaints(fields)
    }

    private static func complaints(_ fields: [Substring: Substring]) -> [String] {
        var complaints: [String] = []
        if fields["loading"] == "1" || fields["async_loading"] == "1" {
            let share = fields["loading_loaded_perc"].map { " (\($0) % so far)" } ?? ""
            complaints.append("it is still loading its data\(share)")
        }
        if fields["aof_last_write_status"] == "err" {
            complaints.append("the last write to the append-only file failed")
        }
        if fields["aof_last_bgrewrite_status"] == "err" {
            complaints.append("the last rewrite of the append-only file failed")
        }
        if fields["rdb_last_bgsave_status"] == "err" {
            complaints.append("the last snapshot (BGSAVE) failed")
        }
        return complaints
    }
}
