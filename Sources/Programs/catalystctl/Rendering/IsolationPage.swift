internal import StackModel

/// `catalystctl isolation`: a line for each service, or for one a line for each measure.
struct IsolationPage {
    let reports: [IsolationReport]
    let program: String

    func overview(on terminal: Terminal) -> [String] {
        guard !reports.isEmpty else { return ["there are no services"] }
        let table = Table(
            columns: [
                .init(title: "service"), .init(title: "in force", alignment: .right),
                .init(title: "missing"),
            ],
            rows: reports.map { report in
                guard report.pid != nil else {
                    return [.init(report.service.text), .nothing, .init("not running", .dim)]
                }
                return [
                    .init(report.service.text), .init(report.score, report.color),
                    .init(report.gaps),
                ]
            })
        let worst = reports.max { $0.count(.missing) < $1.count(.missing) } ?? reports[0]
        let next = "isolation \(displayed(worst.service.text))"
        return table.lines(on: terminal) + ["", terminal.next(next, program: program)]
    }

    func details(on terminal: Terminal) -> [String] {
        guard let report = reports.first else { return ["there are no services"] }
        let name = displayed(report.service.text)
        guard let pid = report.pid else { return ["\(name) is not running: nothing to look at"] }
        let head = "\(name) (pid \(pid)): \(report.score) in force"
        let width = IsolationReport.Measure.allCases.reduce(0) { max($0, $1.rawValue.cellCount) }
        let room = max(20, terminal.width - width - 4)
        let margin = String(repeating: " ", count: width + 4)
        return [terminal.paint(head, .bold), ""]
            + report.findings.flatMap { finding in
                let title = finding.measure.rawValue.padded(to: width)
                var lines = displayed(finding.words).wrapped(to: room).enumerated().map {
                    ($0 == 0 ? "\(finding.standing.mark(on: terminal)) \(title)  " : margin) + $1
                }
                if let remedy = finding.remedy {
                    lines += displayed(remedy).wrapped(to: room - 2).enumerated().map {
                        margin + ($0 == 0 ? terminal.paint("→ ", .dim) : "  ") + $1
                    }
                }
                return lines
            }
    }
}

extension IsolationReport {
    fileprivate var score: String { "\(count(.inForce)) of \(findings.count - count(.waived))" }

    fileprivate var color: Terminal.Color {
        count(.missing) > 0 ? .red : count(.unknown) > 0 ? .yellow : .green
    }

    /// `user, tmp; not known: landlock`.
    fileprivate var gaps: String {
        func list(_ standing: Standing) -> String {
            findings.filter { $0.standing == standing }.map(\.measure.rawValue)
                .joined(separator: ", ")
        }
        let (missing, unknown) = (list(.missing), list(.unknown))
        guard !unknown.isEmpty else { return missing }
        return (missing.isEmpty ? "" : missing + "; ") + "not known: \(unknown)"
    }
}

extension IsolationReport.Standing {
    fileprivate func mark(on terminal: Terminal) -> String {
        switch self {
        case .inForce: terminal.paint("✓", .green)
        case .waived: terminal.paint("·", .dim)
        case .unknown: terminal.paint("–", .yellow)
        case .missing: terminal.paint("✗", .red)
        }
    }
}
