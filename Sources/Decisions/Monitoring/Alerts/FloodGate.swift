internal import StackModel

/// Lets `floodMax` alerts through in any `floodWindow`, and counts the others.
///
/// Warnings and reminders get half of it only: what is critical and comes later finds room.
struct FloodGate {
    private var told: [(at: Moment, isUrgent: Bool)] = []
    private var folded = 0
    private var refused = 0
    private var foldedSince: Now?
    private var noticeDue: Moment?

    mutating func admits(isUrgent: Bool, _ now: Now, _ settings: AlertSettings) -> Bool {
        told.removeAll { now.moment - $0.at >= settings.floodWindow }
        let ordinary = told.count { !$0.isUrgent }
        guard told.count < settings.floodMax,
            isUrgent || ordinary < (settings.floodMax + 1) / 2
        else {
            fold(1, now, settings)
            return false
        }
        told.append((now.moment, isUrgent))
        return true
    }

    mutating func fold(_ count: Int, _ now: Now, _ settings: AlertSettings) {
        folded += count
        if foldedSince == nil {
            foldedSince = now
            noticeDue = now.moment + settings.floodWindow
        }
    }

    /// There was no room for so many in one look; the next look will have the same again.
    mutating func refuse(_ count: Int, _ now: Now, _ settings: AlertSettings) {
        guard count > refused else { return }
        fold(count - refused, now, settings)
        refused = count
    }

    /// What has to be told about what was folded, when it is time.
    mutating func notice(at now: Moment) -> AlertBook.Effect? {
        guard let since = foldedSince, let noticeDue, noticeDue <= now else { return nil }
        defer { (folded, refused, foldedSince, self.noticeDue) = (0, 0, nil, nil) }
        return .folded(count: folded, since: since.time)
    }

    var due: Moment? { noticeDue }
}
