internal import ControlProtocol
internal import ControlServer
internal import LinuxSystem

extension Agent {
    /// Copies the ledger into a file beside it, which whoever asked takes away; the next copy removes it otherwise.
    func snapshot(_ connection: ControlConnection) {
        guard !isCopyingLedger else {
            return connection.send(.failure(.busy, "the ledger is being copied for somebody else"))
        }
        isCopyingLedger = true
        snapshots += 1
        let path = "\(options.stateDirectory)/snapshot-\(snapshots).sqlite"
        ledger.copy(to: path) { [unowned self] failure in
            isCopyingLedger = false
            if let failure {
                return connection.send(.failure(.failed, "the ledger is not copied: \(failure)"))
            }
            var reply = ControlReply.end()
            reply.path = path
            connection.send(reply)
        }
    }
}
