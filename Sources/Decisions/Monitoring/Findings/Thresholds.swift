internal import StackModel

/// How a value stands to a rule's thresholds.
struct Thresholds {
    let raise: Double
    let clear: Double

    init(_ rule: AlertRule, _ settings: AlertSettings) {
        let policy = settings.policy(for: rule)
        let raise = policy.threshold ?? AlertPolicy.standard(for: rule).threshold ?? .infinity
        self.raise = raise
        clear = policy.clear ?? raise
    }

    func level(above value: Double) -> Finding.Level {
        value > raise ? .raised : value <= clear ? .cleared : .between
    }
    /// For counts: the threshold itself raises it.
    func level(atLeast value: Double) -> Finding.Level {
        value >= raise ? .raised : value < clear ? .cleared : .between
    }
    func level(below value: Double) -> Finding.Level {
        value < raise ? .raised : value >= clear ? .cleared : .between
    }
}
