internal import Glibc
internal import LinuxSystem

/// A key of the API: `catalyst_` and 32 hexadecimal digits.
struct APIKey: Equatable {
    let text: String

    /// Nil: it is none.
    init?(_ text: String) {
        guard text.wholeMatch(of: /catalyst_[0-9a-f]{32}/) != nil else { return nil }
        self.text = text
    }

    /// From the kernel's random numbers.
    static func random() -> APIKey {
        var digits = ""
        for _ in 0..<16 {
            let byte = String(UInt8.random(in: 0...255), radix: 16)
            digits += byte.count == 1 ? "0" + byte : byte
        }
        return APIKey(text: "catalyst_" + digits)
    }

    private init(text: String) { self.text = text }
}

/// The two files that hold the key: `.env`, for people and `verify`, and a part of nginx' configuration.
struct KeyRing {
    let envFile: String
    let nginxFile: String

    private static let variable = "MCP_API_KEY"

    func currentKey() throws -> APIKey {
        for line in try read(envFile).split(whereSeparator: \.isNewline).reversed() {
            guard let value = Self.value(of: line) else { continue }
            guard let key = APIKey(value) else {
                throw Failure(
                    "\(Self.variable) in '\(envFile)' is no key (catalyst_ and 32 hex digits): "
                        + "'catalystctl key rotate' makes one", .unhealthy)
            }
            return key
        }
        throw Failure(
            "there is no \(Self.variable) in '\(envFile)': 'catalystctl key rotate' makes one",
            .unhealthy)
    }

    /// The keys that nginx takes, as its file says.
    func acceptedKeys() throws -> [APIKey] {
        try read(nginxFile).matches(of: /"(catalyst_[0-9a-f]{32})" 1;/).compactMap {
            APIKey(String($0.1))
        }
    }

    /// Makes `keys` the right ones, the first that of `.env`. Where anything fails, all is as it was.
    func install(_ keys: [APIKey], in nginx: NginxService) throws {
        let before = (env: try bytes(of: envFile), nginx: try? bytes(of: nginxFile))
        guard let first = keys.first else { return }
        do {
            try write(Array(keys.map { "\"\($0.text)\" 1;\n" }.joined().utf8), to: nginxFile)
            try nginx.check()
            try write(Self.replacingKey(in: before.env, with: first), to: envFile)
            try nginx.reload()
        } catch {
            do {
                try write(before.env, to: envFile)
                if let bytes = before.nginx {
                    try write(bytes, to: nginxFile)
                } else {
                    unlink(nginxFile)
                }
            } catch let second {
                throw Failure(
                    "\(Self.words(error))\nand it cannot be undone: \(Self.words(second))",
                    .unhealthy)
            }
            try? nginx.reload()  // It may have taken the new one before it failed.
            throw Failure(
                "\(Self.words(error))\nnothing was changed: the old key is right", .unhealthy)
        }
    }

    /// The key's line gets another value, or is added; all else stays, byte for byte.
    static func replacingKey(in bytes: [UInt8], with key: APIKey) -> [UInt8] {
        let newline = UInt8(ascii: "\n")
        let line = "\(variable)=\(key.text)"
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        let own = lines.lastIndex { value(of: String(decoding: $0, as: UTF8.self)[...]) != nil }
        guard let own else {
            let isWhole = bytes.isEmpty || bytes.last == newline
            return bytes + (isWhole ? [] : [newline]) + Array("\(line)\n".utf8)
        }
        let start = lines[own].starts(with: "export ".utf8) ? "export " : ""
        let end = lines[own].last == UInt8(ascii: "\r") ? "\r" : ""
        lines[own] = Array((start + line + end).utf8)[...]
        return Array(lines.joined(separator: [newline]))
    }

    /// What a line says the key is; nil: it is about something else.
    private static func value(of line: Substring) -> String? {
        let bare = line.hasPrefix("export ") ? line.dropFirst(7) : line
        guard bare.hasPrefix(variable + "=") else { return nil }
        let value = bare.dropFirst(variable.count + 1).prefix { $0 != "#" && $0 != "\r" }
        let marks: Set<Character> = [" ", "\"", "'"]
        return String(
            value.drop { marks.contains($0) }.reversed().drop { marks.contains($0) }.reversed())
    }

    private func read(_ path: String) throws -> String {
        String(decoding: try bytes(of: path), as: UTF8.self)
    }

    private func bytes(of path: String) throws -> [UInt8] {
        if let bytes = TextFile.readBytes(path, bytesMax: 1 << 20) { return bytes }
        let error = SystemError("read '\(path)'")
        let isForbidden = errno == EACCES
        throw Failure(
            "\(error)" + (isForbidden ? "\nbecome root" : ""),
            isForbidden ? .notAllowed : .unhealthy)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        do throws(SystemError) {
            try TextFile.replace(path, with: bytes, mode: 0o600)
        } catch { throw Failure("\(error)", .unhealthy) }
    }

    private static func words(_ error: any Error) -> String {
        (error as? Failure)?.message ?? "\(error)"
    }
}
