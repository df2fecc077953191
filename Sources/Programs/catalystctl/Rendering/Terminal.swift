internal import Glibc

/// What standard output can show.
struct Terminal: Equatable {
    var width = 80
    var height = 24
    var isTerminal = false
    var hasColor = false

    /// Standard output as it is now; a window may change its size.
    static func current() -> Terminal {
        var terminal = Terminal()
        terminal.isTerminal = isatty(STDOUT_FILENO) == 1
        guard terminal.isTerminal else { return terminal }
        var size = winsize()
        if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 {
            terminal.width = Int(size.ws_col)
            terminal.height = max(2, Int(size.ws_row))
        }
        terminal.hasColor =
            (environmentVariable("NO_COLOR") ?? "").isEmpty && environmentVariable("TERM") != "dumb"
        return terminal
    }

    func paint(_ text: String, _ color: Color?) -> String {
        guard hasColor, let color, !text.isEmpty else { return text }
        return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
    }

    enum Color: String, CaseIterable {
        case bold = "1"
        case dim = "2"
        case reverse = "7"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case magenta = "35"
        case cyan = "36"

        /// Always the same one for the same service.
        static func of(service name: String) -> Color {
            let palette: [Color] = [.cyan, .green, .magenta, .blue, .yellow]
            let hash = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
            return palette[Int(hash % UInt32(palette.count))]
        }
    }
}
