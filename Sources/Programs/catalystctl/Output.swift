internal import Glibc

/// Standard output, collected and written in as few calls as can be.
///
/// A class, because a reader and its idle moments write to the same one.
final class Output {
    private var bytes: [UInt8] = []

    func print(_ line: String) {
        bytes.append(contentsOf: line.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// A line that is already encoded, without its newline.
    func print(line: [UInt8]) throws {
        bytes.append(contentsOf: line)
        bytes.append(UInt8(ascii: "\n"))
        try flushIfLarge()
    }

    func write(_ text: [UInt8]) { bytes.append(contentsOf: text) }

    /// Bounds the memory of a long answer.
    func flushIfLarge() throws {
        if bytes.count >= 64 << 10 { try flush() }
    }

    func flush() throws {
        defer { bytes.removeAll(keepingCapacity: true) }
        try writeAll(bytes, to: STDOUT_FILENO)
    }

    /// For a way out that has an error to tell already.
    func flushOrForget() {
        _ = try? flush()  // The other error says more.
    }

    /// Prints a page.
    static func show(_ lines: [String]) throws {
        let output = Output()
        for line in lines { output.print(line) }
        try output.flush()
    }

    /// Prints what ArgumentParser has to say.
    static func printOrExit(_ message: String) {
        let output = Output()
        output.print(message)
        do { try output.flush() } catch { exit(ExitStatus.success.rawValue) }
    }

    /// Tells stderr; if nobody reads it, nobody wants to know.
    static func complain(_ message: String, prefix: String = "catalystctl: ") {
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        let text = prefix + lines.map { displayed(String($0)) }.joined(separator: "\n") + "\n"
        _ = try? writeAll(Array(text.utf8), to: STDERR_FILENO)  // Nowhere is left to complain to.
    }
}

/// Whoever read our output has gone, as `| head` does: not an error.
struct OutputClosed: Error {}

private func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var written = 0
    while written < bytes.count {
        let count = bytes[written...].withUnsafeBytes {
            Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
        if count >= 0 {
            written += count
        } else if errno == EPIPE {
            throw OutputClosed()
        } else if errno != EINTR {
            throw Failure(
                "cannot write the output: \(String(cString: strerror(errno)))", .unhealthy)
        }
    }
}
