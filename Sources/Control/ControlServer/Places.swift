/// Who gets a place at the socket: nobody takes them all, and nobody locks the operator out.
struct Places {
    struct Guest: Equatable {
        var role: AccessPolicy.Role
        var user: UInt32
        /// Root, or the agent's own user: for them some places are kept.
        var isPrivileged: Bool
    }

    /// One that has a place.
    struct Seated<ID> {
        var id: ID
        var guest: Guest
        /// It waits for an answer, or follows a stream.
        var isBusy: Bool
        /// Its turn to give way: the first is asked first.
        var order: Int
    }

    enum Answer<ID: Equatable>: Equatable {
        case welcome
        /// That one, which asks nothing at the moment, gives way.
        case inPlace(of: ID)
        case full(String)
    }

    let limits: ControlServerLimits

    func answer<ID: Equatable>(to newcomer: Guest, among seated: [Seated<ID>]) -> Answer<ID> {
        let isStranger = newcomer.role == .none
        let equals = seated.filter {
            isStranger
                ? $0.guest.role == .none
                : $0.guest.role != .none && $0.guest.user == newcomer.user
        }
        let own = isStranger ? limits.connectionsOfStrangers : limits.connectionsOfUser
        if isStranger || !newcomer.isPrivileged, equals.count >= own {
            return exchange(
                equals, "\(own) connections of \(isStranger ? "such askers" : "yours") are open")
        }
        let others = seated.filter { !$0.guest.isPrivileged }
        let open = limits.connections - limits.connectionsReserved
        if !newcomer.isPrivileged, others.count >= open {
            return exchange(
                others.filter { $0.guest.role <= newcomer.role },
                "\(open) connections are open")
        }
        guard seated.count >= limits.connections else { return .welcome }
        return exchange(
            seated.filter { $0.guest.role <= newcomer.role },
            "\(limits.connections) answers are under way")
    }

    private func exchange<ID: Equatable>(_ candidates: [Seated<ID>], _ words: String) -> Answer<ID>
    {
        let idle = candidates.filter { !$0.isBusy }.min {
            ($0.guest.role, $0.order) < ($1.guest.role, $1.order)
        }
        return idle.map { .inPlace(of: $0.id) } ?? .full(words + ": end one first")
    }
}
