package import StackModel

/// Makes readings out of two samples and the time between them.
///
/// A counter that went backwards began anew, and says nothing: what cannot be known is left out.
package enum Meter {
    /// `limit`: what the stack file allows, where no cgroup says it.
    package static func reading(
        of sample: ServiceSample, after previous: ServiceSample? = nil,
        elapsed: Duration = .zero, limit: ByteCount? = nil
    ) -> Reading {
        var reading: Reading = [
            .memory: Double(sample.memory.bytes), .processes: Double(sample.processes),
        ]
        reading[.memoryPeak] = sample.memoryPeak.map { Double($0.bytes) }
        reading[.memoryLimit] = (sample.memoryLimit ?? limit).map { Double($0.bytes) }
        reading[.pressureCPU] = sample.pressure?.cpu
        reading[.pressureMemory] = sample.pressure?.memory
        reading[.pressureIO] = sample.pressure?.io
        guard let previous else { return reading }
        reading[.cpu] = rate(
            previous.cpuTime.nanoseconds, sample.cpuTime.nanoseconds, elapsed, per: 1e9)
        reading[.bytesRead] = rate(previous.bytesRead, sample.bytesRead, elapsed)
        reading[.bytesWritten] = rate(previous.bytesWritten, sample.bytesWritten, elapsed)
        return reading
    }

    /// `@host`, `@memory`, `@disk` (the first of the disks) and, of the sampling itself, `@agent`.
    package static func readings(
        of sample: HostSample, after previous: HostSample? = nil, elapsed: Duration = .zero
    ) -> [Subject: Reading] {
        var host: Reading = [.load1: sample.load1]
        host[.pressureCPU] = sample.pressure?.cpu
        host[.pressureMemory] = sample.pressure?.memory
        host[.pressureIO] = sample.pressure?.io
        if let previous {
            host[.hostCPU] = busyShare(previous, sample)
            host[.networkReceived] = rate(previous.bytesReceived, sample.bytesReceived, elapsed)
            host[.networkSent] = rate(previous.bytesSent, sample.bytesSent, elapsed)
            host[.diskRead] = rate(previous.bytesRead, sample.bytesRead, elapsed)
            host[.diskWritten] = rate(previous.bytesWritten, sample.bytesWritten, elapsed)
        }
        var readings: [Subject: Reading] = [
            .thing(.host): host, .thing(.agent): [.samplingCost: sample.cost.seconds],
        ]
        if sample.memoryTotal > 0 {
            let available = Double(sample.memoryAvailable)
            readings[.thing(.memory)] = [
                .memoryAvailable: available,
                .memoryUsed: 1 - available / Double(sample.memoryTotal),
                .swapUsed: Double(max(0, sample.swapTotal - sample.swapFree)),
            ]
        }
        if let disk = sample.disks.first, disk.total > 0 {
            var reading: Reading = [
                .diskAvailable: Double(disk.available), .diskUsed: disk.usedShare,
            ]
            // Some file systems have no fixed number of them.
            if disk.inodes > 0 { reading[.inodesUsed] = disk.inodesUsedShare }
            readings[.thing(.disk)] = reading
        }
        return readings
    }

    package static func reading(
        of facts: RedisFacts, after previous: RedisFacts? = nil, elapsed: Duration = .zero
    ) -> Reading {
        var reading: Reading = [
            .redisMemory: Double(facts.memory), .redisClients: Double(facts.clients),
            .redisLatency: facts.latency.seconds,
        ]
        if facts.memoryMax > 0 { reading[.redisMemoryMax] = Double(facts.memoryMax) }
        reading[.redisEvictions] = rate(previous?.evictedKeys, facts.evictedKeys, elapsed)
        return reading
    }

    package static func reading(of facts: PostgresFacts) -> Reading {
        [
            .postgresConnect: facts.connectLatency.seconds,
            .postgresQuery: facts.queryLatency.seconds,
            .postgresConnections: Double(facts.connections),
            .postgresConnectionLimit: Double(facts.connectionLimit),
            .postgresSize: Double(facts.databaseSize),
        ]
    }

    /// Of the one that expires first.
    package static func reading(of certificates: [CertificateFacts], at time: Timestamp) -> Reading
    {
        guard let first = certificates.compactMap(\.expires).min() else { return [:] }
        return [.certificateDaysLeft: (first - time).seconds / 86_400]
    }

    package static func reading(of facts: FrontDoorFacts) -> Reading {
        [.frontDoorLatency: facts.latency.seconds]
    }

    /// How much a counter grew, in units of `unit` a second.
    static func rate(
        _ before: Int64?, _ after: Int64?, _ elapsed: Duration, per unit: Double = 1
    ) -> Double? {
        guard let before, let after, after >= before, elapsed > .zero else { return nil }
        return (Double(after) - Double(before)) / unit / elapsed.seconds
    }

    private static func busyShare(_ before: HostSample, _ after: HostSample) -> Double? {
        let busy = (after.busy - before.busy).seconds
        let idle = (after.idle - before.idle).seconds
        guard busy >= 0, idle >= 0, busy + idle > 0 else { return nil }
        return busy / (busy + idle)
    }
}

extension DiskSample {
    /// Of what a program without rights can use.
    var usedShare: Double { total > 0 ? 1 - Double(available) / Double(total) : 0 }
    var inodesUsedShare: Double { inodes > 0 ? 1 - Double(inodesFree) / Double(inodes) : 0 }
}
