package import StackModel

/// What there is to alert about: every rule that says something of every subject, and nothing of
/// what is unknown.
///
/// A service that is unwell through another's fault has no alert of its own: the cause's lists it.
package func findings(
    of seen: Observation, settings: AlertSettings, host: HostPlan
) -> [Finding] {
    let unwanted = Set(seen.services.filter { !$0.isWanted }.map(\.name))
    var found: [Finding] = []
    for service in seen.services {
        found += service.findings(
            settings, in: seen.readings[.service(service.name)] ?? [:], unwanted: unwanted)
        found += redisFindings(of: service, seen, settings)
    }
    found += hostFindings(seen, settings)
    found += databaseFindings(seen.database, settings, host)
    found += borderFindings(seen, settings)
    found += agentFindings(seen, settings)
    listSufferers(of: seen.services, in: &found, settings)
    return found
}

/// The worst alerts about a subject list those whose cause it is.
private func listSufferers(
    of services: [ServiceSight], in found: inout [Finding], _ settings: AlertSettings
) {
    var sufferers: [Subject: [ServiceName]] = [:]
    for service in services where service.isWanted && !service.isWell {
        for cause in Set(service.causes) { sufferers[cause, default: []].append(service.name) }
    }
    guard !sufferers.isEmpty else { return }
    func severity(_ finding: Finding) -> Severity {
        finding.severity ?? settings.policy(for: finding.rule).severity
    }
    var worst: [Subject: Severity] = [:]
    for finding in found where finding.level == .raised && sufferers[finding.subject] != nil {
        worst[finding.subject] = max(worst[finding.subject] ?? .warning, severity(finding))
    }
    for index in found.indices where found[index].level == .raised {
        let subject = found[index].subject
        guard let names = sufferers[subject], worst[subject] == severity(found[index]) else {
            continue
        }
        found[index].blocked = names.sorted()
    }
}
