import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

/// Children and orphans. Each test is a process of its own: a reaper takes all children there are.
struct ReaperTests {
    @Test func `codes and signals are told as they were`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var ends: [String: ExitReason] = [:]
            for script in [
                "exit 0", "exit 7", "exit 255", "kill -TERM $$", "kill -KILL $$", "kill -34 $$",
            ] {
                try reaper.watch(try SpawnRequest.shell(script).spawn()) { ends[script] = $0 }
            }
            #expect(try loop.turns { ends.count == 6 })
            #expect(ends["exit 0"] == .exited(code: 0))
            #expect(ends["exit 7"] == .exited(code: 7))
            #expect(ends["exit 255"] == .exited(code: 255))
            #expect(ends["kill -TERM $$"] == .signaled(.terminate, coreDumped: false))
            #expect(ends["kill -KILL $$"] == .signaled(.kill, coreDumped: false))
            #expect(ends["kill -34 $$"] == .signaled(SignalName(number: 34), coreDumped: false))
        }
    }

    @Test func `a dumped core is told where there is one`() async {
        await #expect(processExitsWith: .success) {
            let folder = Folder()
            var request = SpawnRequest.shell("ulimit -c unlimited 2>/dev/null; kill -SEGV $$")
            request.directory = folder.path
            // Whether cores are dumped here is the machine's choice: asked first without a reaper.
            let isDumped = try request.run().status & 0x80 != 0
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var end: ExitReason?
            try reaper.watch(try request.spawn()) { end = $0 }
            #expect(try loop.turns { end != nil })
            #expect(end == .signaled(SignalName(number: SIGSEGV), coreDumped: isDumped))
        }
    }

    @Test func `five hundred children end once each, however fast`() async {
        await #expect(processExitsWith: .success) {
            _ = ResourceLimit.raiseDescriptorLimit()
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var ends: [Int32: Int] = [:]
            for number in 0..<500 {
                // Some are gone before they are watched, some go together.
                let request =
                    number % 2 == 0 ? SpawnRequest.of("true") : SpawnRequest.of("sleep", "0.2")
                let child = try request.spawn()
                try reaper.watch(child) { reason in
                    #expect(reason == .exited(code: 0))
                    ends[child.pid, default: 0] += 1
                }
                if number % 50 == 0 { try loop.turn(waitingAtMost: .zero) }
            }
            #expect(try loop.turns { ends.count == 500 })
            #expect(ends.values.allSatisfy { $0 == 1 })
            #expect(Proc.descendants(of: getpid(), in: Proc.all()).isEmpty)
        }
    }

    @Test func `children that both SIGCHLD and their pidfd tell of end once`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var ends = 0
            let child = try SpawnRequest.of("true").spawn()
            try reaper.watch(child) { _ in ends += 1 }
            #expect(holds { Proc.entry(of: child.pid)?.state == "Z" })
            reaper.reapOrphans()
            try loop.turn(waitingAtMost: .milliseconds(10))
            #expect(ends == 1)
            #expect(!reaper.isChild(child.pid))
            reaper.send(.terminate, to: child)
        }
    }

    @Test func `a child that is watched again ends once, and leaves no descriptor`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var ends: [String] = []
            let child = try SpawnRequest.of("sleep", "1000").spawn()
            try reaper.watch(child) { _ in ends.append("first") }
            for _ in 0..<3 {
                let again = try #require(Child(existing: child.pid))
                try reaper.watch(again) { _ in ends.append("last") }
            }
            kill(child.pid, SIGKILL)
            #expect(try loop.turns { !ends.isEmpty })
            try loop.turn(waitingAtMost: .milliseconds(10))
            #expect(ends == ["last"], "\(ends)")
            #expect(openDescriptors("pidfd") == 0)
        }
    }

    @Test func `orphans of double forks come to us and are reaped`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            var orphans: Set<Int32> = []
            reaper.onOrphan = { orphans.insert($0) }
            var hasEnded = false
            let script =
                "for i in 1 2 3 4 5 6 7 8 9 10; do (setsid sh -c 'sleep 0.1; exit 3' &); done"
            try reaper.watch(try SpawnRequest.shell(script).spawn()) { _ in hasEnded = true }
            let isDone = try loop.turns {
                reaper.reapOrphans()
                return hasEnded && Proc.descendants(of: getpid(), in: Proc.all()).isEmpty
            }
            #expect(isDone)
            #expect(orphans.count >= 10)
        }
    }

    @Test func `a signal is an event`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let signals = try Signals([.terminate, SignalName(number: SIGUSR1)])
            var arrived: [SignalName] = []
            try signals.deliver(on: loop, rank: .ordinary) { arrived.append($0) }
            pthread_kill(pthread_self(), SIGUSR1)
            pthread_kill(pthread_self(), SIGTERM)
            #expect(try loop.turns { arrived.count == 2 })
            #expect(Set(arrived) == [.terminate, SignalName(number: SIGUSR1)])
            #expect(kill(getpid(), SIGPIPE) == 0, "ignored: we live")
        }
    }

    @Test func `a process that runs already can be watched`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            // An orphan that comes to us: its parent is gone, its pid is on paper.
            let pipe = try Pipe()
            var request = SpawnRequest.shell("sleep 1000 & echo $!")
            request.output = .descriptor(pipe.writeEnd)
            #expect(try request.spawn().await() == 0)
            pipe.closeWriteEnd()
            var text = [UInt8](repeating: 0, count: 16)
            let count = read(pipe.readEnd.rawValue, &text, text.count)
            let pid = try #require(
                Int32(
                    String(decoding: text.prefix(max(0, count)), as: UTF8.self).prefix {
                        $0 != "\n"
                    }))
            let child = try #require(Child(existing: pid))
            var end: ExitReason?
            try reaper.watch(child) { end = $0 }
            reaper.send(.terminate, to: child)
            #expect(try loop.turns { end != nil })
            #expect(end == .signaled(.terminate, coreDumped: false))
            #expect(Child(existing: pid) == nil)
        }
    }
}
