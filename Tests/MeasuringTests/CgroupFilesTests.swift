internal import StackModel
internal import Testing

@testable internal import Measuring

@Test(arguments: [
    ("13942784\n", 13_942_784 as Int64?), ("0\n", 0), ("max\n", nil), ("", nil), ("\n", nil),
    ("-1\n", nil), ("9223372036854775807\n", .max), ("18446744073709551615\n", nil),
    ("12x\n", nil), ("\u{0}\n", nil),
])
func `an amount is a number or nothing`(text: String, amount: Int64?) {
    #expect(CgroupFiles.amount(kernel(text)) == amount)
}

@Test(arguments: [
    // Without the CPU controller, Linux 5.15; with it, 6.18.
    ("usage_usec 2500000\nuser_usec 2000000\nsystem_usec 500000\n", 2500 as Int?),
    (
        """
        usage_usec 1500000
        user_usec 1000000
        system_usec 500000
        nice_usec 0
        core_sched.force_idle_usec 0
        nr_periods 3
        nr_throttled 1
        throttled_usec 9000
        """, 1500
    ),
    ("", nil), ("usage_usec\n", nil), ("usage_usec many\n", nil), ("my_usage_usec 4\n", nil),
])
func `CPU time is what cpu.stat says`(text: String, milliseconds: Int?) {
    #expect(CgroupFiles.cpuTime(kernel(text)) == milliseconds.map { .milliseconds($0) })
}

@Test(arguments: [
    ("low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n", 1 as Int?),
    ("low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", 0),
    ("oom_group_kill 7\noom 3\n", nil), ("", nil),
])
func `OOM kills are counted, not OOMs`(text: String, kills: Int?) {
    #expect(CgroupFiles.oomKills(kernel(text)) == kills)
}

@Test(arguments: [
    ("", 0 as Int64, 0 as Int64),
    ("254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n", 4096, 8192),
    (
        """
        8:0 rbytes=1000 wbytes=20 rios=1 wios=2 dbytes=5 dios=1
        254:16 rbytes=500 wbytes=3 rios=1 wios=2 dbytes=0 dios=0 cost.usage=99
        7:0\u{20}
        """, 1500, 23
    ),
    ("rbytes= wbytes=x\n=\n===\nrbytes=9223372036854775807 rbytes=5\n", .max, 0),
])
func `bytes from and to storage are summed over devices`(
    text: String, read: Int64, written: Int64
) {
    let sums = CgroupFiles.inputOutput(kernel(text))
    #expect(sums.read == read)
    #expect(sums.written == written)
}

@Test(arguments: [
    (
        "some avg10=12.50 avg60=0.19 avg300=0.80 total=5550055801\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=0\n",
        0.125 as Double?
    ),
    ("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", 0),
    ("some avg10=100.00 avg60=0 avg300=0 total=0\n", 1),
    ("some avg10=250.00\n", 1),
    ("full avg10=99.00 avg60=0.00 avg300=0.00 total=0\n", nil),
    ("some avg60=3.00\n", nil), ("some\n", nil), ("some avg10=nan\n", nil), ("", nil),
])
func `pressure is a share of the last ten seconds`(text: String, share: Double?) {
    #expect(Pressure.share(kernel(text)) == share)
}

@Test func `pressure needs all three files`() {
    #expect(
        Pressure(cpu: 0, memory: 0.5, io: 1) == Pressure(cpu: 0, memory: 0.5, io: 1.0 as Double))
    #expect(Pressure(cpu: 0, memory: Double?.none, io: 1) == nil)
}

@Test func `processes are counted by lines`() {
    #expect(CgroupFiles.processes(kernel("1\n27\n31\n")) == 3)
    #expect(CgroupFiles.processes(kernel("")) == 0)
}

func kernel(_ text: String) -> KernelText { Array(text.utf8)[...] }
