@testable import Backups
@testable import CatalystAgent
@testable import JSONLines
@testable import Releases
@testable import StackModel

/// What an earlier agent, or somebody else, has left in files of JSON. The first byte chooses which.
func fuzzRemembered(_ bytes: [UInt8]) throws {
    let text = Array(bytes.dropFirst())
    switch bytes.first.map({ $0 % 6 }) {
    case 0: try fuzzCoding(RememberedState.self, text)
    case 1: try fuzzCoding(StackSpec.self, text)
    case 2: try fuzzCoding(Rollout.self, text)
    case 3: try fuzzCoding(Alert.self, text)
    case 4: try fuzzCoding(ReleaseRecord.self, text)
    default:
        guard let manifest = try? BackupManifest(decoding: text) else { return }
        try promise(
            try BackupManifest(decoding: try manifest.encoded()) == manifest, "another manifest")
    }
}

/// What a service says with sd_notify(3).
func fuzzNotification(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    let notification = Notification(text, sender: 1, user: 1)
    for name in notification.values.keys {
        try promise(!name.contains("=") && !name.contains("\n"), "'\(name)' is no name")
    }
}
