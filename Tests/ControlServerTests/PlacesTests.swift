import Testing

@testable import ControlServer

/// Who gets a place, and who gives way.
struct PlacesTests {
    private let places = Places(limits: ControlServerLimits())

    private func seated(
        _ role: AccessPolicy.Role, _ user: UInt32, count: Int, isBusy: Bool = false, from: Int = 0
    ) -> [Places.Seated<Int>] {
        (from..<from + count).map {
            Places.Seated(id: $0, guest: guest(role, user), isBusy: isBusy, order: $0)
        }
    }

    private func guest(_ role: AccessPolicy.Role, _ user: UInt32) -> Places.Guest {
        Places.Guest(role: role, user: user, isPrivileged: user == 0)
    }

    @Test func `strangers push only each other out`() {
        let all = seated(.none, 7, count: 4) + seated(.none, 8, count: 4, from: 4)
        #expect(places.answer(to: guest(.none, 9), among: all) == .inPlace(of: 0))
        #expect(places.answer(to: guest(.reading, 9), among: all) == .welcome)
        let idle =
            seated(.reading, 1, count: 16) + seated(.reading, 2, count: 16, from: 16)
            + seated(.reading, 3, count: 16, from: 32)
        guard case .full = places.answer(to: guest(.none, 9), among: idle) else {
            Issue.record("a stranger takes a reader's place")
            return
        }
    }

    @Test func `one user has so many places, and its own idle ones give way`() {
        let own = seated(.operating, 1000, count: 16)
        #expect(places.answer(to: guest(.operating, 1000), among: own) == .inPlace(of: 0))
        #expect(places.answer(to: guest(.operating, 1001), among: own) == .welcome)
        let busy = seated(.operating, 1000, count: 16, isBusy: true)
        #expect(
            places.answer(to: guest(.operating, 1000), among: busy)
                == .full("16 connections of yours are open: end one first"))
    }

    @Test func `for root there is always a place while others fill theirs`() {
        let others = (0..<3).flatMap {
            seated(.reading, 1000 + UInt32($0), count: 16, isBusy: true, from: 16 * $0)
        }
        #expect(places.answer(to: guest(.operating, 0), among: others) == .welcome)
        guard case .full = places.answer(to: guest(.reading, 2000), among: others) else {
            Issue.record("the places for root are taken")
            return
        }
        let all = others + seated(.operating, 0, count: 16, from: 48)
        #expect(places.answer(to: guest(.operating, 0), among: all) == .inPlace(of: 48))
    }
}
