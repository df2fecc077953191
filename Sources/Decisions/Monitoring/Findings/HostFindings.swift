internal import StackModel

/// The rules about the server itself.
func hostFindings(_ seen: Observation, _ settings: AlertSettings) -> [Finding] {
    let host = seen.readings[.thing(.host)] ?? [:]
    let memory = seen.readings[.thing(.memory)] ?? host
    var found: [Finding] = []
    func share(_ rule: AlertRule, _ thing: Subject.Thing, _ value: Double?, _ words: String) {
        guard let value else { return }
        let level = Thresholds(rule, settings).level(above: value)
        found.append(Finding(rule, .thing(thing), level, "\(words) \(humanShare(value))"))
    }
    share(.cpuHigh, .host, host[.hostCPU], "CPU")
    share(.cpuSustained, .host, seen.hourlyCPU, "CPU, mean of an hour,")
    share(.memoryHigh, .memory, memory[.memoryUsed], "memory")
    let disk = fullest(seen, \.usedShare)
    let inodes = fullest(seen, \.inodesUsedShare)
    let known = seen.readings[.thing(.disk)] ?? [:]
    share(.diskHigh, .disk, disk?.share ?? known[.diskUsed], "disk\(disk?.path ?? "")")
    share(.inodesHigh, .disk, inodes?.share ?? known[.inodesUsed], "inodes\(inodes?.path ?? "")")
    found += fillFinding(seen.diskForecast, settings).map { [$0] } ?? []
    if let jump = seen.clockJump {
        let level = Thresholds(.clockJump, settings).level(above: abs(jump.seconds))
        let span = humanSpan(jump < .zero ? .zero - jump : jump)
        found.append(
            Finding(
                .clockJump, .thing(.host), level,
                "the clock jumped \(span) \(jump < .zero ? "back" : "ahead")"))
    }
    return found
}

private func fullest(
    _ seen: Observation, _ share: (DiskSample) -> Double
) -> (share: Double, path: String)? {
    guard let disk = seen.disks.max(by: { share($0) < share($1) }) else { return nil }
    return (share(disk), " \(disk.path)")
}

private func fillFinding(
    _ forecast: FillRate.Forecast, _ settings: AlertSettings
) -> Finding? {
    switch forecast {
    case .unknown: return nil
    case .notShrinking: return Finding(.diskFilling, .thing(.disk), .cleared)
    case .full(let span):
        return Finding(
            .diskFilling, .thing(.disk),
            Thresholds(.diskFilling, settings).level(below: span.seconds),
            "full in \(humanSpan(span)) at the rate of the last hour")
    }
}
