internal import Glibc
internal import StackModel

/// What a process tree uses, as /proc says.
struct TreeUsage: Equatable {
    /// Resident, summed.
    var memory: Int64 = 0
    var cpuTime: Duration = .zero
    var processes = 0
    /// Nil where the kernel does not tell us: it does so to the processes' owner.
    var bytesRead: Int64? = 0
    var bytesWritten: Int64? = 0

    fileprivate mutating func add(
        _ row: ProcessTable.Row, _ units: Units, with buffer: inout ReadBuffer
    ) {
        memory = memory.held(plus: row.residentPages.held(times: units.pageBytes))
        cpuTime += units.tick * Int(row.ticks)
        processes += 1
        // One that may not be read makes the sum worthless.
        guard let read = bytesRead, let written = bytesWritten else { return }
        let own = ProcessTable.inputOutput(of: row.pid, with: &buffer)
        bytesRead = own.map { read.held(plus: $0.read) }
        bytesWritten = own.map { written.held(plus: $0.written) }
    }
}

/// The kernel's units.
struct Units {
    let pageBytes: Int64
    let tick: Duration

    static let host = Units(
        pageBytes: Int64(sysconf(CInt(_SC_PAGESIZE))),
        tick: .seconds(1) / max(1, sysconf(CInt(_SC_CLK_TCK))))
}

/// What the process trees of `mains` use. Services without a living process are missing.
///
/// A process belongs to the service whose main process it descends from or whose session it is in,
/// so a grandchild that was orphaned still counts.
func usage(
    of mains: [ServiceName: Int32], in table: ProcessTable, _ units: Units
) -> [ServiceName: TreeUsage] {
    var owners = Owners(of: mains, in: table)
    var found: [ServiceName: TreeUsage] = [:]
    var buffer = ReadBuffer(bytesMax: ProcessTable.statBytesMax)
    for row in table.rows where !row.isZombie {
        guard let service = owners.owner(of: row) else { continue }
        found[service, default: TreeUsage()].add(row, units, with: &buffer)
    }
    return found
}

/// Whose process is whose; each is looked up once.
private struct Owners {
    private let services: [Int32: ServiceName]
    private let parents: [Int32: (parent: Int32, session: Int32)]
    private var known: [Int32: ServiceName?] = [:]

    init(of mains: [ServiceName: Int32], in table: ProcessTable) {
        services = Dictionary(mains.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        parents = Dictionary(
            table.rows.map { ($0.pid, ($0.parent, $0.session)) },
            uniquingKeysWith: { first, _ in first })
    }

    mutating func owner(of row: ProcessTable.Row) -> ServiceName? {
        var path: [Int32] = []
        var pid = row.pid
        var found: ServiceName?
        // The pass is no snapshot: with pids reused meanwhile, parents may form a ring.
        while path.count <= parents.count {
            if let earlier = known[pid] {
                found = earlier
                break
            }
            path.append(pid)
            guard let links = parents[pid] else { break }
            found = services[pid] ?? services[links.session]
            if found != nil { break }
            pid = links.parent
        }
        for pid in path { known[pid] = .some(found) }
        return found
    }
}
