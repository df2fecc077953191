internal import Glibc
internal import LinuxSystem

/// Where the ledger's copy comes from: the file itself while no agent has it, otherwise a copy that the agent makes.
final class LedgerSource {
    /// Those to be saved, by what they are called in the backup.
    private(set) var files: [(whole: String, path: String)] = []
    /// Why there is none though there should be, in words.
    private(set) var problem: String?
    /// Keeps an agent from starting meanwhile.
    private var lock: FileLock?
    private var copy: String?

    /// `ask` has the agent make its copy, and returns the path, or says why there is none.
    init(state: String, ask: () -> Result<String, BackupError>) throws(BackupError) {
        guard fileExists(state + "/ledger.sqlite") else { return }
        lock = try FileLock(state + "/lock")
        guard lock == nil else {
            for path in SavedPlaces.ledgerParts {
                let whole = state + "/" + path.dropFirst(SavedPlaces.stateDirectory.count + 1)
                if fileExists(whole) { files.append((whole, path)) }
            }
            return
        }
        switch ask() {
        case .success(let path) where path.hasPrefix(state + "/snapshot-"):
            copy = path
            files = [(path, SavedPlaces.ledger)]
        case .success(let path):
            problem = "the agent's copy is at '\(path)', not in '\(state)': name its --state"
        case .failure(let error): problem = "the agent made no copy: \(error)"
        }
    }

    deinit { if let copy { unlink(copy) } }
}
