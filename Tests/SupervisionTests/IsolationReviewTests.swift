import StackModel
import Supervision
import Testing

/// The judgement of what is in force, not of what was asked for.
struct IsolationReviewTests {
    private typealias Standing = IsolationReport.Standing
    private var spec: ServiceSpec {
        var spec = ServiceSpec(name: "a", command: ["x"])
        spec.confinement.isolation = Isolation()
        spec.confinement.isolation?.writable = ["/var/lib/c/a"]
        spec.confinement.readOnly = true
        return spec
    }

    private func mount(
        _ id: Int, on parent: Int, _ path: String, _ type: String = "ext4", open: Bool = false,
        of device: String? = nil, devices: Bool = false, options: [String] = []
    ) -> MountPoint {
        MountPoint(
            id: id, parent: parent, path: path, device: device ?? "0:\(id)", type: type,
            isReadOnly: !open, hasDevices: devices, options: options)
    }

    private var agent: IsolationFacts {
        var facts = IsolationFacts()
        facts.user = 0
        facts.filters = 1
        facts.mounts = [
            mount(1, on: 0, "/", open: true, devices: true),
            mount(2, on: 1, "/run", "tmpfs", open: true),
            mount(3, on: 1, "/proc", "proc", open: true), mount(4, on: 3, "/proc/sys", "proc"),
        ]
        return facts
    }

    /// The trees that are put back are older than what covers their places.
    private var closed: IsolationFacts {
        var facts = IsolationFacts()
        facts.user = 900
        facts.noNewPrivileges = true
        facts.capabilities = 0
        facts.filters = 2
        facts.mounts = [
            mount(11, on: 0, "/", of: "0:1"), mount(12, on: 11, "/run", "tmpfs", of: "0:2"),
            mount(13, on: 11, "/proc", "proc", of: "0:3"), mount(14, on: 13, "/proc/sys", "proc"),
            mount(20, on: 22, "/var/lib/c/a", open: true),
            mount(21, on: 12, "/run/c", "tmpfs"), mount(22, on: 11, "/var/lib/c", "tmpfs"),
            mount(23, on: 11, "/tmp", "tmpfs", open: true),
            mount(24, on: 11, "/etc/c/.env", "devtmpfs"),
            mount(25, on: 13, "/proc", "proc", options: ["hidepid=invisible"]),
            mount(26, on: 11, "/dev/null", "devtmpfs", devices: true),
            mount(27, on: 11, "/dev/pts/ptmx", "devpts", devices: true),
        ]
        return facts
    }

    private var surroundings: IsolationReview.Surroundings {
        var surroundings = IsolationReview.Surroundings()
        surroundings.userName = "catalyst-a"
        surroundings.hidden = ["/run/c", "/var/lib/c", "/etc/c/.env", "/var/lib/c/b"]
        surroundings.socketDirectory = "/run/c"
        surroundings.landlock = 4
        return surroundings
    }

    private func standings(
        _ spec: ServiceSpec, _ facts: IsolationFacts, _ surroundings: IsolationReview.Surroundings
    ) -> [IsolationReport.Measure: Standing] {
        let findings = IsolationReview(spec, facts, agent: agent, surroundings).findings()
        #expect(findings.map(\.measure) == IsolationReport.Measure.allCases)
        for finding in findings where finding.standing == .missing {
            #expect(finding.remedy != nil, "\(finding.measure)")
        }
        return Dictionary(uniqueKeysWithValues: findings.map { ($0.measure, $0.standing) })
    }

    @Test func `a service that is shut in has all of them`() {
        let standings = standings(spec, closed, surroundings)
        #expect(standings.filter { $0.value != .inForce } == [:])
    }

    @Test func `one that is not isolated lacks what nobody gave it`() {
        var facts = agent
        facts.noNewPrivileges = false
        facts.capabilities = 1 << 21
        var around = surroundings
        around.mayAsk = true
        around.landlock = 0
        let open = standings(ServiceSpec(name: "a", command: ["x"]), facts, around)
        #expect(open.filter { $0.value != .missing } == [:])
    }

    @Test(
        arguments: [
            .user, .privileges, .capabilities, .files, .devices, .tmp, .processes, .places, .calls,
        ] as [IsolationReport.Measure])
    func `what is missing is found though the stack file asks for it`(
        measure: IsolationReport.Measure
    ) {
        var facts = closed
        switch measure {
        case .user: facts.user = 0
        case .privileges: facts.noNewPrivileges = false
        case .capabilities: facts.capabilities = 1
        case .files: facts.mounts?.append(mount(30, on: 11, "/mnt", open: true))
        case .devices: facts.mounts?.append(mount(32, on: 11, "/dev", "devtmpfs", devices: true))
        case .tmp: facts.mounts?.removeAll { $0.path == "/tmp" }
        case .processes: facts.mounts?.removeAll { $0.id == 25 }
        case .places: facts.mounts?.removeAll { $0.path == "/etc/c/.env" }
        default: facts.filters = 1
        }
        let others = standings(spec, facts, surroundings).filter { $0.value != .inForce }
        #expect(others == [measure: .missing])
    }

    @Test func `a writable mount that another covers cannot be written`() {
        var facts = closed
        facts.mounts?.append(mount(31, on: 12, "/run/c/x", open: true))
        #expect(standings(spec, facts, surroundings)[.files] == .inForce)
    }

    @Test func `what only looks like isolation is not in force`() {
        var plain = ServiceSpec(name: "a", command: ["x"])
        plain.confinement.readOnly = true
        #expect(standings(plain, closed, surroundings)[.calls] == .missing, "a filter of its own")
        var facts = closed
        facts.capabilities = 1 << 19
        #expect(standings(spec, facts, surroundings)[.processes] == .missing)
        var spec = spec
        spec.confinement.capabilitiesAdded = ["SYS_PTRACE"]
        #expect(standings(spec, facts, surroundings)[.processes] == .waived)
        spec.confinement.isolation?.visible = ["/run/c"]
        spec.confinement.isolation?.hidden = ["/srv/secret"]
        #expect(standings(spec, closed, surroundings)[.places] == .missing)
        spec.confinement.isolation?.hidden = []
        #expect(standings(spec, closed, surroundings)[.places] == .waived)
        var around = surroundings
        around.isCollectors = true
        #expect(standings(self.spec, closed, around)[.user] == .missing)
    }

    @Test func `what could not be read is not known, and never in force`() {
        let nothing = standings(spec, IsolationFacts(), IsolationReview.Surroundings())
        #expect(nothing.filter { $0.value != .unknown } == [:])
    }

    @Test func `users that services share, and those who may ask, are told`() {
        var around = surroundings
        around.fellows = ["b", "c"]
        around.mayAsk = true
        var facts = closed
        facts.mounts?.removeAll { $0.path == "/run/c" }
        let findings = IsolationReview(spec, facts, agent: agent, around).findings()
        #expect(findings[0].words == "catalyst-a, as 'b' and 1 more: it may end them")
        #expect((findings[0].standing, findings[1].standing) == (.missing, .missing))
    }

    @Test func `what the stack file opens on purpose is waived`() {
        var spec = spec
        spec.confinement.capabilitiesAdded = ["NET_BIND_SERVICE"]
        spec.confinement.readOnly = false
        spec.confinement.isolation?.privateTmp = false
        spec.confinement.isolation?.privateProc = false
        spec.confinement.isolation?.callsAllowed = [Isolation.allCalls]
        var facts = agent
        facts.user = 900
        facts.noNewPrivileges = true
        facts.capabilities = 1 << 10
        let standings = standings(spec, facts, surroundings)
        for measure in [.capabilities, .files, .tmp, .processes, .calls, .landlock]
            as [IsolationReport.Measure]
        {
            #expect(standings[measure] == .waived, "\(measure)")
        }
        #expect(standings[.places] == .missing)
    }
}
