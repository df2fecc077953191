import StackModel
import Testing

struct WordTests {
    @Test func `a service's name may become a file's name`() {
        for name in ["redis", "risk-manager", "a", "A_1.b", String(repeating: "x", count: 64)] {
            #expect(ServiceName.isValid(name))
        }
        for name in [
            "", ".", "..", ".hidden", "-f", "a/b", "a b", "ä", "a\n",
            String(repeating: "x", count: 65),
        ] {
            #expect(!ServiceName.isValid(name))
        }
    }

    @Test func `bytes are shown with three digits`() {
        let shown = [0, 512, 999, 1000, 1024, 40_056_832, 104_857_600, 1_610_612_736, Int64.max]
            .map { "\(ByteCount(bytes: $0))" }
        #expect(
            shown == ["0B", "512B", "999B", "1.0K", "1.0K", "38.2M", "100M", "1.5G", "8388608.0T"])
    }

    @Test func `a limit is told as it was written`() {
        let exact = [0, 1000, 1536, 64 << 20, 3 << 29, 1 << 30, 1 << 40]
            .map { ByteCount(bytes: $0).exact }
        #expect(exact == ["0B", "1000B", "1536B", "64M", "1536M", "1G", "1024G"])
        #expect(
            "\(ExitReason.outOfMemory(limit: .mebibytes(1024)))" == "ran out of memory: limit 1G")
        #expect(
            ExitReason.outOfMemory(limit: nil).shortage
                == "out of memory: the host had none left")
        #expect(ExitReason.signaled(.kill, coreDumped: false).shortage == nil)
    }

    @Test func `signals are read by name and number`() {
        #expect(SignalName("SIGTERM") == .terminate)
        #expect(SignalName("term") == .terminate)
        #expect(SignalName("9") == .kill)
        #expect(SignalName("SIGSYS")?.number == 31)
        #expect(SignalName("34").map { "\($0)" } == "signal 34")
        for text in ["", "0", "65", "SIGFOO", "-9"] { #expect(SignalName(text) == nil) }
    }

    @Test func `a port knows whether only this host reaches it`() {
        #expect(Port(number: 5000).isLoopback)
        #expect(Port(address: "::1", number: 1).isLoopback)
        #expect(!Port(address: "0.0.0.0", number: 1).isLoopback)
    }

    @Test func `places are the user's own, and relative ones are ignored`() {
        #expect(
            defaultRuntimeDirectory(uid: 0, environment: ["XDG_RUNTIME_DIR": "/x"])
                == "/run/catalyst")
        #expect(
            defaultRuntimeDirectory(uid: 5, environment: ["XDG_RUNTIME_DIR": "/x/"])
                == "/x/catalyst")
        #expect(
            defaultRuntimeDirectory(uid: 5, environment: ["XDG_RUNTIME_DIR": "x"])
                == "/tmp/catalyst-5")
        #expect(
            defaultStateDirectory(uid: 5, environment: ["HOME": "/h"]) == "/h/.local/state/catalyst"
        )
        #expect(defaultStateDirectory(uid: 5, environment: [:]) == "/tmp/catalyst-5/state")
    }
}
