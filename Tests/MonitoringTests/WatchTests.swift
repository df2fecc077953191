import StackModel
import Testing

@testable import Monitoring

/// What the agent notices by comparing two looks.
struct WatchTests {
    private func at(_ seconds: Int) -> Moment { .zero + .seconds(seconds) }
    private func time(_ seconds: Double) -> Timestamp {
        Timestamp(nanoseconds: Int64(seconds * 1e9))
    }

    @Test func `a clock that goes on evenly has not jumped`() {
        var watch = ClockWatch()
        #expect(watch.look(now: at(0), time: time(1000)) == nil)
        #expect(watch.look(now: at(10), time: time(1010)) == nil)
        // Slewed.
        #expect(watch.look(now: at(20), time: time(1020.9)) == nil)
        #expect(watch.furthest == .zero)
    }

    @Test func `jumps are told once, and the furthest is known for five minutes`() {
        var watch = ClockWatch()
        _ = watch.look(now: at(0), time: time(1000))
        #expect(watch.look(now: at(10), time: time(920)) == .seconds(-90))
        #expect(watch.look(now: at(20), time: time(990)) == .seconds(60))
        #expect(watch.look(now: at(30), time: time(1000)) == nil)
        #expect(watch.furthest == .seconds(-90))
        _ = watch.look(now: at(311), time: time(1281))
        #expect(watch.furthest == .seconds(60))
        _ = watch.look(now: at(321), time: time(1291))
        #expect(watch.furthest == .zero)
    }

    @Test func `a flood is what fills the files within an hour`() {
        var policy = LogPolicy()
        policy.sizeMax = ByteCount(bytes: 10_000_000)
        policy.filesMax = 12
        var journald = policy
        journald.driver = .journald
        var tiny = policy
        tiny.sizeMax = ByteCount(bytes: 1000)
        let policies: [ServiceName: LogPolicy] = [
            "loud": policy, "usual": policy, "elsewhere": journald, "tiny": tiny,
        ]
        var watch = FloodWatch()
        func look(_ loud: UInt64, _ usual: UInt64, _ tiny: UInt64) -> Set<ServiceName> {
            watch.look(
                written: ["loud": loud, "usual": usual, "elsewhere": loud, "tiny": tiny],
                policies: policies)
        }
        #expect(look(2_100_000, 1_900_000, 999_999) == ["loud"])
        #expect(look(4_200_000, 3_800_000, 2_000_000) == ["loud", "tiny"])
        #expect(look(4_300_000, 3_900_000, 2_000_001) == [])
        // Counted anew.
        #expect(look(0, 0, 0) == [])
    }

    @Test(arguments: [
        (3.9e6, 0.5, 0.5, true, false), (4.1e6, 0.997, 0.98, false, false),
        (1e9, 0.999, 0.981, true, true),
    ])
    func `a host is exhausted when disk or memory is as good as full`(
        available: Double, used: Double, memory: Double, isDisk: Bool, isMemory: Bool
    ) {
        let host: [Subject: Reading] = [
            "@disk": [.diskAvailable: available, .diskUsed: used], "@memory": [.memoryUsed: memory],
        ]
        #expect(Exhaustion.found(in: host) == [.disk: isDisk, .memory: isMemory])
    }

    @Test func `what was not measured is not known to be exhausted, or not`() {
        #expect(Exhaustion.found(in: ["@disk": [.diskUsed: 1]]) == [:])
        #expect(Exhaustion.found(in: ["@memory": [.memoryUsed: 0.5]]) == [.memory: false])
    }
}
