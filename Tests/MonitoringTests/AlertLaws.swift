import Monitoring
import StackModel
import TestSupport

/// What must hold of everything that a book says, whatever happens to it.
struct AlertLaws {
    /// What is known of one alert from what was said.
    private struct Life {
        var key: AlertKey
        var toldAt: Moment?
        var firedTold = 0
        var resolvedTold = 0
        var hasFired = false
        var isOver = false
    }

    private var lives: [Int64: Life] = [:]
    private var openIDs: [AlertKey: Int64] = [:]
    /// The highest so far, and the highest before this event: its own come in any order.
    private var lastID: Int64 = 0
    private var formerID: Int64 = 0
    private var told: [Moment] = []
    /// Since when a rule holds without a break, as far as it is known.
    private(set) var holding: [AlertKey: [AlertRule: Moment]] = [:]
    private(set) var violations: [String] = []
    private(set) var counts: [AlertEvent.Kind: Int] = [:]
    private(set) var folded = 0

    mutating func restarted() { told = [] }

    mutating func find(_ findings: [Finding], pending: Set<AlertKey>, at now: Moment) {
        for finding in findings {
            let key = AlertKey(family: finding.rule.family, subject: finding.subject)
            switch finding.level {
            case .raised:
                if holding[key]?[finding.rule] == nil {
                    holding[key, default: [:]][finding.rule] = now
                }
            case .between: break
            case .cleared: holding[key]?[finding.rule] = nil
            case .excused: if pending.contains(key) { holding[key]?[finding.rule] = nil }
            }
        }
    }

    /// `isMute`: whether somebody who looks from outside would say that nobody is to be told.
    mutating func check(
        _ effects: [AlertBook.Effect], at now: Moment, _ settings: AlertSettings,
        isMute: (Alert) -> Bool
    ) {
        formerID = lastID
        for effect in effects {
            switch effect {
            case .remember(let alert):
                note(alert)
                if alert.state == .firing, lives[alert.id]?.hasFired == false {
                    lives[alert.id]?.hasFired = true
                    checkTime(alert, at: now, settings)
                }
            case .forget(let id):
                if lives[id]?.toldAt != nil { fail("#\(id) was told and is forgotten") }
                lives[id]?.isOver = true
            case .announce(let kind, let alert, _):
                counts[kind, default: 0] += 1
                tell(kind, alert, at: now, settings, isMute: isMute(alert))
            case .keep(let kind, let alert, _):
                if kind == .resolved { lives[alert.id]?.isOver = true }
            case .folded(let count, _): folded += count
            }
        }
    }

    private mutating func note(_ alert: Alert) {
        if let life = lives[alert.id] {
            if life.isOver { fail("#\(alert.id) is over and changes") }
            if life.key != alert.key { fail("#\(alert.id) became another's") }
            return
        }
        if alert.id <= formerID { fail("#\(alert.id) was used before") }
        lastID = max(lastID, alert.id)
        if let id = openIDs[alert.key], lives[id]?.isOver == false {
            fail("#\(alert.id) beside #\(id), both about \(alert.subject)")
        }
        openIDs[alert.key] = alert.id
        lives[alert.id] = Life(key: alert.key)
    }

    private mutating func tell(
        _ kind: AlertEvent.Kind, _ alert: Alert, at now: Moment, _ settings: AlertSettings,
        isMute: Bool
    ) {
        guard var life = lives[alert.id] else { return fail("#\(alert.id) told, not remembered") }
        switch kind {
        case .fired, .escalated, .reminded:
            if isMute { fail("#\(alert.id) \(kind) told under silence") }
            if kind == .fired { life.firedTold += 1 }
            if life.firedTold > 1 { fail("#\(alert.id) fired is told twice") }
            life.toldAt = now
            told.append(now)
            told.removeAll { now - $0 >= settings.floodWindow }
            if told.count > settings.floodMax { fail("\(told.count) told at once") }
        case .resolved:
            life.resolvedTold += 1
            if life.toldAt == nil { fail("#\(alert.id) is told to be over, and was never told") }
            if life.resolvedTold > 1 { fail("#\(alert.id) resolved is told twice") }
            life.isOver = true
        case .spread, .acknowledged, .silenced, .test: fail("\(kind) is told")
        }
        lives[alert.id] = life
    }

    /// Below a second clocks may drift apart unseen.
    private mutating func checkTime(_ alert: Alert, at now: Moment, _ settings: AlertSettings) {
        let after = settings.policy(for: alert.rule).after - .seconds(1)
        guard after > .zero, let since = holding[alert.key]?[alert.rule] else { return }
        if now - since < after { fail("#\(alert.id) \(alert.rule) fires after \(now - since)") }
    }

    /// Those about what left the stack end without a word.
    mutating func left(_ subject: Subject) {
        for key in holding.keys where key.subject == subject { holding[key] = nil }
        for id in lives.keys where lives[id]?.key.subject == subject { lives[id]?.toldAt = nil }
    }

    mutating func finish(open: [Alert]) {
        let ids = Set(open.map(\.id))
        if Set(open.map(\.key)).count != open.count { fail("two are open with one key") }
        for (id, life) in lives where life.toldAt != nil && life.resolvedTold == 0 {
            if !ids.contains(id) { fail("#\(id) was told, and its end was not") }
        }
    }

    mutating func fail(_ words: String) { violations.append(words) }
}
