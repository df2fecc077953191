internal import StackModel

/// Turns the lines of a file into records, in either direction's format.
struct LineMeaning {
    enum Line {
        /// Says when the following lines were written.
        case header
        case record(LogRecord)
        case rubbish
    }

    let service: ServiceName
    let format: LogShelf.Format
    private var governing: (time: Timestamp, stream: LogRecord.Stream)?

    init(_ service: ServiceName, _ format: LogShelf.Format) {
        self.service = service
        self.format = format
    }

    mutating func read(_ line: UnsafeRawBufferPointer, at offset: Int) -> Line {
        switch format {
        case .json:
            return JSONLine.parse(line, of: service).map(Line.record) ?? .rubbish
        case .local:
            if let header = LocalFormat.parse(line, at: offset) {
                governing = header
                return .header
            }
            guard let (time, stream) = governing else { return .rubbish }
            let text = String(decoding: line, as: UTF8.self)
            return .record(LogRecord(service: service, time: time, stream: stream, text: text))
        }
    }

    /// As `read`, for lines that are met from the end: a record's time is then unknown where
    /// headers say it.
    func readBackward(_ line: UnsafeRawBufferPointer, at offset: Int) -> Line {
        var reader = self
        if format == .local { reader.governing = (Timestamp(nanoseconds: 0), .stdout) }
        return reader.read(line, at: offset)
    }

    /// A new file begins.
    mutating func reset() { governing = nil }
}

/// Which records are asked for.
struct LogFilter: Sendable {
    var since: Timestamp?
    private let needle: [UInt8]?

    init(since: Timestamp?, grep: String?) {
        self.since = since
        needle = grep.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    func matchesText(_ record: LogRecord) -> Bool {
        guard let needle, let first = needle.first else { return true }
        var text = record.text
        return text.withUTF8 { text in
            var start = 0
            while start + needle.count <= text.count {
                guard let found = text[start...].firstIndex(of: first) else { return false }
                if text[found...].starts(with: needle) { return true }
                start = found + 1
            }
            return false
        }
    }

    func matchesTime(_ record: LogRecord) -> Bool { since.map { record.time >= $0 } ?? true }
}
