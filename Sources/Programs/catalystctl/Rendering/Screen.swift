/// A page that is drawn over itself. On anything but a terminal, one page after another.
struct Screen {
    private let output = Output()
    private var drawn = 0

    mutating func show(_ json: [UInt8]) throws {
        output.write(json)
        try output.flush()
    }

    /// What stands `above` is not drawn over again.
    mutating func show(_ lines: [String], above: [String] = [], on terminal: Terminal) throws {
        guard terminal.isTerminal else {
            for line in above + lines + [""] { output.print(line) }
            return try output.flush()
        }
        // One line is left for the cursor: lines that have scrolled away cannot be drawn over.
        let room = terminal.height - 1
        let shown = lines.count <= room ? lines : lines.prefix(room - 1) + ["…"]
        if drawn > 0 { output.write(Array("\r\u{1B}[\(min(drawn, room))A".utf8)) }
        for line in above + shown { output.print(line + "\u{1B}[K") }
        output.write(Array("\u{1B}[J".utf8))
        drawn = shown.count
        try output.flush()
    }
}
