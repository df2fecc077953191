internal import Glibc
internal import LinuxSystem
package import StackModel
internal import Synchronization
internal import SystemPackage

/// Carries what the services write from their FIFOs into files, and never keeps anyone waiting.
///
/// Two threads of its own do the work; what is called here only posts a command. A disk that is
/// full or gone costs output, which is counted and noted in the log itself, but no service and no
/// caller.
package final class LogPump: Sendable {
    /// Where a service finds its FIFOs. It opens them read-write itself, so that a dead agent costs
    /// it no SIGPIPE.
    package struct Paths: Equatable, Sendable {
        package let stdout: String
        package let stderr: String
    }

    /// A record for the `journald` driver. Called on the writing thread, which must not block.
    package typealias JournalSink = @Sendable (ServiceName, LogRecord.Stream, [UInt8]) -> Void

    private let fifoDirectory: String
    private let limits: LogLimits
    private let spool: Spool?
    private let reader: Reader
    private let writer: Writer
    private let drops: Drops
    private let channels = Guarded<[ServiceName: Channel]>([:])
    private let hasFinished = Guarded(false)

    /// `onDrop` hears how many bytes were lost, at most once a second for each service, on one of
    /// our threads.
    package init(
        logDirectory: String, fifoDirectory: String, limits: LogLimits = LogLimits(),
        journalSink: JournalSink? = nil, onDrop: @escaping @Sendable (ServiceName, UInt64) -> Void
    ) throws(LogError) {
        self.fifoDirectory = fifoDirectory
        self.limits = limits
        drops = Drops(listener: onDrop)
        do throws(SystemError) {
            try makeDirectories(fifoDirectory, mode: 0o700)
            let early = Writer(
                directory: logDirectory, queue: BatchQueue(limits, nil), drops: drops,
                journal: journalSink, roomMade: {})
            damagedSpools = Recovery(
                directory: fifoDirectory, logDirectory: logDirectory, writer: early,
                batchBytes: limits.batchBytes
            ).run()
            spool = Spool(in: fifoDirectory)
            let queue = BatchQueue(limits, spool)
            let reader = try Reader(queue: queue, drops: drops, limits: limits)
            self.reader = reader
            let writer = Writer(
                directory: logDirectory, queue: queue, drops: drops, journal: journalSink,
                roomMade: { reader.inlet.post { reader.roomMade() } })
            self.writer = writer
            try Worker.start { [hasFinished] in
                writer.run()
                hasFinished.withLock { $0 = true }
                hasFinished.announce()
            }
            do throws(SystemError) {
                try Worker.start { reader.run() }
            } catch {
                queue.end()
                throw error
            }
        } catch {
            throw .system(error)
        }
    }

    /// Makes the service's FIFOs and begins to read them. Where it is open already, only the policy
    /// changes.
    package func open(_ service: ServiceName, policy: LogPolicy) throws(LogError) -> Paths {
        let paths = paths(of: service)
        if let channel = channels.withLock({ $0[service] }) {
            channel.policy.withLock { $0 = policy }
            return paths
        }
        let channel = Channel(service, policy: policy)
        let taps: [Tap]
        do {
            let stdout = tap(channel, .stdout, policy, try Fifo.open(paths.stdout))
            taps = [stdout, tap(channel, .stderr, policy, try Fifo.open(paths.stderr))]
        } catch {
            throw .open(service, error)
        }
        let opening = Opening(taps: taps)
        guard reader.inlet.post({ [reader] in reader.open(opening.taps) }) else { throw .busy }
        channels.withLock { $0[service] = channel }
        return paths
    }

    private func tap(
        _ channel: Channel, _ stream: LogRecord.Stream, _ policy: LogPolicy, _ pipe: FileDescriptor
    ) -> Tap {
        Tap(
            channel, stream, pipe: pipe, slot: spool?.slot(for: channel.service, stream, policy),
            in: fifoDirectory)
    }

    /// A hint that the last instance is gone: what it wrote without a newline is written now.
    package func drain(_ service: ServiceName) {
        guard let channel = channels.withLock({ $0[service] }) else { return }
        reader.inlet.post { [reader] in reader.drain(channel) }
    }

    /// Removes the FIFOs; what is still in them is written.
    package func close(_ service: ServiceName) {
        guard let channel = channels.withLock({ $0.removeValue(forKey: service) }) else { return }
        let paths = paths(of: service)
        unlink(paths.stdout)
        unlink(paths.stderr)
        reader.inlet.post { [reader] in reader.close(channel) }
    }

    /// Writes what was read, and leaves the FIFOs, and the beginnings of lines, to the next agent.
    package func leave() {
        reader.inlet.post { [reader] in reader.leave() }
        end()
    }

    /// Closes all and waits until everything is written, at most `drainMax` and a little; then the
    /// threads are gone.
    package func stop() {
        for service in channels.withLock({ Array($0.keys) }) { close(service) }
        end()
        // Of services that only an earlier agent ran, and what the last lines needed.
        for name in Directory.names(in: fifoDirectory) { unlink("\(fifoDirectory)/\(name)") }
        rmdir(fifoDirectory)
    }

    private func end() {
        reader.inlet.post { [reader] in reader.isStopping = true }
        // A disk that hangs keeps the writing thread, but not us.
        _ = hasFinished.wait(atMost: limits.drainMax + .milliseconds(500)) { $0 ? true : nil }
    }

    /// Of what an agent that died had under way, files that could not be read.
    package let damagedSpools: Int

    /// Bytes lost since the start.
    package var dropped: [ServiceName: UInt64] { drops.totals }

    /// Bytes that came to be written since the start, lost ones not among them.
    package var written: [ServiceName: UInt64] { writer.taken.withLock { $0 } }

    private func paths(of service: ServiceName) -> Paths {
        Paths(stdout: "\(fifoDirectory)/\(service).out", stderr: "\(fifoDirectory)/\(service).err")
    }
}

/// Carries taps from the loop's thread to the reader's, which owns them from then on.
private struct Opening: @unchecked Sendable {
    let taps: [Tap]
}

// The commands, on the reading thread.
extension Reader {
    fileprivate func open(_ opened: [Tap]) {
        for tap in opened {
            taps.append(tap)
            watch(tap)
        }
    }

    fileprivate func leave() {
        for tap in taps { loop.unwatch(tap.pipe) }
        taps = []
        draining = []
    }

    fileprivate func drain(_ channel: Channel) {
        for tap in taps where tap.channel === channel && !tap.isDraining {
            tap.isDraining = true
            draining.append(tap)
        }
    }

    fileprivate func close(_ channel: Channel) {
        drain(channel)
        for tap in taps where tap.channel === channel { tap.isClosing = true }
        loop.setAlarm(after: limits.drainMax) { [unowned self] in
            for tap in taps where tap.channel === channel { remove(tap) }
        }
    }
}
