import StackModel
import Supervision
import TestSupport

/// Which rows of the transition table, and which deeds of the stack, some seed reached.
struct Coverage {
    private(set) var reached: Set<String> = []

    mutating func note(_ event: Stack.Event, of stack: Stack) {
        if case .happened(let name, .alarmRang) = event, let state = stack.members[name]?.state {
            reached.insert("\(state.kind) alarmRang")
        }
    }

    mutating func reach(_ place: String) { reached.insert(place) }
    mutating func merge(_ other: Coverage) { reached.formUnion(other.reached) }
}
