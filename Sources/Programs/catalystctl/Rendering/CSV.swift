internal import ControlProtocol
internal import StackModel

/// `metrics --csv`: one value a line, in base units, RFC 4180.
struct CSV {
    /// Only these; empty: all.
    let metrics: [Metric]

    static let header = "time,subject,metric,unit,value,high"

    func lines(_ series: Series) -> [String] {
        let subject = quoted(series.subject.description)
        return series.points.flatMap { point in
            point.values.filter { metrics.isEmpty || metrics.contains($0.key) }
                .sorted { $0.key.rawValue < $1.key.rawValue }
                .map { metric, value in
                    let high = point.highs[metric].map { "\($0)" } ?? ""
                    return "\(point.time),\(subject),\(metric.name),\(metric.unit.rawValue),"
                        + "\(value),\(high)"
                }
        }
    }

    private func quoted(_ text: String) -> String {
        let shown = displayed(text)
        guard shown.contains(where: { $0 == "," || $0 == "\"" }) else { return shown }
        return "\"" + shown.replacing("\"", with: "\"\"") + "\""
    }
}
