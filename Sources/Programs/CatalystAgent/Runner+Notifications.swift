internal import LinuxSystem
internal import Monitoring
internal import StackModel
internal import Supervision

extension Runner {
    func received(_ notification: Notification) {
        guard let instance = sender(of: notification) else { return }
        let values = notification.values
        if let status = values["STATUS"] {
            instance.statusText = String(status.prefix(200))
        }
        if let pid = values["MAINPID"].flatMap({ Int32($0) }) { follow(pid, instance) }
        if values["READY"] == "1" { take(Report(.healthy), instance) }
        if values["STOPPING"] == "1" {
            // Once: a service that repeats itself must not push everybody else's history out.
            if !instance.saysItIsStopping {
                agent.record(.notified, name, .info, "says that it is stopping")
            }
            instance.saysItIsStopping = true
            agent.loop.cancel(instance.watchdogAlarm)
        }
        if instance === self.instance,
            let microseconds = values["EXTEND_TIMEOUT_USEC"].flatMap({ Int64($0) }),
            microseconds > 0
        {
            agent.post(.happened(name, .extended(.microseconds(min(microseconds, 3_600_000_000)))))
        }
        switch values["WATCHDOG"] {
        case "1": keepAlive(instance)
        case "trigger": lost(instance, "it triggered its watchdog")
        case .some, nil: break
        }
    }

    /// The instance that a process of says it; one that has ended already (systemd-notify) must at least be of its
    /// user, and there must be no doubt.
    private func sender(of notification: Notification) -> Instance? {
        let instances = [instance, other].compactMap { $0 }
        guard Proc.entry(of: notification.sender) != nil else {
            guard instances.count == 1, let only = instances.first else { return nil }
            let user = (only.request.identity ?? .current()).user
            return notification.user == 0 || notification.user == user ? only : nil
        }
        return instances.first { $0.tree.contains(notification.sender) }
    }

    /// The first sign arms the watchdog: services that only say READY are not killed for their silence.
    private func keepAlive(_ instance: Instance) {
        agent.loop.cancel(instance.watchdogAlarm)
        if instance === self.instance, agent.board[.service(name)]?.tally.failingSince != nil {
            take(Report(.healthy), instance)
        }
        let rules = rules(of: instance)
        let limit = rules.interval * rules.retries
        instance.watchdogAlarm = agent.loop.setAlarm(after: limit) { [weak self] in
            self?.lost(instance, "no sign of life for \(limit)")
        }
    }

    private func lost(_ instance: Instance, _ words: String) {
        guard owns(instance) else { return }
        let rules = rules(of: instance)
        // One silence stands for as many failed probes as the rules ask for.
        for _ in 0..<rules.retries { take(Report(.failed(.timedOut), body: words), instance) }
    }
}
