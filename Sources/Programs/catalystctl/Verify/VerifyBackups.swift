internal import Backups
internal import Glibc
internal import JSONLines
internal import LinuxSystem
internal import StackModel

/// Are there backups, new and whole, and will there be more?
struct BackupsFacts {
    enum Newest: Equatable {
        /// Nobody says where they are.
        case unconfigured
        /// The stack file cannot be read.
        case unknown
        case forbidden(String)
        case missing(String)
        /// `problem`: why it cannot be read back; nil: it can.
        case found(String, age: Duration, problem: String?)
    }

    enum Timer: Equatable {
        /// No systemd that answers.
        case unknown(String)
        case off(String)
        /// With its next run, as systemd writes it.
        case next(String)
    }

    enum Snapshot: Equatable {
        case none(hasTool: Bool)
        case forbidden
        case taken(age: Duration)
        case unreadable
    }

    var newest: Newest
    var timer: Timer
    var snapshot: Snapshot

    static let directory = "/var/backups/catalyst"
    /// One is made each day; as the alert `backup-old` sees it.
    static let ageMax = Duration.seconds(36 * 3600)
    /// One is made each week.
    static let snapshotAgeMax = Duration.seconds(8 * 86_400)

    init(newest: Newest, timer: Timer, snapshot: Snapshot) {
        self.newest = newest
        self.timer = timer
        self.snapshot = snapshot
    }

    init(_ site: Site) throws(ToolError) {
        let directory = site.stack?.watch.backups
        newest =
            directory.map { Self.newest(in: $0) } ?? (site.stack == nil ? .unknown : .unconfigured)
        timer = try Self.timer(site)
        snapshot = Self.snapshot(
            at: site.stack?.watch.snapshots ?? (directory ?? Self.directory) + "/snapshot.json")
    }

    var aspects: [Aspect] { [newestAspect, timerAspect, snapshotAspect] }

    private var newestAspect: Aspect {
        switch newest {
        case .unconfigured:
            .unmet("no directory of backups is named", "set watch.backups in the stack file")
        case .unknown:
            .unchecked(
                "where they are is not known: no agent, no stack file", "sudo catalystctl verify")
        case .forbidden(let directory):
            .unchecked("'\(directory)' may not be read", "sudo catalystctl verify")
        case .missing(let directory):
            .unmet("there is no backup in '\(directory)'", "catalystctl backup")
        case .found(let name, let age, _) where age > Self.ageMax:
            .unmet("the newest, \(name), is \(humanDuration(age)) old", "catalystctl backup")
        case .found(let name, _, let problem?):
            .unmet("the newest, \(name), is not whole: \(problem)", "catalystctl backup")
        case .found(let name, let age, nil):
            .met("\(name): \(humanDuration(age)) old, reads back whole")
        }
    }

    private var timerAspect: Aspect {
        switch timer {
        case .unknown(let why):
            .unchecked("the timer: \(why)", "systemctl list-timers 'catalyst-*'")
        case .off(let state):
            .unmet("the timer is \(state)", "systemctl enable --now \(Self.timerName)")
        case .next(let time): .met("the next one: \(time)")
        }
    }

    private var snapshotAspect: Aspect {
        switch snapshot {
        case .none(hasTool: false):
            .unchecked(
                "no droplet snapshot: doctl is not installed", "scripts/backup-droplet.sh --help")
        case .none(hasTool: true): .unmet("no droplet snapshot", "scripts/backup-droplet.sh")
        case .forbidden:
            .unchecked("the record of snapshots may not be read", "sudo catalystctl verify")
        case .unreadable:
            .unmet("the record of snapshots makes no sense", "scripts/backup-droplet.sh")
        case .taken(let age):
            age > Self.snapshotAgeMax
                ? .unmet(
                    "the droplet snapshot is \(humanDuration(age)) old", "scripts/backup-droplet.sh"
                )
                : .met("droplet snapshot: \(humanDuration(age)) old")
        }
    }
}

extension BackupsFacts {
    static let timerName = "catalyst-backup.timer"

    private static func newest(in directory: String) -> Newest {
        guard access(directory, R_OK | X_OK) == 0 else {
            return errno == EACCES ? .forbidden(directory) : .missing(directory)
        }
        let names = Directory.names(in: directory).compactMap { BackupName($0) }
        guard let name = names.max(by: { $0.time < $1.time }) else { return .missing(directory) }
        let age = max(.zero, Timestamp.now() - name.time)
        do throws(BackupError) {
            _ = try BackupArchive(checking: directory + "/" + name.file)
            return .found(name.file, age: age, problem: nil)
        } catch {
            return .found(name.file, age: age, problem: "\(error)")
        }
    }

    private static func timer(_ site: Site) throws(ToolError) -> Timer {
        let properties = "--property=LoadState,UnitFileState,ActiveState,NextElapseUSecRealtime"
        guard let outcome = try site.run(["systemctl", "show", timerName, properties]) else {
            return .unknown("there is no systemd")
        }
        guard outcome.isSuccess else {
            return .unknown(outcome.lastLines.last ?? "systemd does not answer")
        }
        return Timer(properties: outcome.text)
    }

    private static func snapshot(at path: String) -> Snapshot {
        guard let bytes = TextFile.readBytes(path, bytesMax: 64 << 10) else {
            return errno == EACCES ? .forbidden : .none(hasTool: isInPath("doctl"))
        }
        guard let record = try? JSONLines.decode(SnapshotRecord.self, from: bytes) else {
            return .unreadable
        }
        return .taken(age: max(.zero, Timestamp.now() - record.time))
    }
}

extension BackupsFacts.Timer {
    /// What `systemctl show` prints of it.
    init(properties text: String) {
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let mark = line.firstIndex(of: "=") else { continue }
            values[line[..<mark]] = line[line.index(after: mark)...]
        }
        let state = values["UnitFileState"] ?? ""
        if values["LoadState"] == "not-found" {
            self = .off("not installed")
        } else if state != "enabled" {
            self = .off(state.isEmpty ? "not enabled" : String(state))
        } else if values["ActiveState"] != "active" {
            self = .off("enabled, but not active")
        } else if let next = values["NextElapseUSecRealtime"], !next.isEmpty {
            self = .next(String(next))
        } else {
            self = .unknown("systemd does not say when it runs next")
        }
    }
}

/// What scripts/backup-droplet.sh leaves behind.
private struct SnapshotRecord: Decodable { let time: Timestamp }

func isInPath(_ name: String) -> Bool {
    (toolEnvironment["PATH"] ?? "").split(separator: ":")
        .contains { access("\($0)/\(name)", X_OK) == 0 }
}
