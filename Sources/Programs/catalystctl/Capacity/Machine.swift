internal import Glibc
internal import StackModel

/// What this machine has, as against what is paid for.
struct Machine: Equatable, Encodable {
    var cpus: Double
    var memory: ByteCount

    static var this: Machine {
        let bytes =
            Int64(max(0, sysconf(Int32(_SC_PHYS_PAGES))))
            * Int64(max(0, sysconf(Int32(_SC_PAGESIZE))))
        return Machine(
            cpus: Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            memory: ByteCount(bytes: bytes))
    }
}
