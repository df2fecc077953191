internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import SystemPackage

/// The reading end of one FIFO, with the line that is not complete yet. The reader's alone.
final class Tap {
    let channel: Channel
    let stream: LogRecord.Stream
    let pipe: FileDescriptor
    private var isWide = false
    /// In the spool's table; nil: what is read does not survive the agent.
    let slot: Int?
    private let heldPath: String
    private var heldLine: HeldLine?

    /// The beginning of a line, at most one record long.
    var held: [UInt8] = []
    var heldSince = Moment.zero

    /// Rings when it has been left unread for too long.
    var patience: AlarmID?
    var isParked: Bool { patience != nil }
    /// Flush when the pipe is found empty.
    var isDraining = false
    /// … and go.
    var isClosing = false

    /// Dropped since the last segment.
    var bytesDropped: UInt64 = 0
    /// The rest of a line whose beginning was dropped is dropped, too.
    var isMidLine = false

    init(
        _ channel: Channel, _ stream: LogRecord.Stream, pipe: FileDescriptor, slot: Int?,
        in directory: String
    ) {
        self.channel = channel
        self.stream = stream
        self.pipe = pipe
        self.slot = slot
        heldPath = Spool.heldPath(channel.service, stream, in: directory)
        heldLine = HeldLine(found: heldPath)
        held = heldLine?.text ?? []
    }

    /// What is left of a read, before the read counts as cut.
    func keep(_ rest: UnsafeRawBufferPointer, tag: UInt64) {
        // Most services end their lines: nothing was kept, and there is nothing to keep.
        guard !rest.isEmpty || !held.isEmpty else { return }
        if heldLine == nil { heldLine = HeldLine(making: heldPath) }
        heldLine?.keep(rest, tag: tag)
    }

    /// Nothing comes any more.
    func forgetHeld() { heldLine?.remove() }

    /// Lets more wait in the pipe of a busy service, where the kernel allows it.
    func widen() {
        guard !isWide else { return }
        isWide = true
        let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ, which Glibc's module lacks.
        _ = fcntl(pipe.rawValue, setPipeSize, Int32(LogLimits.pipeBytesMax))
    }

    deinit { close(pipe.rawValue) }
}
