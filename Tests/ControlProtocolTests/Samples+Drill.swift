import StackModel

extension Sample {
    /// That has failed, with all that can be said.
    static var drill: DrillReport {
        var report = DrillReport(
            service: "news", fault: .hang, askedBy: "root (uid 0, pid 4711)", injected: earlier(20),
            bound: .milliseconds(17_500))
        report.noticedAfter = 2.04
        report.healthyAfter = 18.5
        report.probesFailed = 3
        report.affected = ["scanner", "trading"]
        report.alert = 12
        report.alertAfter = 2.5
        report.isOver = true
        report.failure = "it took longer than its bound"
        return report
    }
}
