import Glibc
import StackModel
import TestSupport
import Testing

@testable import Systemd

/// `units/catalyst.catalog`: what `journalctl -x` says to each of our ids.
struct CatalogueTests {
    @Test func `every id is explained once, and nothing else is`() throws {
        let ids = EventRecord.Kind.allCases.map(\.messageID) + AlertRule.allCases.map(\.messageID)
        #expect(catalogue.map(\.id).sorted() == ids.sorted())
    }

    @Test func `each explanation has a subject, and says what it means and what to do`() throws {
        for entry in catalogue {
            let parts = entry.text.split(separator: "\n\n", maxSplits: 1)
            let header = parts[0].split(separator: "\n")
            let keys = header.map { String($0.prefix { $0 != ":" }) }
            #expect(keys == ["Subject", "Defined-By", "Support", "Documentation"], "\(entry.id)")
            #expect(header.contains("Defined-By: catalyst"))
            #expect(parts.count == 2 && parts[1].split(separator: "\n\n").count >= 2, "\(entry.id)")
            for line in entry.text.split(separator: "\n") {
                #expect(line.count <= 100 && !line.hasPrefix("#"), "\(line)")
            }
        }
    }

    @Test func `an explanation uses only fields that each of its entries has`() throws {
        let sent = try fields(of: sample)
        for rule in AlertRule.allCases {
            let used = placeholders(in: explanations(of: rule.messageID))
            // What is about a thing has no service.
            #expect(used.isSubset(of: sent.subtracting(["CATALYST_SERVICE"])), "\(rule)")
        }
        let ofServices: Set<EventRecord.Kind> = [
            .held, .started, .startFailed, .ready, .healthy, .degraded, .unhealthy, .blocked,
            .braked, .unknown, .exited, .stopping, .killed, .down, .backingOff, .gaveUp, .forgiven,
            .logsDropped, .notified, .adopted, .drill,
        ]
        for kind in EventRecord.Kind.allCases {
            let used = placeholders(in: explanations(of: kind.messageID))
            #expect(used == (ofServices.contains(kind) ? ["CATALYST_SERVICE"] : []), "\(kind)")
        }
    }

    @Test(.enabled(if: run(["journalctl", "--version"]).status == 0, "needs journalctl"))
    func `systemd takes all of it`() throws {
        var template = Array("/tmp/catalyst-catalogue-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let root = String(cString: made)
        defer { _ = run(["rm", "-rf", root]) }
        let (source, target) = (
            root + "/usr/lib/systemd/catalog", root + "/var/lib/systemd/catalog"
        )
        #expect(run(["mkdir", "-p", source, target]).status == 0)
        #expect(run(["cp", catalogPath, source]).status == 0)
        let (status, said) = run(["journalctl", "--root", root, "--update-catalog"])
        #expect(status == 0 && said == "")
        for entry in catalogue {
            let dumped = run(["journalctl", "--root", root, "--dump-catalog", entry.id])
            #expect(dumped.output == "-- \(entry.id)\n\(entry.text)\n\n", "\(entry.id)")
        }
    }

    private func placeholders(in text: String) -> Set<String> {
        Set(text.matches(of: /@([A-Z_]+)@/).map { String($0.1) })
    }

    private func fields(of event: AlertEvent) throws -> Set<String> {
        let journald = try Listener()
        let sender = Sender(journald.path)
        #expect(sender.send(event))
        return Set(try #require(journald.next()).keys)
    }

    private var sample: AlertEvent {
        let time = Timestamp(nanoseconds: 0)
        let alert = Alert(
            id: 1, rule: .serviceDown, subject: "scanner", severity: .critical, since: time,
            summary: "is down")
        return AlertEvent(id: "1", kind: .fired, time: time, message: "is down", alert: alert)
    }
}

/// All of the file's explanations, without the comments that stand between them.
let catalogue: [(id: String, text: String)] = {
    guard let file = fopen(catalogPath, "r") else { return [] }
    defer { fclose(file) }
    var entries: [(id: String, text: String)] = []
    var buffer = [CChar](repeating: 0, count: 4096)
    while fgets(&buffer, Int32(buffer.count), file) != nil {
        let line = String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if line.hasPrefix("-- ") {
            entries.append((String(line.dropFirst(3).dropLast()), ""))
        } else if !line.hasPrefix("# "), !entries.isEmpty {
            entries[entries.count - 1].text += line
        }
    }
    return entries.map { entry in
        var text = entry.text
        while text.last == "\n" { text.removeLast() }
        return (entry.id, text)
    }
}()

/// What is said to `id`; empty where nothing is.
func explanations(of id: String) -> String {
    catalogue.filter { $0.id == id }.map(\.text).joined()
}
