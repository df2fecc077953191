import Monitoring
import StackModel
import Testing

struct MeterTests {
    private func at(_ seconds: Int) -> Moment { .zero + .seconds(seconds) }

    @Test func `counters become rates, and one that began anew says nothing`() {
        var before = ServiceSample(
            memory: .mebibytes(100), cpuTime: .seconds(10), processes: 2)
        before.bytesRead = 1000
        before.bytesWritten = 5000
        var after = ServiceSample(
            memory: .mebibytes(120), cpuTime: .seconds(15), processes: 3)
        after.bytesRead = 3000
        after.bytesWritten = 10
        let reading = Meter.reading(
            of: after, after: before, elapsed: .seconds(10), limit: .mebibytes(256))
        #expect(
            reading == [
                .memory: 120 * 1_048_576, .memoryLimit: 256 * 1_048_576, .processes: 3, .cpu: 0.5,
                .bytesRead: 200,
            ])
        #expect(Meter.reading(of: after, after: before, elapsed: .zero)[.cpu] == nil)
        #expect(Meter.reading(of: before, after: after, elapsed: .seconds(1))[.cpu] == nil)
    }

    @Test func `the host's shares are of all cores and of all memory`() {
        var before = HostSample()
        before.busy = .seconds(100)
        before.idle = .seconds(100)
        before.bytesReceived = 500
        var after = HostSample()
        after.busy = .seconds(103)
        after.idle = .seconds(101)
        after.memoryTotal = 1000
        after.memoryAvailable = 250
        after.bytesReceived = 1500
        after.disks = [
            DiskSample(path: "/", total: 200, available: 50, inodes: 0, inodesFree: 0),
            DiskSample(path: "/b", total: 10, available: 1, inodes: 10, inodesFree: 1),
        ]
        let readings = Meter.readings(of: after, after: before, elapsed: .seconds(2))
        #expect(readings["@host"]?[.hostCPU] == 0.75)
        #expect(readings["@host"]?[.networkReceived] == 500)
        #expect(readings["@memory"]?[.memoryUsed] == 0.75)
        #expect(readings["@disk"] == [.diskAvailable: 50, .diskUsed: 0.75])
        #expect(Meter.readings(of: after)["@host"]?[.hostCPU] == nil)
    }

    @Test func `evictions are told a second`() {
        var before = RedisFacts()
        before.evictedKeys = 100
        var after = before
        after.evictedKeys = 160
        #expect(
            Meter.reading(of: after, after: before, elapsed: .seconds(30))[.redisEvictions] == 2)
        #expect(Meter.reading(of: after)[.redisEvictions] == nil)
        #expect(Meter.reading(of: after)[.redisMemoryMax] == nil)
    }

    @Test func `of latencies the newest count`() {
        var latencies = Latencies()
        #expect(latencies.p50 == nil)
        #expect(latencies.reading.isEmpty)
        for count in 1...100 { latencies.add(.milliseconds(count)) }
        #expect(latencies.p50 == .milliseconds(50))
        #expect(latencies.p99 == .milliseconds(99))
        for _ in 1...Latencies.countMax { latencies.add(.milliseconds(7)) }
        #expect(latencies.reading == [.latencyP50: 0.007, .latencyP99: 0.007])
    }

    @Test func `a minute has means, sums and highs`() {
        var minute = MinuteSum(from: Timestamp(nanoseconds: 60))
        minute.add([.cpu: 0.2, .memory: 5], of: "news")
        minute.add([.cpu: 0.6, .memory: 5, .restarts: 1], of: "news")
        minute.add([.cpu: .nan], of: "news")
        minute.add(wanted: .seconds(30), well: .seconds(20), of: "news")
        minute.add(wanted: .seconds(30), well: .seconds(30), of: "news")
        minute.add([.hostCPU: 0.5], of: "@host")
        let measurements = minute.measurements()
        #expect(measurements.map(\.subject) == ["@host", "news"])
        #expect(measurements[1].resolution == .minute)
        #expect(
            measurements[1].values == [
                .cpu: 0.4, .memory: 5, .restarts: 1, .wanted: 60, .well: 50,
            ])
        #expect(measurements[1].highs == [.cpu: 0.6])
        let share = Availability.Share(of: measurements[1].values)
        #expect(share == Availability.Share(share: 50.0 / 60, watched: .seconds(60)))
        #expect(Availability.Share(of: [.wanted: 0]) == nil)
        #expect(Availability.Share(of: [:]) == nil)
    }

    /// A forecast from one value every two minutes.
    private func forecast(_ available: [Double]) -> FillRate.Forecast {
        var rate = FillRate()
        for (index, value) in available.enumerated() {
            rate.add(available: value, at: at(index * 120))
        }
        return rate.forecast
    }

    @Test func `a disk is forecast by its trend, not by one big file`() {
        #expect(forecast([1000, 900, 800]) == .unknown)
        #expect(forecast((0...6).map { 12_000 - Double($0) * 120 }) == .full(in: .seconds(11_280)))
        #expect(forecast((0...6).map { 1000 + Double($0) }) == .notShrinking)
        #expect(forecast(Array(repeating: 1000, count: 20)) == .notShrinking)
        let file = Array(repeating: 1000.0, count: 20) + Array(repeating: 400, count: 5)
        #expect(forecast(file) == .notShrinking)
        // Rotation frees space now and then, and still it gets less.
        let saw = (0..<30).map { (index: Int) -> Double in
            let rotated: Double = index % 10 == 9 ? 500 : 0
            return 100_000 - Double(index) * 100 + rotated
        }
        guard case .full(let span) = forecast(saw) else {
            Issue.record("no trend in \(saw)")
            return
        }
        #expect(span > .seconds(100_000) && span < .seconds(130_000))
    }

    @Test func `a mean of an hour needs half of it`() {
        var mean = RollingMean()
        for minute in 0..<29 { mean.add(0.5, at: at(minute * 60)) }
        #expect(mean.mean(at: at(29 * 60)) == nil)
        for minute in 29..<200 { mean.add(0.9, at: at(minute * 60)) }
        #expect(mean.mean(at: at(199 * 60)).map { abs($0 - 0.9) < 1e-9 } == true)
        #expect(mean.mean(at: at(300 * 60)) == nil)
    }
}
