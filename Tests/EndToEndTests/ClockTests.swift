import ControlProtocol
import Glibc
import StackModel
import Testing

/// The time of day jumps, for the agent alone: a library before its own says what it is.
@Suite(.ownThread, .timeLimit(.minutes(20)))
struct ClockTests {
    @Test(.enabled(if: isInstalled("cc"), "needs a C compiler"), arguments: [86_400, -86_400])
    func `a clock that jumps stops and starts nothing, and is told`(seconds: Int) throws {
        let folder = try Folder()
        let library = try Self.library(in: folder)
        try folder.write("0\n", to: "offset")
        let port = try freePort()
        let environment = ["LD_PRELOAD=\(library)", "CLOCK_OFFSET=\(folder.path)/offset"]
        let stack =
            Piece.stack(
                Piece.web("web", port: port), Piece.sleeper("one", more: "restart: always"))
            + "x-catalyst: {metrics: off, database: off}\n"
        try withAgent(in: folder, environment: environment, { _ in stack }) { agent in
            try agent.expectAllWell()
            let web = try agent.pid(of: "web")
            try folder.write("\(seconds)\n", to: "offset")
            try agent.event(.clockJumped)
            let alert = try agent.alert(about: "@host") { $0.rule == .clockJump }
            #expect(alert.severity == .warning)
            kill(try agent.pid(of: "one"), SIGKILL)
            try agent.expect("one", "is there again") { $0.restarts == 1 && $0.state == .up }
            try http("POST", port: port, "/fault/unhealthy")
            try agent.expect("web", "is probed") { $0.health != .healthy || $0.pid != web }
            try agent.expectAllWell()

            // What happens after it is told after it, also by the next agent.
            try agent.stop()
            try agent.startAgain()
            try agent.expectAllWell()
            #expect(try agent.catalystctl("stop", "one").status == 0)
            try agent.event(.answered)
            let events = try agent.events()
            #expect(events.map(\.id) == events.map(\.id).sorted())
            let last = events.last { $0.kind == .answered || $0.kind == .clockJumped }
            #expect(last?.kind == .answered, "\(events.suffix(20).map(\.message))")
        }
    }

    private static func library(in folder: Folder) throws -> String {
        let source = try folder.write(
            """
            #define _GNU_SOURCE
            #include <fcntl.h>
            #include <stdlib.h>
            #include <sys/syscall.h>
            #include <time.h>
            #include <unistd.h>
            int clock_gettime(clockid_t clock, struct timespec *time) {
                int result = (int)syscall(SYS_clock_gettime, clock, time);
                const char *path = getenv("CLOCK_OFFSET");
                if (result || clock != CLOCK_REALTIME || !path) return result;
                char text[32] = {0};
                int file = open(path, O_RDONLY | O_CLOEXEC);
                if (file < 0) return result;
                if (read(file, text, sizeof text - 1) > 0) time->tv_sec += atol(text);
                close(file);
                return result;
            }
            """, to: "clock.c")
        let library = "\(folder.path)/clock.so"
        let made = try run(["cc", "-shared", "-fPIC", "-o", library, source], in: folder)
        guard made.status == 0 else { throw Failure("cc: \(made)") }
        return library
    }
}
