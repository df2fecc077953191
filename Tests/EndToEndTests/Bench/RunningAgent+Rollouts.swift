import ControlProtocol
import FoundationEssentials
import Glibc
import StackModel

extension RunningAgent {
    /// The newest first.
    func rollouts() throws -> [Rollout] {
        try ask(ControlRequest(.rollouts)).compactMap(\.rollout)
    }

    func rollout(_ id: Int64) throws -> Rollout {
        var request = ControlRequest(.rollouts)
        request.rollout = id
        guard let rollout = try ask(request).last?.rollout else {
            throw Failure("there is no rollout \(id)")
        }
        return rollout
    }

    /// Waits until it is over.
    func end(of id: Int64, within limit: Duration = patience) throws -> Rollout {
        var last: Rollout?
        let isOver = try holds(within: limit) {
            last = try rollout(id)
            return last?.state.isOver == true
        }
        guard isOver, let last else {
            throw Failure("not over: \(last?.story ?? "")\n\(story())")
        }
        return last
    }

    /// Begins one without waiting for it; returns what it is when it is as wished.
    @discardableResult
    func begin(
        _ request: ControlRequest, until condition: (Rollout) -> Bool
    ) throws -> Rollout {
        let socket = try connect()
        var request = request
        request.wait = true
        let line = String(decoding: try JSONEncoder().encode(request), as: UTF8.self)
        guard socket.send(line + "\n") else { throw Failure("the agent takes no request") }
        while true {
            let reply = try socket.reply()
            if let rollout = reply.rollout, condition(rollout) { return rollout }
            if reply.last {
                throw Failure("it never was: \(reply.rollout?.story ?? "\(reply)")\n\(story())")
            }
        }
    }

    /// Processes of a service's instances that still live, beside what they started themselves.
    func processes(of name: ServiceName) -> [pid_t] {
        ProcessEntry.marked("CATALYST_INSTANCE=\(identity).\(name).").map(\.pid)
    }

    /// Each has one process, and that is the one that the status shows.
    func expectOneEach(_ names: [ServiceName]) throws {
        for name in names {
            let pid = try pid(of: name)
            guard holds({ processes(of: name) == [pid] }) else {
                throw Failure("'\(name)' is \(pid), and has \(processes(of: name))\n\(story())")
            }
        }
    }

    func pids() throws -> [ServiceName: pid_t] {
        try status().services.reduce(into: [:]) { $0[$1.name] = $1.pid }
    }
}

extension Rollout {
    func phase(of name: ServiceName) -> RolloutStep.Phase? {
        steps.first { $0.service == name }?.phase
    }

    /// The picture of a failure.
    var story: String {
        let steps = steps.map {
            "\($0.service) \($0.way.rawValue) \($0.phase.rawValue) \($0.problem ?? "")"
        }
        return "rollout \(id) \(state.rawValue): \(message ?? "")\n" + steps.joined(separator: "\n")
    }
}
