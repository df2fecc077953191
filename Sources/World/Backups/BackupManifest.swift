internal import FoundationEssentials
package import StackModel

/// `manifest.json`, the first file of a backup: what is in it, and what is missing.
package struct BackupManifest: Codable, Equatable, Sendable {
    /// One saved file.
    package struct File: Codable, Equatable, Sendable {
        /// Where it was, and comes back to.
        package var path: String
        package var mode: UInt32
        package var user: String
        package var group: String
        package var bytes: Int64
        package var sha256: String
    }

    /// What is not in the backup though it belongs to the machine.
    package struct Missing: Codable, Equatable, Sendable {
        package var path: String
        package var why: String
        /// It should have been in it: the backup does not hold all.
        package var isLoss: Bool
    }

    /// The code that ran: it is in its own repository, not here.
    package struct Code: Codable, Equatable, Sendable {
        package var id: String
        package var version: String
        package var source: String
        package var revision: String?

        package init(id: String, version: String, source: String, revision: String?) {
            self.id = id
            self.version = version
            self.source = source
            self.revision = revision
        }
    }

    /// Of this layout; what is newer is refused.
    package var format = Self.formatKnown
    /// Of catalyst, installed when the backup was made.
    package var version: String
    package var host: String
    /// `Debian GNU/Linux 12 (bookworm)`.
    package var system: String
    package var time: Timestamp
    package var code: Code?
    package var files: [File] = []
    package var missing: [Missing] = []
    /// Variables that somebody must give values: they are secrets, and not in it.
    package var variablesNeeded: [String] = []
    /// nginx' site was enabled.
    package var isSiteEnabled = false

    static let formatKnown = 1
    static let name = "manifest.json"

    /// What should have been in it and is not.
    package var losses: [Missing] { missing.filter(\.isLoss) }

    func encoded() throws(BackupError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        do { return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")] } catch {
            throw BackupError("cannot write the manifest: \(error)")
        }
    }

    init(decoding bytes: [UInt8]) throws(BackupError) {
        struct Format: Decodable { var format: Int }
        let data = Data(bytes)
        guard let format = try? JSONDecoder().decode(Format.self, from: data) else {
            throw BackupError("its manifest is not readable")
        }
        guard format.format == Self.formatKnown else {
            throw BackupError(
                "it has format \(format.format), this program knows \(Self.formatKnown): "
                    + "use the catalystctl that made it, or a newer one")
        }
        do { self = try JSONDecoder().decode(Self.self, from: data) } catch {
            throw BackupError("its manifest is not readable")
        }
    }

    init(version: String, host: String, system: String, time: Timestamp) {
        self.version = version
        self.host = host
        self.system = system
        self.time = time
    }
}
