package import StackModel

/// The members by name, with those that need attention at hand: deciding stays cheap with a
/// thousand services.
package struct Roster: Sendable, Sequence {
    private var byName: [ServiceName: Stack.Member] = [:]
    /// They would run, and may as soon as what they need is there.
    private(set) var held: Set<ServiceName> = []
    /// Not wanted, and not down yet; or leaving, and not gone yet.
    private(set) var going: Set<ServiceName> = []
    /// Not wanted, not down, and not asked to go yet.
    private(set) var unwanted: Set<ServiceName> = []
    /// On their way out because they were unhealthy.
    private(set) var replaced: Set<ServiceName> = []
    /// No longer in the stack file, and not gone yet.
    private(set) var leaving: Set<ServiceName> = []

    package subscript(name: ServiceName) -> Stack.Member? {
        get { byName[name] }
        set {
            byName[name] = newValue
            Self.note(name, in: &held, newValue?.isHeld)
            Self.note(name, in: &going, newValue?.isGoing)
            Self.note(name, in: &unwanted, newValue?.isUnwanted)
            Self.note(name, in: &leaving, newValue?.isLeaving)
            Self.note(name, in: &replaced, newValue?.isBeingReplaced)
        }
    }

    private static func note(
        _ name: ServiceName, in set: inout Set<ServiceName>, _ belongs: Bool?
    ) {
        if belongs == true { set.insert(name) } else if !set.isEmpty { set.remove(name) }
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
    fileprivate var isBeingReplaced: Bool {
        switch state {
        case .stopping(.policy(.unhealthy), _), .clearing(_, .policy(.unhealthy), _): true
        default: false
        }
    }
    fileprivate var isUnwanted: Bool { !isWanted && !state.isDown && !state.isStoppingForGood }
}
