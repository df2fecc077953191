/// `x-catalyst.isolation`: what a service is kept from beyond `Confinement`'s own keys.
package struct Isolation: Equatable, Sendable, Codable {
    /// What it may write to: directories and files, absolute.
    package var writable: [String] = []
    /// What it must see although it is hidden: another service's data, a file with variables.
    package var visible: [String] = []
    /// What it must not see, beside the agent's own places and those of the other services.
    package var hidden: [String] = []
    /// `/tmp`, `/var/tmp` and `/dev/shm` of its own, empty when it starts.
    package var privateTmp = true
    /// A `/proc` without the processes of other users.
    package var privateProc = true
    /// System calls that stay allowed though they are dangerous; see `DangerousCall`. `all`: no filter.
    package var callsAllowed: [String] = []

    package init() {}

    package static let allCalls = "all"
}
