internal import Glibc
internal import StackModel
internal import Testing

@testable internal import Measuring

@Test func `this very process is measured`() throws {
    let own = SampleTarget(pid: getpid())
    let (services, host) = samples(
        of: ["own": own, "gone": SampleTarget(pid: 0x3fff_fff0)],
        disks: ["/", "/no/such/place", "/proc"])
    let sample = try #require(services["own"])
    #expect(services["gone"] == nil)
    #expect(sample.processes >= 1)
    #expect(sample.memory.bytes > 1 << 20)
    #expect(sample.cpuTime > .zero)
    // Our own /proc/self/io may be read.
    #expect(sample.bytesRead != nil)
    #expect(host.cpus == sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    #expect(host.busy > .zero)
    #expect(host.memoryTotal > host.memoryAvailable)
    #expect(host.memoryAvailable > 0)
    #expect(host.cost > .zero)
    #expect(host.disks.map(\.path) == ["/", "/proc"])
    let disk = try #require(host.disks.first)
    #expect(disk.total > disk.available)
}

/// What the kernel writes into a cgroup's directory, here in one of ours.
private let files = [
    "cgroup.procs": "11\n12\n13\n", "cpu.stat": "usage_usec 7000000\nuser_usec 1\nsystem_usec 2\n",
    "memory.stat": "anon 4096\nfile 524288\ninactive_file 8192\nactive_file 516096\n",
    "memory.current": "1056768\n", "memory.peak": "2097152\n", "memory.max": "4194304\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 2\noom_kill 2\n",
    "io.stat": "8:0 rbytes=10 wbytes=20 rios=1 wios=1\n",
    "cpu.pressure": "some avg10=1.00 avg60=0.00 avg300=0.00 total=0\n",
    "memory.pressure": "some avg10=2.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=9.00\n",
    "io.pressure": "some avg10=3.00 avg60=0.00 avg300=0.00 total=0\n",
]

private func sample(_ files: [String: String], pid: Int32) throws -> ServiceSample? {
    let directory = try TemporaryDirectory()
    for (name, text) in files { try directory.write(text, to: name) }
    let target = SampleTarget(pid: pid, cgroup: directory.path)
    return samples(of: ["it": target], disks: []).services["it"]
}

@Test func `a cgroup with all controllers tells all`() throws {
    var expected = ServiceSample(
        memory: ByteCount(bytes: 1 << 20), cpuTime: .seconds(7), processes: 3)
    expected.memoryPeak = ByteCount(bytes: 2 << 20)
    expected.memoryLimit = ByteCount(bytes: 4 << 20)
    (expected.bytesRead, expected.bytesWritten) = (10, 20)
    expected.pressure = Pressure(cpu: 0.01, memory: 0.02, io: 0.03)
    expected.oomKills = 2
    #expect(try sample(files, pid: 0x3fff_fff0) == expected)
}

@Test(arguments: files.keys.sorted())
func `each file of a cgroup may be missing`(name: String) throws {
    let partly = try #require(try sample(files.filter { $0.key != name }, pid: getpid()))
    let whole = try #require(try sample(files, pid: getpid()))
    #expect((partly.memory == whole.memory) == (name != "memory.current" && name != "memory.stat"))
    #expect((partly.cpuTime == whole.cpuTime) == (name != "cpu.stat"))
    #expect((partly.memoryPeak == whole.memoryPeak) == (name != "memory.peak"))
    #expect((partly.memoryLimit == whole.memoryLimit) == (name != "memory.max"))
    #expect((partly.oomKills == whole.oomKills) == (name != "memory.events"))
    #expect((partly.pressure == whole.pressure) == !name.hasSuffix("pressure"))
    #expect((partly.bytesRead == whole.bytesRead) == (name != "io.stat"))
    #expect(partly.processes >= 1)
}

@Test func `a cgroup without processes, or that is none, is gone`() throws {
    #expect(try sample(files.merging(["cgroup.procs": ""]) { $1 }, pid: 0x3fff_fff0) == nil)
    #expect(try sample([:], pid: 0x3fff_fff0) == nil)
    let nowhere = SampleTarget(pid: 0x3fff_fff0, cgroup: "/no/such/cgroup")
    #expect(samples(of: ["it": nowhere], disks: []).services.isEmpty)
    // And then /proc says what there is.
    let own = SampleTarget(pid: getpid(), cgroup: "/no/such/cgroup")
    #expect(samples(of: ["it": own], disks: []).services["it"]?.pressure == nil)
}

@Test(arguments: [
    "1 (a) R 1 (b) S 2 1 3 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 99 1000 44 0",
    "1 () S 2 1 3 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 99 1000 44 0",
    "1 (\n)) S 2 1 3 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 99 1000 44 18446744073709551615 0 0",
])
func `a name with brackets and spaces misleads nobody`(stat: String) throws {
    let row = try #require(ProcessTable.Row(pid: 1, stat: kernel(stat)))
    #expect(row.parent == 2)
    #expect(row.session == 3)
    #expect(row.ticks == 26)
    #expect(row.residentPages == 44)
    #expect(!row.isZombie)
}

@Test(arguments: [
    "", ")", "1 (a) S 2 1 3", "1 a S 2 1 3 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 99 1000 44",
])
func `a line that is cut is no process`(stat: String) {
    #expect(ProcessTable.Row(pid: 1, stat: kernel(stat)) == nil)
}

@Test func `a ring of parents ends`() {
    let rows = [(1, 2), (2, 3), (3, 1), (4, 4)].map { pid, parent in
        ProcessTable.Row(
            pid: pid, parent: parent, session: 0, isZombie: false, ticks: 1, residentPages: .max)
    }
    let units = Units(pageBytes: 4096, tick: .milliseconds(10))
    let found = usage(of: ["ring": 3, "none": 9], in: ProcessTable(rows: rows), units)
    #expect(found["ring"]?.processes == 3)
    #expect(found["ring"]?.memory == .max)
    #expect(found.count == 1)
}
