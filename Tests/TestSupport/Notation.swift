package import StackModel
package import Supervision

/// How stories, tables and traces write what happens.
extension Lifecycle.State {
    package var words: String {
        switch self {
        case .down(.stopped): "down"
        case .down(.ended(let reason)): "ended(\(reason.words))"
        case .held(let history): "held\(history.words)"
        case .starting(let history): "starting\(history.words)"
        case .up(let history): "up\(history.words)"
        case .stopping(let next, let history): "stopping\(history.words) \(next.words)"
        case .clearing(_, let next, let history): "clearing\(history.words) \(next.words)"
        case .waiting(let history): "waiting\(history.words)"
        case .failed(let history): "failed\(history.words)"
        }
    }
}

extension Lifecycle.Next {
    package var words: String {
        switch self {
        case .rest: "to rest"
        case .startAgain: "to start"
        case .policy(let reason): "after \(reason.words)"
        }
    }
}

extension History {
    package var words: String {
        crashes == 0 && !wasGivenUp ? "" : "(\(crashes)\(wasGivenUp ? "!" : ""))"
    }
}

extension ExitReason {
    package var words: String {
        switch self {
        case .exited(let code): "\(code)"
        case .signaled(let signal, _): "\(signal)"
        case .outOfMemory: "outOfMemory"
        case .unhealthy: "unhealthy"
        case .notStarted(let reason): reason
        case .unknown: "unknown"
        }
    }
}

extension Lifecycle.Event {
    package var words: String {
        switch self {
        case .startRequested: "startRequested"
        case .stopRequested: "stopRequested"
        case .restartRequested: "restartRequested"
        case .permitted: "permitted"
        case .spawned(saysWhenReady: true): "spawned"
        case .spawned(saysWhenReady: false): "spawned (silent)"
        case .spawnFailed(let reason): "spawnFailed(\(reason))"
        case .becameReady: "becameReady"
        case .becameUnhealthy(hung: true): "becameHung"
        case .becameUnhealthy(hung: false): "becameUnhealthy"
        case .exited(let reason): "exited(\(reason.words))"
        case .emptied: "emptied"
        case .extended(let more): "extended \(more.words)"
        case .alarmRang: "alarmRang"
        case .hastened: "hastened"
        case .tookOver: "tookOver"
        case .found(saysWhenReady: true): "found"
        case .found(saysWhenReady: false): "found (silent)"
        }
    }
}

extension Lifecycle.Effect {
    package var words: String {
        switch self {
        case .spawn: "spawn"
        case .sendStopSignal: "stop signal"
        case .killTree: "kill"
        case .setAlarm(let delay): "alarm \(delay.words)"
        case .clearAlarm: "no alarm"
        case .reportAnomaly: "anomaly"
        }
    }
}

extension Stack.Event {
    package var words: String {
        switch self {
        case .happened(let name, let event): "\(name) \(event.words)"
        case .judged(let name, let verdict, let hung):
            "\(name) \(verdict.rawValue)\(hung ? " (hung)" : "")"
        case .troubled(let thing, true): "\(thing.rawValue) bad"
        case .troubled(let thing, false): "\(thing.rawValue) no longer bad"
        case .began(let stopped, let running, let pasts):
            (stopped.isEmpty ? "begin" : "begin without \(list(stopped))")
                + (pasts.isEmpty ? "" : " again")
                + (running.isEmpty ? "" : ", finding \(list(running.keys.sorted()))")
        case .startRequested(let names): "start \(list(names))"
        case .stopRequested(let names): "stop \(list(names))"
        case .restartRequested(let names): "restart \(list(names))"
        case .reloaded(let spec): "reload \(list(spec.services.map(\.name)))"
        case .replaceRequested(let spec): "replace \(spec.name)"
        case .tookOver(let spec): "another took over \(spec.name)"
        case .removeRequested(let name): "remove \(name)"
        case .shutdownRequested: "shutdown"
        case .hastened: "hasten"
        }
    }
}

private func list(_ names: [ServiceName]) -> String { names.map(\.text).joined(separator: " ") }

extension Duration {
    /// In seconds, to the millisecond: `0.1s`, `300s`.
    package var words: String {
        let (whole, rest) = milliseconds.quotientAndRemainder(dividingBy: 1000)
        guard rest != 0 else { return "\(whole)s" }
        var digits = String(1000 + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)s"
    }
}

/// `rows` as text with aligned columns, without trailing spaces.
package func table(_ rows: [[String]]) -> String {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    let lines = rows.map { row in
        var line = ""
        for (cell, width) in zip(row, widths) {
            line += cell + String(repeating: " ", count: width - cell.count + 2)
        }
        while line.last == " " { line.removeLast() }
        return line
    }
    return lines.joined(separator: "\n")
}
