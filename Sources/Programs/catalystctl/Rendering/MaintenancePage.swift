internal import StackModel

/// `catalystctl maintenance`: whether one is under way, and how it ends.
struct MaintenancePage {
    let maintenance: Maintenance?
    let program: String
    let now: Timestamp

    func lines(on terminal: Terminal) -> [String] {
        guard let maintenance else {
            return [
                "no maintenance is under way", "",
                terminal.next("maintenance start --for 30m", program: program),
            ]
        }
        let words = displayed(maintenance.words(now: now)).wrapped(to: terminal.width)
        let since = "since \(maintenance.since.local(now: now)), alerts are kept and not told"
        return words.map { terminal.paint($0, maintenance.color(now: now)) }
            + (now < maintenance.until ? [since.shortened(to: terminal.width)] : [])
            + ["", terminal.next("maintenance end", program: program)]
    }
}
