internal import StackModel
internal import Testing

@testable internal import Measuring

private let units = Units(pageBytes: 4096, tick: .milliseconds(10))

@Test func `CPU time is split into busy and idle`() {
    var sample = HostSample()
    sample.take(
        stat: kernel(
            """
            cpu  1216828 642 213272 1077630 4116 0 4902 8646 300 0
            cpu0 595085 457 103311 556811 683 0 1966 4541 0 0
            cpu1 621742 184 109961 520818 3432 0 2935 4104 0 0
            intr 9458787 0 0 0
            cpufreq 7
            """), units)
    #expect(sample.cpus == 2)
    #expect(sample.idle == .milliseconds(10) * (1_077_630 + 4116))
    // Stolen time is busy; guests' time is in user's already.
    #expect(sample.busy == .milliseconds(10) * (1_216_828 + 642 + 213_272 + 4902 + 8646))
}

@Test(arguments: ["", "cpu\n", "cpu 1 2\n", "intr 1 2 3\n", "\u{0}\u{ff}", "cpu x x x x x x\n"])
func `what is no CPU time changes nothing`(text: String) {
    var sample = HostSample()
    sample.take(stat: kernel(text), units)
    #expect(sample == HostSample())
}

@Test func `memory is what meminfo says, in bytes`() {
    var sample = HostSample()
    sample.take(
        meminfo: kernel(
            """
            MemTotal:       24682416 kB
            MemFree:        22941000 kB
            MemAvailable:   24201100 kB
            Buffers:           12328 kB
            SwapCached:            7 kB
            SwapTotal:       2097148 kB
            SwapFree:        2000000 kB
            HugePages_Total:       0
            """))
    #expect(sample.memoryTotal == 24_682_416 * 1024)
    #expect(sample.memoryAvailable == 24_201_100 * 1024)
    #expect(sample.swapTotal == 2_097_148 * 1024)
    #expect(sample.swapFree == 2_000_000 * 1024)
}

@Test func `numbers without end are held, not trapped on`() {
    let many = "99999999999999999999999"
    var sample = HostSample()
    sample.take(meminfo: kernel("MemTotal: 9223372036854775807 kB\nMemAvailable: \(many) kB\n"))
    sample.take(
        stat: kernel(
            "cpu 9223372036854775807 9223372036854775807 1 9223372036854775807 5 \(many)\n"),
        units)
    sample.take(
        diskstats: kernel("8 0 sda 1 1 9223372036854775807 1 1 1 9223372036854775807 1 1 1 1\n"))
    sample.take(
        interfaces: kernel(
            "eth0: 9223372036854775807 0 0 0 0 0 0 0 \(many)\neth1: 1 0 0 0 0 0 0 0 1\n"))
    #expect(sample.memoryTotal == .max)
    #expect(sample.memoryAvailable == 0)
    #expect(sample.bytesRead == .max)
    #expect(sample.bytesReceived == .max)
    #expect(sample.bytesSent == 1)
}

@Test(arguments: [
    ("0.19 0.80 1.02 2/412 30211\n", 0.19), ("12.00 1 1 1/1 1", 12), ("", 0), ("nan 1 1", 0),
    ("-1.0 0 0", 0), ("1e9 0 0", 0),
])
func `the load is the first number`(text: String, load: Double) {
    var sample = HostSample()
    sample.take(loadavg: kernel(text))
    #expect(sample.load1 == load)
}

@Test func `loopback is no network`() {
    var sample = HostSample()
    sample.take(
        interfaces: kernel(
            """
            Inter-|   Receive                                                |  Transmit
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                lo: 969950203 17415476    0    0    0     0          0         0 969950203 17415476    0    0    0     0       0          0
              eth0: 180146031    5172    0    0    0     0          0         0   490860    3592    0    0    0     0       0          0
            wlan0:1000       1    0    0    0     0          0         0       10       1    0    0    0     0       0          0
              lost: 5 5
            """))
    #expect(sample.bytesReceived == 180_147_031)
    #expect(sample.bytesSent == 490_870)
}

private let diskstats = """
       7       0 loop0 9 0 99 0 0 0 0 0 0 0 0 0 0 0 0 0 0
       8       0 sda 1 0 100 0 1 0 10 0 0 0 0 0 0 0 0
       8       1 sda1 1 0 60 0 1 0 6 0 0 0 0
       8       2 sda2 1 0 40 0 1 0 4 0 0 0 0
      65     160 sdaa 1 0 1000 0 1 0 100 0 0 0 0 0 0 0 0 0 0
     259       0 nvme0n1 1 0 2 0 1 0 3 0 0 0 0 0 0 0 0 0 0
     259       1 nvme0n1p1 1 0 2 0 1 0 3 0 0 0 0 0 0 0 0 0 0
     259       2 nvme0n12 1 0 20 0 1 0 30 0 0 0 0 0 0 0 0 0 0
     254       0 vda 1 0 200000 0 1 0 300000 0 0 0 0 0 0 0 0 0 0
     254      16 vda15 1 0 7 0 1 0 7 0 0 0 0 0 0 0 0 0 0
     202       1 xvdb1 1 0 4000000 0 1 0 5000000 0 0 0 0 0 0 0 0
     253       0 dm-0 1 0 100 0 1 0 10 0 0 0 0 0 0 0 0 0 0
       9       0 md127 1 0 100 0 1 0 10 0 0 0 0 0 0 0 0 0 0
     253       0 zram0 1 0 100 0 1 0 10 0 0 0 0 0 0 0 0 0 0
       8      48 sdd x
    """

@Test func `only whole disks count, and a partition that has none`() {
    var sample = HostSample()
    sample.take(diskstats: kernel(diskstats))
    #expect(sample.bytesRead == (100 + 1000 + 2 + 20 + 200_000 + 4_000_000) * 512)
    #expect(sample.bytesWritten == (10 + 100 + 3 + 30 + 300_000 + 5_000_000) * 512)
}

@Test(arguments: [
    ("0", 0.0 as Double?), ("12.34", 12.34), ("0.05", 0.05), (".5", nil), ("5.", nil),
    ("1.2.3", nil),
    ("", nil), (".", nil), ("1.0000000001", nil), ("0x1", nil),
])
func `decimals are read strictly`(text: String, value: Double?) {
    #expect(kernel(text).decimal == value)
}
