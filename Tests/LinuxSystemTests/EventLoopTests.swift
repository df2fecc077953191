import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

struct EventLoopTests {
    @Test func `alarms ring in the order of their times, equal ones as they were set`() throws {
        let loop = try EventLoop()
        let now = Clock.now()
        var rung: [String] = []
        for (name, delay) in [("c", 3), ("a", 1), ("b1", 2), ("b2", 2), ("b3", 2)] {
            loop.setAlarm(at: now + .milliseconds(delay)) { rung.append(name) }
        }
        let cancelled = loop.setAlarm(at: now) { rung.append("never") }
        loop.cancel(cancelled)
        loop.cancel(nil)
        #expect(try loop.turns { rung.count == 5 })
        #expect(rung == ["a", "b1", "b2", "b3", "c"])
        loop.cancel(cancelled)
        #expect(Clock.now() - now >= .milliseconds(3), "none rings before its time")
    }

    @Test func `thousands of alarms, most of them cancelled, ring once`() throws {
        let loop = try EventLoop()
        let now = Clock.now()
        var rung: [Int] = []
        var ids: [AlarmID] = []
        for number in 0..<20_000 {
            ids.append(
                loop.setAlarm(at: now + .microseconds((number * 7919) % 10_000)) {
                    rung.append((number * 7919) % 10_000)
                })
        }
        for (number, id) in ids.enumerated() where number % 10 != 0 { loop.cancel(id) }
        #expect(try loop.turns { rung.count == 2000 })
        #expect(rung == rung.sorted())
    }

    @Test func `alarms that are set and cancelled for ever take no room`() throws {
        var queue = AlarmQueue()
        let kept = queue.insert(at: Moment(nanoseconds: 1 << 60)) {}
        for number in 0..<100_000 {
            let id = queue.insert(at: Moment(nanoseconds: Int64(number) + (1 << 59))) {}
            queue.cancel(id)
        }
        #expect(queue.count < 200)
        queue.cancel(kept)
        #expect(queue.next == nil)
    }

    @Test func `an alarm may set and cancel alarms`() throws {
        let loop = try EventLoop()
        var rung: [String] = []
        var second: AlarmID?
        loop.setAlarm(after: .zero) {
            rung.append("first")
            loop.cancel(second)
            loop.setAlarm(after: .zero) { rung.append("third") }
        }
        second = loop.setAlarm(after: .zero) { rung.append("second") }
        #expect(try loop.turns { rung.contains("third") })
        #expect(rung == ["first", "third"])
    }

    @Test func `an alarm that sets itself again leaves the others their turn`() throws {
        let loop = try EventLoop()
        var rung = 0
        func again() {
            rung += 1
            loop.setAlarm(after: .zero) { again() }
        }
        again()
        let pipe = try Pipe()
        defer { pipe.closeBoth() }
        var isServed = false
        try loop.watch(pipe.readEnd, for: .readable) { _ in isServed = true }
        write(pipe.writeEnd.rawValue, "x", 1)
        for _ in 0..<3 { try loop.turn(waitingAtMost: .seconds(1)) }
        #expect(isServed)
        #expect(rung == 4, "once each turn")
    }

    @Test func `signs of life go before signs of death`() throws {
        let loop = try EventLoop()
        var served: [String] = []
        let pipes = try (0..<3).map { _ in try Pipe() }
        defer { for pipe in pipes { pipe.closeBoth() } }
        let ranks: [(String, EventLoop.Rank)] = [
            ("death", .signsOfDeath), ("ordinary", .ordinary), ("life", .signsOfLife),
        ]
        for (pipe, (name, rank)) in zip(pipes, ranks) {
            try loop.watch(pipe.readEnd, for: .readable, rank: rank) { _ in
                served.append(name)
                loop.unwatch(pipe.readEnd)
            }
            write(pipe.writeEnd.rawValue, "x", 1)
        }
        try loop.turn(waitingAtMost: .seconds(5))
        #expect(served == ["life", "ordinary", "death"])
    }

    /// A process of its own: it takes a descriptor's number that another test could have been given meanwhile.
    @Test
    func
        `a watch that ended in the same turn hears nothing, and its number's next owner nothing of it`()
        async
    {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let (one, two, new) = (try Pipe(), try Pipe(), try Pipe())
            var wrong = 0
            try loop.watch(two.readEnd, for: .readable, rank: .signsOfLife) { _ in
                loop.unwatch(two.readEnd)
                // The first pipe is ready as well: its watch ends, its number is given to another.
                loop.unwatch(one.readEnd)
                dup2(new.readEnd.rawValue, one.readEnd.rawValue)
                // If not, it hears nothing below.
                try? loop.watch(one.readEnd, for: .readable) { _ in wrong += 1 }
            }
            try loop.watch(one.readEnd, for: .readable) { _ in wrong += 1 }
            write(one.writeEnd.rawValue, "x", 1)
            write(two.writeEnd.rawValue, "x", 1)
            for _ in 0..<3 { try loop.turn(waitingAtMost: .milliseconds(10)) }
            #expect(wrong == 0)
            write(new.writeEnd.rawValue, "x", 1)
            try loop.turn(waitingAtMost: .seconds(5))
            #expect(wrong == 1)
        }
    }

    @Test func `interest changes, and an end is always reported`() throws {
        let loop = try EventLoop()
        let (ours, theirs) = try UnixSocket.pair()
        var seen: [EventLoop.Interest] = []
        try loop.watch(ours, for: .readable) { seen.append($0) }
        try loop.turn(waitingAtMost: .zero)
        #expect(seen.isEmpty)
        try loop.setInterest(ours, [.readable, .writable])
        try loop.turn(waitingAtMost: .seconds(1))
        #expect(seen.last?.contains(.writable) == true)
        try loop.setInterest(ours, [])
        try theirs.close()
        try loop.turn(waitingAtMost: .seconds(1))
        #expect(seen.last.map { !$0.isDisjoint(with: .ended) } == true)
        loop.unwatch(ours)
        try ours.close()
    }

    @Test func `what other threads post arrives in order, and no more than fits`() throws {
        let loop = try EventLoop()
        let inlet = try Inlet(into: loop, capacity: 100_000)
        var arrived: [[Int]] = [[], [], [], []]
        let box = Shared<((Int, Int) -> Void)?>(nil)
        box.value = { thread, number in arrived[thread].append(number) }
        let threads = (0..<4).map { thread in
            onThread { for number in 0..<5000 { inlet.post { box.value?(thread, number) } } }
        }
        #expect(try loop.turns { arrived.allSatisfy { $0.count == 5000 } })
        #expect(arrived.allSatisfy { $0 == Array(0..<5000) })
        for thread in threads { pthread_join(thread, nil) }

        let narrow = try Inlet(into: loop, capacity: 2)
        #expect([0, 1, 2].map { _ in narrow.post {} } == [true, true, false])
        var answers = 0
        let count = Shared<(() -> Void)?>(nil)
        count.value = { answers += 1 }
        // An answer is never lost, however full it is.
        for _ in 0..<5 { narrow.answer { count.value?() } }
        try loop.turn(waitingAtMost: .seconds(1))
        #expect(answers == 5)
        #expect(narrow.post {})
    }

    @Test func `a thread's work is bounded, done in order, and finished`() {
        let thread = WorkerThread(named: "test", capacity: 2)
        let gate = Shared(false)
        let done = Shared<[Int]>([])
        thread.post { _ = holds { gate.value } }
        var taken = 0
        // The first may or may not have begun: two or three fit.
        for number in 0..<10 where thread.post({ done.value += [number] }) { taken += 1 }
        #expect((1...2).contains(taken))
        gate.value = true
        thread.finish()
        #expect(done.value == Array(0..<taken))
        #expect(!thread.post {})
    }

    @Test func `a drained pipe is kept up to its bound and read to its end`() throws {
        let loop = try EventLoop()
        let pipe = try Pipe()
        var request = SpawnRequest.shell("head -c 1000000 /dev/zero")
        request.output = .descriptor(pipe.writeEnd)
        let child = try request.spawn()
        pipe.closeWriteEnd()
        var kept = 0
        var isOver = false
        try pipe.drain(
            on: loop, bytesMax: 1000, into: { kept += $0.count }, atEnd: { isOver = true })
        #expect(try loop.turns { isOver })
        #expect(kept == 1000)
        #expect(child.await() == 0)
    }
}
