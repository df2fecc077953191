import ControlProtocol
import Glibc
import StackModel
import Testing

/// What services may use. Whether the kernel enforces it is this machine's business: see `scripts/droplet.d/limits.sh`.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct LimitTests {
    @Test func `resources change under the running instance, and the next agent goes on with it`()
        throws
    {
        try withAgent(Piece.stack(Piece.sleeper("one", more: "mem_limit: 64m"))) { agent in
            try agent.expectAllWell()
            let pid = try agent.pid(of: "one")
            try expectLimit(64 << 20, "memory limits", agent)
            try agent.folder.write(
                Piece.stack(Piece.sleeper("one", more: "mem_limit: 96m\npids_limit: 50")),
                to: "stack.yaml")
            #expect(try agent.catalystctl("reload").status == 0)
            #expect(try agent.pid(of: "one") == pid)
            #expect(try agent.service("one").memoryLimit == .mebibytes(96))
            try expectLimit(96 << 20, "memory limits, process limits", agent)
            agent.kill9()
            try agent.startAgain()
            try agent.event(.adopted, of: "one")
            #expect(try agent.pid(of: "one") == pid)
            try expectLimit(96 << 20, "memory limits, process limits", agent)
        }
    }

    /// In the cgroup's file, or else among what is told as not enforced.
    private func expectLimit(_ bytes: Int, _ lost: String, _ agent: RunningAgent) throws {
        let folder = cgroup(named: "catalyst-\(agent.identity)")
        let file = (folder ?? "/nowhere") + "/one/memory.max"
        if access(file, F_OK) == 0 {
            #expect(holds { contents(of: file) == "\(bytes)\n" })
        } else {
            let notes = try agent.status().notes
            #expect(notes.contains { $0.hasPrefix("not enforced: \(lost) (") }, "\(notes)")
        }
    }

    @Test func `what nobody asked for is not missed`() throws {
        try withAgent(Piece.stack(Piece.sleeper("one"))) { agent in
            try agent.expectAllWell()
            #expect(try agent.status().notes.allSatisfy { !$0.contains("not enforced") })
        }
    }

    @Test func `a place for cgroups that cannot be one is told, and the services run without it`()
        throws
    {
        let stack = Piece.stack(Piece.sleeper("one"))
        try withAgent(stack, flags: ["--cgroup", "nowhere.slice/none.service"]) { agent in
            try agent.expectAllWell()
            let notes = try agent.status().notes
            #expect(
                notes.contains {
                    // Where there are no cgroups at all, that is what is told.
                    $0.hasPrefix("cannot keep services in the cgroup 'nowhere.slice/none.service'")
                        && $0.hasSuffix("services run in catalystd's own cgroup instead")
                        || $0.hasPrefix("no cgroups")
                }, "\(notes)")
        }
    }
}
