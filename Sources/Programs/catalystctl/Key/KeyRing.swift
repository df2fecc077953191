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
        for line in try read(envFile).split(separator: "\n").reversed() {
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
        let before = (env: try read(envFile), nginx: try? read(nginxFile))
        guard let first = keys.first else { return }
        do {
            try write(keys.map { "\"\($0.text)\" 1;\n" }.joined(), to: nginxFile)
            try nginx.check()
            try write(Self.replacingKey(in: before.env, with: first), to: envFile)
            try nginx.reload()
        } catch {
            do {
                try write(before.env, to: envFile)
                if let text = before.nginx { try write(text, to: nginxFile) }
            } catch let second {
                throw Failure(
                    "\(Self.words(error))\nand it cannot be undone: \(Self.words(second))",
                    .unhealthy)
            }
            throw Failure(
                "\(Self.words(error))\nnothing was changed: the old key is right", .unhealthy)
        }
    }

    /// The key's line gets another value, or is added; all else stays, byte for byte.
    static func replacingKey(in text: String, with key: APIKey) -> String {
        let line = "\(variable)=\(key.text)"
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let own = lines.indices.filter { value(of: lines[$0][...]) != nil }
        guard let last = own.last else {
            return text + (text.isEmpty || text.hasSuffix("\n") ? "" : "\n") + line + "\n"
        }
        lines[last] = (lines[last].hasPrefix("export ") ? "export " : "") + line
        return lines.joined(separator: "\n")
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
        if let text = TextFile.read(path) { return text }
        let error = SystemError("read '\(path)'")
        let isForbidden = errno == EACCES
        throw Failure(
            "\(error)" + (isForbidden ? "\nbecome root" : ""),
            isForbidden ? .notAllowed : .unhealthy)
    }

    private func write(_ text: String, to path: String) throws {
        do throws(SystemError) {
            try TextFile.replace(path, with: Array(text.utf8), mode: 0o600)
        } catch { throw Failure("\(error)", .unhealthy) }
    }

    private static func words(_ error: any Error) -> String {
        (error as? Failure)?.message ?? "\(error)"
    }
}
