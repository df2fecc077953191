internal import CollectorProtocol
internal import Glibc
internal import StackModel
internal import Testing

/// A shell, a child, and an orphan that only its session still ties to them.
private let family = "sleep 1000 & (sleep 1000 &); while :; do :; done"

private func samples(_ mains: [ServiceName: Int32], from agent: AgentSide) async throws -> Samples {
    let targets = mains.mapValues { SampleTarget(pid: $0) }
    try agent.send(
        CollectorRequest(
            sample: SampleRequest(id: 5, processes: targets, disks: ["/", "/no/such"])))
    guard let samples = try await agent.reply().samples else { throw Failure(words: "no samples") }
    return samples
}

@Test func `a process tree is measured whole`() async throws {
    let agent = try await AgentSide()
    let shell = try Child(["/bin/sh", "-c", family], ownSession: true)
    defer { kill(-shell.pid, SIGKILL) }
    let idle = try Child(["sleep", "1000"], ownSession: true)
    let processes: [ServiceName: Int32] = [
        "busy": shell.pid, "idle": idle.pid, "gone": 0x3fff_fff0,
    ]
    var last: Samples?
    let isWhole = await holds(within: .seconds(20)) {
        // What fails here fails the expectations below.
        last = try? await samples(processes, from: agent)
        guard let busy = last?.services["busy"] else { return false }
        return busy.processes == 3 && busy.cpuTime >= .milliseconds(50)
    }
    #expect(isWhole)
    let found = try #require(last)
    #expect(found.id == 5)
    #expect(found.services["gone"] == nil)
    let (busy, quiet) = (try #require(found.services["busy"]), try #require(found.services["idle"]))
    #expect(quiet.processes == 1)
    #expect(quiet.memory.bytes > 100 << 10)
    #expect(busy.memory > quiet.memory)
    #expect(busy.cpuTime > quiet.cpuTime)
}

@Test func `the host comes along`() async throws {
    let own = getpid()
    let found = try await samples(["tests": own], from: try await AgentSide())
    #expect(try #require(found.services["tests"]).memory.bytes > 1 << 20)
    #expect(found.host.cpus >= 1)
    #expect(found.host.memoryTotal > found.host.memoryAvailable)
    #expect(found.host.cost > .zero)
    #expect(found.host.disks.map(\.path) == ["/"])
    // Nobody to measure: the host all the same.
    #expect(try await samples([:], from: try await AgentSide()).host.busy > .zero)
}

@Test(.enabled(if: canUnshare, "PID namespaces may not be made here"))
func `in a PID namespace only its own processes count`() async throws {
    // Its /proc is its own: pid 1 is the collector itself.
    let inside = try await AgentSide(wrapped: ["unshare", "--pid", "--fork", "--mount-proc"])
    #expect(try await samples(["itself": 1], from: inside).services["itself"]?.processes == 1)
    // Its /proc is the host's, where pid 1 is somebody else.
    let stranger = try await AgentSide(wrapped: ["unshare", "--pid", "--fork", "--kill-child"])
    #expect(try await samples(["itself": 1], from: stranger).services.isEmpty)
}

private let canUnshare = Child.succeeds([
    "unshare", "--pid", "--fork", "--mount-proc", "true",
])

@Test(.enabled(if: getuid() == 0 && Child.succeeds(["setpriv", "--version"]), "needs root"))
func `without rights, what it may not know is left out`() async throws {
    let plain = try await AgentSide(wrapped: [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
    ])
    let child = try Child(["sleep", "1000"], ownSession: true)
    let sample = try #require(try await samples(["root": child.pid], from: plain).services["root"])
    #expect(sample.processes == 1)
    #expect(sample.bytesRead == nil)
    let rich = try await samples(["root": child.pid], from: try await AgentSide()).services["root"]
    #expect(rich?.bytesRead != nil)
}

@Test func `a name with brackets and spaces misleads nobody`() async throws {
    var template = Array("/tmp/catalyst-sampling-XXXXXX".utf8CString)
    let directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    let program = directory + "/a) R 1 (b"
    defer {
        unlink(program)
        rmdir(directory)
    }
    #expect(symlink("/bin/sleep", program) == 0)
    let agent = try await AgentSide()
    let child = try Child([program, "1000"], ownSession: true)
    var sample: ServiceSample?
    let isFound = await holds(within: .seconds(10)) {
        sample = (try? await samples(["odd": child.pid], from: agent))?.services["odd"]
        return sample != nil
    }
    #expect(isFound)
    #expect(sample?.processes == 1)
}
