import Glibc
import StackModel
import SystemPackage
import Testing

@testable import LinuxSystem

/// Processes that are not our children. Each test is a process of its own, as in `ReaperTests`.
struct AdoptionTests {
    @Test func `the end of a process that is another's child is told, without its reason`() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let reaper = try Reaper(on: loop)
            let pipe = try Pipe()
            // The shell lives on and takes its child's status: it never comes to us.
            var request = SpawnRequest.shell("sleep 1000 & echo $!; wait; exec sleep 1000")
            request.output = .descriptor(pipe.writeEnd)
            let parent = try request.spawn()
            var parentEnd: ExitReason?
            try reaper.watch(parent) { parentEnd = $0 }
            pipe.closeWriteEnd()
            var text: [UInt8] = []
            try loop.watch(pipe.readEnd, for: .readable) { _ in
                var chunk = [UInt8](repeating: 0, count: 16)
                let count = read(pipe.readEnd.rawValue, &chunk, chunk.count)
                text += chunk.prefix(max(0, count))
                if text.last == 10 { loop.unwatch(pipe.readEnd) }
            }
            #expect(try loop.turns { text.last == 10 })
            try pipe.readEnd.close()
            let pid = try #require(Int32(String(decoding: text.dropLast(), as: UTF8.self)))
            #expect(Proc.entry(of: pid)?.parent == parent.pid)
            let child = try #require(Child(existing: pid))
            var end: ExitReason?
            try reaper.watch(child) { end = $0 }
            #expect(reaper.isChild(pid))
            reaper.send(.terminate, to: child)
            #expect(try loop.turns { end != nil })
            #expect(end == .unknown)
            #expect(!reaper.isChild(pid) && parentEnd == nil)
            reaper.send(.kill, to: parent)
            #expect(try loop.turns { parentEnd != nil })
            #expect(openDescriptors("pidfd") == 0)
        }
    }
}
