import Glibc
import StackModel
import Synchronization
import SystemPackage
import Testing

@testable import LinuxSystem

/// Callers that never stop while who serves them changes.
@Suite(.enabled(if: ReuseportGroup.canSteer, "this kernel does not let us choose"))
struct SwitchingTests {
    @Test func `fifty changes under load fail nobody`() throws {
        let port = try OwnedPort(backlog: 1024)
        var serving = (port.first, Server(port.first, saying: "0"))
        defer { serving.1.stop() }
        let crowd = Crowd(count: 3, port: port.number)
        defer { crowd.leave() }
        for number in 1...50 {
            let socket = try port.group.add()
            try port.group.sendCanary(to: socket)
            let server = Server(socket, saying: "\(number)")
            let canary = try #require(Caller(port: port.number, from: ReuseportGroup.canarySource))
            #expect(canary.hear() == "\(number)")
            canary.hangUp()
            try port.group.sendAll(to: socket)
            // Who asked before the change has had an answer when each has had two more.
            #expect(crowd.haveAllAsked(2))
            #expect(port.group.queueLength(of: serving.0) == 0)
            let user = try #require(Caller(port: port.number))
            #expect(user.hear() == "\(number)")
            user.hangUp()
            serving.1.stop()
            port.group.close(serving.0)
            serving = (socket, server)
        }
        #expect(crowd.failures == 0)
    }

    @Test func `while nobody serves callers wait, and none is refused`() throws {
        let port = try OwnedPort(backlog: 1024)
        let crowd = Crowd(count: 3, port: port.number)
        defer { crowd.leave() }
        for number in 0..<10 {
            let server = Server(port.first, saying: "\(number)")
            #expect(crowd.haveAllAsked(2))
            server.stop()
            #expect(holds { port.first.queueLength == 3 })
        }
        let last = Server(port.first, saying: "last")
        #expect(crowd.haveAllAsked(2))
        #expect(crowd.failures == 0)
        crowd.leave()
        last.stop()
    }
}

/// Takes connections and says who it is to each, until it is stopped.
private final class Server: Sendable {
    private let isStopped = Atomic(false)
    private let thread: pthread_t

    init(_ socket: ListeningSocket, saying name: String) {
        let descriptor = socket.descriptor.rawValue
        let flag = Flag()
        self.flag = flag
        thread = onThread {
            while !flag.isUp.load(ordering: .acquiring) {
                var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard Glibc.poll(&poll, 1, 20) > 0 else { continue }
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else { continue }
                let noSignal: Int32 = 0x4000
                send(connection, name, name.utf8.count, noSignal)
                close(connection)
            }
        }
    }

    private let flag: Flag

    func stop() {
        guard !isStopped.exchange(true, ordering: .relaxed) else { return }
        flag.isUp.store(true, ordering: .releasing)
        pthread_join(thread, nil)
    }
}

private final class Flag: Sendable {
    let isUp = Atomic(false)
}

/// Some who ask again and again, with a new connection each time.
private final class Crowd: Sendable {
    private final class Member: Sendable {
        let answers = Atomic(0)
        let failures = Atomic(0)
    }
    private let members: [Member]
    private let threads: [pthread_t]
    private let flag = Flag()

    init(count: Int, port: UInt16) {
        members = (0..<count).map { _ in Member() }
        threads = members.map { [flag] member in
            onThread {
                while !flag.isUp.load(ordering: .acquiring) {
                    let caller = Caller(port: port)
                    let answer = caller?.hear() ?? ""
                    caller?.dropAll()
                    if answer.isEmpty {
                        member.failures.add(1, ordering: .relaxed)
                    } else {
                        member.answers.add(1, ordering: .relaxed)
                    }
                }
            }
        }
    }

    var failures: Int { members.reduce(0) { $0 + $1.failures.load(ordering: .relaxed) } }

    /// Waits until each has had `count` more answers.
    func haveAllAsked(_ count: Int) -> Bool {
        let goals = members.map { $0.answers.load(ordering: .relaxed) + count }
        return holds(within: .seconds(20)) {
            zip(members, goals).allSatisfy { $0.answers.load(ordering: .relaxed) >= $1 }
        }
    }

    /// They are served until the last has gone.
    func leave() {
        guard !flag.isUp.exchange(true, ordering: .releasing) else { return }
        for thread in threads { pthread_join(thread, nil) }
    }
}
