import Glibc

@testable import Ledger
@testable import LinuxSystem
@testable import StackModel

/// A ledger that is damaged: three bytes of input each are a place and what stands there; where the first byte is odd
/// the input is the file itself.
func fuzzLedger(_ bytes: [UInt8]) throws {
    let folder = try Scratch.folder("ledger")
    defer { Scratch.remove(folder) }
    let path = folder + "/ledger.db"
    let isFile = bytes.first.map { $0 & 1 == 1 } ?? false
    try Scratch.write(isFile ? Array(bytes.dropFirst()) : damaged(bytes), to: path)
    let opening = Opening(path: path, limits: LedgerLimits(), wallTime: { now })
    let store: Store
    do { store = try opening.open(outbox: .on).store } catch { return }
    defer { store.database.close() }
    ask(store)
    _ = try? store.write([LedgerWrite(entries: entries, done: nil)], lost: LedgerLoss())
}

/// Whatever they find may be an error, never the end of the agent.
private func ask(_ store: Store) {
    let long = Timestamp(nanoseconds: now.nanoseconds - 400 * 86_400 * 1_000_000_000)
    _ = try? store.contents()
    _ = try? store.watched(since: long)
    _ = try? store.days(since: long)
    _ = try? store.events(of: nil, since: nil, tail: 100)
    _ = try? store.alerts(.open)
    _ = try? store.alert(1)
    _ = try? store.untold()
    _ = try? store.stretches(since: long)
    _ = try? store.rollouts(limit: 10)
    _ = try? store.openingRollouts()
    _ = try? store.outbox(after: 0, limit: 100, bytesMax: 1 << 20)
}

private func damaged(_ bytes: [UInt8]) -> [UInt8] {
    var file = sound
    guard !file.isEmpty else { return file }
    var rest = bytes.dropFirst()[...]
    while rest.count >= 3 {
        let place = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
        file[place % file.count] = rest[rest.startIndex + 2]
        rest = rest.dropFirst(3)
    }
    return file
}

private let now = Timestamp(nanoseconds: 1_795_000_000_000_000_000)

private var entries: [LedgerEntry] {
    let values: Reading = [.wanted: 60, .well: 59, .cpu: 0.5, .restarts: 1]
    let measurement = Measurement(
        time: now, subject: .service("api"), resolution: .minute, values: values)
    let alert = Alert(
        id: 1, rule: .serviceDown, subject: "api", severity: .critical, state: .firing, since: now,
        summary: "killed")
    let event = EventRecord(
        id: 1, time: now, service: "api", kind: .started, priority: .info, message: "up")
    return [.measurements([measurement]), .alert(alert), .event(event)]
}

/// With a bit of everything in it.
private let sound: [UInt8] = {
    guard let folder = try? Scratch.folder("sound") else { return [] }
    defer { Scratch.remove(folder) }
    let path = folder + "/ledger.db"
    let opening = Opening(path: path, limits: LedgerLimits(), wallTime: { now })
    guard let store = try? opening.open(outbox: .on).store else { return [] }
    _ = try? store.write([LedgerWrite(entries: entries, done: nil)], lost: LedgerLoss())
    store.database.close()
    return TextFile.readBytes(path, bytesMax: 4 << 20) ?? []
}()
