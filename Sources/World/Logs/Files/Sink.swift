internal import LinuxSystem
internal import StackModel

/// Where one service's output ends up. The writer's alone.
final class Sink {
    let service: ServiceName
    private(set) var policy = LogPolicy()
    private let logDirectory: String
    private let compressor: Compressor
    private let drops: Drops
    private var file: LogFile?
    private var lastRotation = Timestamp(nanoseconds: 0)
    private var bytesDropped: UInt64 = 0
    private var reason: String?

    init(_ service: ServiceName, in logDirectory: String, compressor: Compressor, drops: Drops) {
        self.service = service
        self.logDirectory = logDirectory
        self.compressor = compressor
        self.drops = drops
    }

    func adopt(_ policy: LogPolicy) {
        if policy.driver != self.policy.driver { close() }
        self.policy = policy
    }

    /// Output was dropped before it got here.
    func noteDrop(_ bytes: UInt64) { bytesDropped += bytes }

    /// Makes the file ready for a run of records and says how long it is; nil: it cannot be written
    /// now.
    func begin() -> Int? {
        do {
            try prepare()
            if bytesDropped > 0 { try writeNote() }
            return file?.size
        } catch {
            reason = error.reason.words
            return nil
        }
    }

    private func prepare() throws(SystemError) {
        if file == nil {
            let format: LogShelf.Format = policy.driver == .local ? .local : .json
            file = LogFile(LogShelf(service, format, in: logDirectory))
        }
        try file?.prepare()
    }

    /// How many bytes a file of `size` may still take.
    func room(at size: Int) -> Int { max(4096, Int(policy.sizeMax.bytes)) - size }

    /// Begins a new file. False: that cannot be done now.
    func rotate() -> Bool {
        do throws(SystemError) {
            // Unique, even where two rotations happen within one tick of the clock.
            lastRotation = max(
                Clock.wallTime(), Timestamp(nanoseconds: lastRotation.nanoseconds + 1))
            file?.finish(at: lastRotation)
            guard let shelf = file?.shelf else { return false }
            if let error = compressor.renaming({ shelf.rotate(keeping: max(1, policy.filesMax)) }) {
                throw error
            }
            if policy.compress { compressor.compress(shelf) }
            try prepare()
            return true
        } catch {
            reason = error.reason.words
            return false
        }
    }

    /// Writes a run of whole records, or drops it: `byteCount` of the service's bytes, those of `batch` before `place`.
    func append(
        _ run: UnsafeRawBufferPointer, byteCount: UInt64, of batch: Batch, upTo place: Int
    ) -> Bool {
        if let file = file?.identity {
            batch.pages?.beginAppend(device: file.device, inode: file.inode, size: file.size)
        }
        defer { batch.pages?.endAppend(at: place) }
        do {
            try file?.append(run)
            return true
        } catch {
            drop(byteCount)
            reason = reason ?? error.reason.words
            return false
        }
    }

    func drop(_ segment: Segment, of batch: Batch) {
        drop(UInt64(segment.end - segment.start))
        batch.pages?.endAppend(at: segment.end)
    }

    func drop(_ bytes: UInt64) {
        bytesDropped += bytes
        drops.add(bytes, of: service)
    }

    private func writeNote() throws(SystemError) {
        let why = reason.map { ": \($0)" } ?? ": the disk was too slow"
        let text = "catalystd: \(bytesDropped) bytes of output were dropped here\(why)"
        try file?.append(text, as: .stderr, at: Clock.wallTime())
        (bytesDropped, reason) = (0, nil)
    }

    func close() { file = nil }
}

extension LogFile {
    /// One line of our own.
    fileprivate mutating func append(
        _ text: String, as stream: LogRecord.Stream, at time: Timestamp
    ) throws(SystemError) {
        var record: [UInt8]
        switch shelf.format {
        case .json:
            record = JSONFormat.record(text, stream: stream, time: time)
        case .local:
            var format = LocalFormat()
            record =
                format.header(stream, at: time, offset: size, isPartial: false) + text.utf8 + [
                    newline
                ]
        }
        let failure: SystemError? = record.withUnsafeBytes { bytes in
            do throws(SystemError) {
                try append(bytes)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
    }
}

extension JSONFormat {
    /// One record for rare use.
    fileprivate static func record(_ text: String, stream: LogRecord.Stream, time: Timestamp)
        -> [UInt8]
    {
        var format = JSONFormat()
        var text = text
        return text.withUTF8 { text in
            Array(unsafeUninitializedCapacity: text.count * 6 + 128) { buffer, count in
                guard var end = UnsafeMutableRawPointer(buffer.baseAddress) else { return }
                let start = end
                format.append(
                    UnsafeRawBufferPointer(text), isWhole: true, stream: stream, time: time,
                    to: &end)
                count = end - start
            }
        }
    }
}
