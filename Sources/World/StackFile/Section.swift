/// A mapping whose keys are taken one by one; what nobody took is unknown.
struct Section {
    let place: Place
    /// Put before the keys in messages; empty for a service and for the whole file.
    let path: String
    let findings: Findings
    private var remaining: [Entry]
    /// Every key that was asked for: the ones to suggest.
    private var known: [String] = []

    init(_ entries: [Entry], place: Place, path: String, findings: Findings) {
        self.place = place
        self.path = path
        self.findings = findings
        remaining = entries
    }

    /// Nil where the key is absent or empty.
    mutating func take(_ key: String) -> Field? {
        known.append(key)
        guard let index = remaining.firstIndex(where: { $0.key == key }) else { return nil }
        let entry = remaining.remove(at: index)
        guard !entry.value.isNull, !entry.value.isReset else { return nil }
        return Field(key: dotted(key), node: entry.value, findings: findings)
    }

    /// Whether it has this key, taken or not: asked before `take`.
    func holds(_ key: String) -> Bool { remaining.contains { $0.key == key } }

    /// All entries, for a mapping whose keys are the operator's names.
    var entries: [Entry] { remaining.filter { !$0.value.isReset } }

    /// Complains about what was not taken. `idle` keys have no effect on processes; `refused` ones
    /// cannot be honoured: each with what to do instead.
    func finish(idle: Set<String> = [], refused: [String: String] = [:]) {
        for entry in remaining where !entry.key.hasPrefix("x-") && !entry.value.isReset {
            // Each suggestion costs; nobody reads the thousandth.
            guard findings.hasRoom else { return }
            if idle.contains(entry.key) {
                findings.warn(entry.place, dotted(entry.key), Section.noEffect)
            } else if let advice = refused[entry.key] {
                findings.error(entry.place, dotted(entry.key), "cannot be honoured: \(advice)")
            } else {
                let near = suggestion(for: entry.key, among: known)
                findings.error(entry.place, dotted(entry.key), "unknown key\(near)")
            }
        }
        warnOfNearExtension()
    }

    static let noEffect = "has no effect: services run as processes"

    func fail(_ message: String) { findings.error(place, path.isEmpty ? nil : path, message) }

    private func warnOfNearExtension() {
        guard known.contains("x-catalyst") else { return }
        for entry in remaining where entry.key.hasPrefix("x-") {
            let near = suggestion(for: entry.key, among: ["x-catalyst"])
            guard !near.isEmpty else { continue }
            findings.warn(entry.place, dotted(entry.key), "is ignored\(near)")
        }
    }

    private func dotted(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
