internal import ControlProtocol
internal import ControlServer

extension Agent {
    /// Copies the ledger into a file beside it.
    func snapshot(_ connection: ControlConnection) {
        connection.send(.failure(.failed, "there is no copy of the ledger yet"))
    }
}
