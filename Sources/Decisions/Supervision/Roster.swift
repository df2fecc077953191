package import StackModel

/// The members by name, with those that need attention at hand: deciding stays cheap with a
/// thousand services.
package struct Roster: Sendable, Sequence {
    private var byName: [ServiceName: Stack.Member] = [:]
    /// They would run, and may as soon as what they need is there.
    private(set) var held: Set<ServiceName> = []
    /// Not wanted, and not down yet; or leaving, and not gone yet.
    private(set) var going: Set<ServiceName> = []

    package subscript(name: ServiceName) -> Stack.Member? {
        get { byName[name] }
        set {
            byName[name] = newValue
            if newValue?.isHeld == true { held.insert(name) } else { held.remove(name) }
            if newValue?.isGoing == true { going.insert(name) } else { going.remove(name) }
        }
    }

    package var isEmpty: Bool { byName.isEmpty }
    package var values: some Collection<Stack.Member> { byName.values }
    package func makeIterator() -> some IteratorProtocol<(key: ServiceName, value: Stack.Member)> {
        byName.makeIterator()
    }
}

extension Stack.Member {
    fileprivate var isHeld: Bool {
        if case .held = state { true } else { false }
    }
    fileprivate var isGoing: Bool { isLeaving || !isWanted && !state.isDown }
}
