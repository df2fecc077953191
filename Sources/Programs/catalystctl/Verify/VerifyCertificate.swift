internal import Glibc
internal import LinuxSystem
internal import StackModel
internal import TLS

/// Is the certificate valid for the front door's name, and for long enough, on disk and as nginx shows it?
struct CertificatesFacts {
    var files: [CertificateFacts]
    /// Files that only root may read.
    var forbidden: [String] = []
    /// Nil: the front door is not encrypted.
    var live: Result<CertificateFacts, Failure>?
    var door: FrontDoor
    var now: Timestamp

    static let installed = "/etc/nginx/catalyst/tls/fullchain.pem"
    /// As the alert `certificate-expiring` sees it.
    static let daysMin = 14.0

    init(
        files: [CertificateFacts], live: Result<CertificateFacts, Failure>?, door: FrontDoor,
        now: Timestamp
    ) {
        self.files = files
        self.live = live
        self.door = door
        self.now = now
    }

    init(_ site: Site) {
        let now = Timestamp.now()
        var paths = site.stack?.watch.certificates ?? []
        if paths.isEmpty, access(Self.installed, F_OK) == 0 { paths = [Self.installed] }
        let hidden = paths.filter { access($0, R_OK) != 0 && errno == EACCES }
        let files = paths.filter { !hidden.contains($0) }.map { path in
            do throws(TLSError) { return try certificateFacts(inFile: path, at: now) } catch {
                var facts = CertificateFacts(source: path)
                facts.problem = "\(error)"
                return facts
            }
        }
        self.init(files: files, live: site.handshake, door: site.door, now: now)
        forbidden = hidden
    }

    var aspects: [Aspect] { fileAspects + [liveAspect] }

    private var fileAspects: [Aspect] {
        if files.isEmpty, forbidden.isEmpty {
            return [
                .unmet(
                    "no certificate's file is watched", "set watch.certificates in the stack file")
            ]
        }
        let hidden = forbidden.map { Aspect.unchecked("'\($0)' may not be read", Self.asRoot) }
        return hidden
            + files.map { file in
                if let problem = file.problem {
                    return .unmet("\(file.source): \(problem)", Self.renewal)
                }
                return aspect(of: file, named: "'\(file.source)'")
            }
    }

    private var liveAspect: Aspect {
        switch live {
        case nil:
            .unmet("\(door.origin) is not encrypted", "set watch.front_door to its https:// URL")
        case .failure(let failure):
            .unmet("\(door.origin): \(failure.message)", "systemctl status nginx")
        case .success(let facts): liveAspect(facts)
        }
    }

    private func liveAspect(_ facts: CertificateFacts) -> Aspect {
        if let problem = facts.problem {
            let isSelfSigned = problem.contains("self-signed") || problem.contains("self signed")
            guard isSelfSigned, facts.chainLength <= 1 else {
                return .unmet("nginx shows one for '\(facts.subject)': \(problem)", Self.renewal)
            }
            return .unmet("self-signed: clients do not trust it", Self.certbot)
        }
        if let stale = files.first(where: { $0.expires != nil && $0.expires != facts.expires }) {
            return .unmet(
                "nginx shows another certificate than '\(stale.source)'", "systemctl reload nginx")
        }
        guard door.isNamed else {
            return .unchecked(
                "no name is known for which it must be valid",
                "set watch.front_door in the stack file")
        }
        return aspect(of: facts, named: "trusted for '\(door.host)'")
    }

    private func aspect(of facts: CertificateFacts, named name: String) -> Aspect {
        guard let expires = facts.expires else {
            return .unmet("\(name): it does not say when it expires", Self.renewal)
        }
        let days = (expires - now).seconds / 86_400
        let words = "\(name): \(max(0, Int(days))) days left"
        return days < Self.daysMin ? .unmet(words, Self.renewal) : .met(words)
    }

    static let asRoot = "sudo catalystctl verify"
    static let renewal = "certbot renew"
    static let certbot = "certbot certonly --webroot, or scripts/install --domain NAME"
}

/// Connects to this machine, and asks for the door's name.
func shownCertificate(
    by door: FrontDoor, _ deadline: ContinuousClock.Instant
) -> Result<CertificateFacts, Failure> {
    do {
        let socket = try connectedSocket(to: "127.0.0.1", door.port, by: deadline)
        defer { close(socket) }
        let connection = try TLSConnection(
            over: socket, to: door.host, verification: .observed, by: deadline)
        defer { connection.close() }
        return .success(
            connection.certificateFacts(
                source: door.origin, isNamed: door.isNamed, at: Timestamp.now()))
    } catch let error as TLSError {
        return .failure(Failure("no TLS: \(error)", .unhealthy))
    } catch ConnectError.refused {
        return .failure(Failure("nobody listens on port \(door.port)", .unhealthy))
    } catch ConnectError.timedOut {
        return .failure(Failure("no connection in time", .unhealthy))
    } catch {
        return .failure(Failure("no connection: \(error)", .unhealthy))
    }
}
