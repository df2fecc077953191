import Glibc
import StackFile
import StackModel

/// A temporary directory with stack files in it, gone with its last user.
final class StackFolder {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        var template = Array("/tmp/stackfile-tests-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw FolderError(errno: errno) }
        path = String(cString: made)
        for (name, text) in files { try write(Array(text.utf8), to: name) }
    }

    deinit {
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if rmdir(path + "/" + name) != 0 { unlink(path + "/" + name) }
            }
            closedir(directory)
        }
        rmdir(path)
    }

    /// Private by default, as `.env` must be.
    func write(_ bytes: [UInt8], to name: String, mode: mode_t = 0o600) throws {
        let descriptor = open(path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FolderError(errno: errno) }
        defer { close(descriptor) }
        // Past the umask.
        fchmod(descriptor, mode)
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw FolderError(errno: errno) }
            rest = rest.dropFirst(count)
        }
    }

    func load(
        _ names: [String] = ["stack.yaml"], profiles: [String] = [],
        environment: [String: String] = [:], envFile: String? = nil
    ) -> Outcome {
        let source = StackSource(
            files: names.map { path + "/" + $0 }, profiles: profiles, environment: environment,
            envFile: envFile.map { path + "/" + $0 })
        let (stack, errors, warnings) = source.load()
        return Outcome(
            stack: stack, errors: errors.map(relative), warnings: warnings.map(relative))
    }

    private func relative(_ problem: Problem) -> String {
        var short = problem
        if short.file.hasPrefix(path + "/") {
            short.file = String(short.file.dropFirst(path.count + 1))
        }
        return short.description.replacing(path, with: "DIR")
    }
}

struct FolderError: Error { var errno: Int32 }

/// What a load came to, its places relative to the folder.
struct Outcome {
    var stack: StackSpec?
    var errors: [String]
    var warnings: [String]

    subscript(name: ServiceName) -> ServiceSpec? { stack?.services.first { $0.name == name } }
}

/// Loads one file with this text.
func load(_ text: String, environment: [String: String] = [:]) throws -> Outcome {
    try StackFolder(["stack.yaml": text]).load(environment: environment)
}

/// Loads a stack of one service, `a`, with these keys, the first of them in line 3.
func loadService(_ keys: String, environment: [String: String] = [:]) throws -> Outcome {
    let lines = keys.split(separator: "\n", omittingEmptySubsequences: false)
    let text = "services:\n  a:\n" + lines.map { "    " + $0 }.joined(separator: "\n") + "\n"
    return try load(text, environment: environment)
}

/// Where `units/` is: two folders up from this one.
let unitsPath: String = {
    let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return "/\(folder)/units"
}()
