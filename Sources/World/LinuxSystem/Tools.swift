internal import Glibc
package import StackModel
internal import SystemPackage

/// Why a tool did not run, or was not left to run to its end.
package struct ToolError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    /// Somebody wants this process to end.
    package static let interrupted = ToolError("interrupted")
}

/// Runs other programs, one after another, each to its end with all that it started. For commands, not for the agent:
/// it waits.
///
/// From its making on, SIGTERM, SIGINT and SIGHUP do not end this process: they are asked for between the steps
/// (`checkpoint`), and end a program that runs.
package final class Tools {
    package struct Command {
        package var words: [String]
        package var environment: [String: String]
        package var directory: String?
        /// What it reads on its standard input: fits into a pipe, or it does not start.
        package var input: [UInt8] = []
        package var timeout: Duration
        /// Gets the lines of its standard error, and of its standard output too with `isOneStream`.
        package var onLine: (String) -> Void
        package var isOneStream: Bool

        package init(
            words: [String], environment: [String: String], directory: String? = nil,
            timeout: Duration = .seconds(600), onLine: @escaping (String) -> Void = { _ in },
            isOneStream: Bool = false
        ) {
            self.words = words
            self.environment = environment
            self.directory = directory
            self.timeout = timeout
            self.onLine = onLine
            self.isOneStream = isOneStream
        }
    }

    package struct Outcome {
        package var exit: ExitReason
        /// Its standard output.
        package var output: [UInt8]
        /// The last lines that it said beside that.
        package var lastLines: [String]
        package var isLate: Bool

        package var isSuccess: Bool { exit.isSuccess && !isLate }
        package var text: String { String(decoding: output, as: UTF8.self) }
    }

    package static let linesKept = 20
    private static let outputBytesMax = 64 << 20
    private static let lineBytesMax = 4096
    /// A process that left the tree may hold a pipe for ever.
    private static let pipesGrace: Duration = .seconds(2)

    private let loop: EventLoop
    private let reaper: Reaper
    /// Who shares this process with others must not collect their orphans, and finds its own by their mark alone.
    private let isAlone: Bool
    private var isInterrupted = false
    private var onInterruption: () -> Void = {}

    package init(takesSignals: Bool) throws(ToolError) {
        isAlone = takesSignals
        do {
            loop = try EventLoop()
            reaper = try Reaper(on: loop, adoptsOrphans: takesSignals)
            guard takesSignals else { return }
            try Signals([SIGTERM, SIGINT, SIGHUP].map { SignalName(number: $0) })
                .deliver(on: loop, rank: .ordinary) { [unowned self] _ in
                    isInterrupted = true
                    onInterruption()
                }
        } catch { throw ToolError("\(error)") }
    }

    /// Throws when somebody wants this to end.
    package func checkpoint() throws(ToolError) {
        var pending = sigset_t()
        sigpending(&pending)
        let isPending = [SIGTERM, SIGINT, SIGHUP].contains { sigismember(&pending, $0) == 1 }
        if isInterrupted || isPending { throw .interrupted }
    }

    package func run(_ command: Command) throws(ToolError) -> Outcome {
        try checkpoint()
        do {
            return try finish(command, Run(command, on: loop, reaper, isAlone: isAlone))
        } catch let error as ToolError {
            throw error
        } catch {
            throw ToolError("cannot run '\(command.words.first ?? "")': \(error)")
        }
    }

    private func finish(_ command: Command, _ run: Run) throws -> Outcome {
        var isLate = false
        let alarm = loop.setAlarm(after: command.timeout) {
            isLate = true
            run.kill()
        }
        defer { loop.cancel(alarm) }
        onInterruption = { run.kill() }
        defer { onInterruption = {} }
        while run.exit == nil { try loop.turn(waitingAtMost: nil) }
        let end = Clock.now() + Self.pipesGrace
        while !run.isOver, Clock.now() < end { try loop.turn(waitingAtMost: .milliseconds(100)) }
        run.closePipes()
        try checkpoint()
        return Outcome(
            exit: run.exit ?? .unknown, output: run.output, lastLines: run.lastLines,
            isLate: isLate)
    }

    /// One program that runs.
    private final class Run {
        private(set) var output: [UInt8] = []
        private(set) var lastLines: [String] = []
        private(set) var exit: ExitReason?
        private var line: [UInt8] = []
        private var openPipes: [Pipe] = []
        private let command: Command
        private let loop: EventLoop
        private var tree: ProcessTree?

        var isOver: Bool { exit != nil && openPipes.isEmpty }

        init(_ command: Command, on loop: EventLoop, _ reaper: Reaper, isAlone: Bool) throws {
            self.command = command
            self.loop = loop
            var request = SpawnRequest(
                arguments: command.words, environment: command.environment)
            // The agent's mark, so that it finds what is left when it kills this process.
            let mark =
                (isAlone ? getenv(ProcessTree.markName) : nil).map { String(cString: $0) }
                ?? UniqueName.random()
            request.environment[ProcessTree.markName] = mark
            request.directory = command.directory
            request.diesWithAgent = true
            let error = try Pipe()
            let output = command.isOneStream ? nil : try Pipe()
            openPipes = [error] + (output.map { [$0] } ?? [])
            request.error = .descriptor(error.writeEnd)
            request.output = .descriptor((output ?? error).writeEnd)
            let input = try Self.filledPipe(command.input)
            defer { input.map { try? $0.readEnd.close() } }  // The child has its own.
            if let input { request.input = .descriptor(input.readEnd) }
            let child: Child
            do { child = try request.spawn() } catch {
                for pipe in openPipes { pipe.closeBoth() }
                throw error
            }
            for pipe in openPipes { pipe.closeWriteEnd() }
            let tree = ProcessTree(
                leader: child.pid, cgroup: nil, mark: mark, isLeftover: !isAlone)
            self.tree = tree
            try read(error) { [unowned self] in hear($0) }
            if let output { try read(output) { [unowned self] in self.output += $0 } }
            try reaper.watch(child) { [unowned self] in
                exit = $0
                // What it left running must not change what is sealed.
                kill()
            }
        }

        /// Nobody has to write while the program runs.
        private static func filledPipe(_ bytes: [UInt8]) throws -> Pipe? {
            guard !bytes.isEmpty else { return nil }
            let pipe = try Pipe()
            // A pipe holds 64 KB.
            guard bytes.count <= 64 << 10,
                Glibc.write(pipe.writeEnd.rawValue, bytes, bytes.count) == bytes.count
            else {
                pipe.closeBoth()
                throw ToolError("its input of \(bytes.count) bytes does not fit into a pipe")
            }
            pipe.closeWriteEnd()
            return pipe
        }

        /// All of it, at once.
        func kill() {
            for _ in 0..<10 where tree?.kill() == true {}
        }

        func closePipes() {
            for pipe in openPipes {
                loop.unwatch(pipe.readEnd)
                try? pipe.readEnd.close()  // Whoever still writes to it has left.
            }
            openPipes = []
            if !line.isEmpty { endLine() }
        }

        private func read(_ pipe: Pipe, take: @escaping (ArraySlice<UInt8>) -> Void) throws {
            let descriptor = pipe.readEnd
            try loop.watch(descriptor, for: .readable) { [unowned self] _ in
                var chunk = [UInt8](repeating: 0, count: 64 << 10)
                let count = Glibc.read(descriptor.rawValue, &chunk, chunk.count)
                if count > 0 {
                    if output.count < outputBytesMax { take(chunk[..<count]) }
                } else if count == 0 || errno != EAGAIN {
                    loop.unwatch(descriptor)
                    try? descriptor.close()  // It has ended.
                    openPipes.removeAll { $0.readEnd == descriptor }
                }
            }
        }

        private func hear(_ bytes: ArraySlice<UInt8>) {
            for byte in bytes {
                if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                    if !line.isEmpty { endLine() }
                } else if line.count < lineBytesMax {
                    line.append(byte)
                }
            }
        }

        private func endLine() {
            let text = withoutPasswords(String(decoding: line, as: UTF8.self))
            line = []
            lastLines.append(text)
            if lastLines.count > linesKept { lastLines.removeFirst() }
            command.onLine(text)
        }
    }
}
