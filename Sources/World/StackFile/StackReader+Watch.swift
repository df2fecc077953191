internal import StackModel

/// What is looked at beside the services: `watch`, `brake`, `database`, `metrics`.
extension StackReader {
    func watch(_ field: Field) -> Watch {
        var watch = Watch()
        guard var section = field.section() else { return watch }
        if let field = section.take("certificates") { watch.certificates = paths(field) }
        if let field = section.take("front_door") { readFrontDoor(field, into: &watch) }
        watch.backups = section.take("backups").flatMap(path)
        watch.snapshots = section.take("snapshots").flatMap(path)
        if let field = section.take("disks") { watch.disks = paths(field) }
        section.finish()
        return watch
    }

    func brake(_ field: Field) -> BrakePolicy {
        var policy = BrakePolicy()
        guard var section = field.section() else { return policy }
        policy.restarts = section.take("restarts")?.whole(1...1000) ?? policy.restarts
        policy.window = section.take("window")?.duration(atLeast: .seconds(1)) ?? policy.window
        section.finish()
        return policy
    }

    /// Nil: `off`, or empty, as `${DATABASE_URL:-}` is without one.
    func database(_ field: Field) -> String? {
        guard let text = field.text(), !field.isOff, !text.isEmpty else { return nil }
        if let url = databaseURL(text) { return url }
        // Without what is written: that may be a password.
        field.fail("must be 'off' or such as 'postgresql://user:password@host:25060/database'")
        return nil
    }

    /// The services' own database is the stack's, unless the file says otherwise.
    func usualDatabase(of tree: Node) -> String? {
        guard let text = project.variables[databaseVariable], !text.isEmpty else { return nil }
        if let url = databaseURL(text) { return url }
        project.findings.warn(
            tree.place, "x-catalyst.database",
            "the variable '\(databaseVariable)' is no 'postgresql://…': no database is watched"
                + " ('database: off' says that this is meant)")
        return nil
    }

    func metrics(_ field: Field, _ services: [ServiceSpec]) -> Port? {
        guard let scalar = field.scalar(), !field.isOff else { return nil }
        guard let endpoint = Endpoint(listening: scalar.text), let number = endpoint.port else {
            field.fail("\(scalar.quoted) is no numeric address and port such as '127.0.0.1:9464'")
            return nil
        }
        let port = Port(address: endpoint.address, number: number)
        if !port.isLoopback {
            field.fail(
                "\(scalar.quoted) can be reached from other hosts: write '127.0.0.1:\(number)'")
        }
        if let other = services.first(where: { $0.ports.contains { $0.overlaps(port) } }) {
            field.fail("duplicate port \(number): '\(other.name)' has it already")
        }
        return port
    }

    private func readFrontDoor(_ field: Field, into watch: inout Watch) {
        guard field.node.mapping != nil, var section = field.section() else {
            return watch.frontDoor = publicURL(field)
        }
        if let url = section.take("url") {
            watch.frontDoor = publicURL(url)
        } else {
            section.fail("has no 'url'")
        }
        watch.frontDoorIsGuarded = section.take("guarded")?.flag() ?? true
        section.finish()
    }

    private func publicURL(_ field: Field) -> String? {
        guard let scalar = field.scalar(as: "a URL") else { return nil }
        if ["http", "https"].contains(Endpoint(url: scalar.text)?.scheme) { return scalar.text }
        field.fail("\(scalar.quoted) is no URL such as 'https://example.org/mcp'")
        return nil
    }

    private func paths(_ field: Field) -> [String] { (field.itemsOrOne() ?? []).compactMap(path) }

    /// As `working_dir`, from the file's directory on.
    private func path(_ field: Field) -> String? {
        guard let text = field.text() else { return nil }
        guard text.isEmpty else { return project.directory.absolute(text) }
        field.fail("is empty")
        return nil
    }
}

private let databaseVariable = "DATABASE_URL"

/// As libpq takes it: SQLAlchemy's `postgresql+asyncpg://` names a driver that is none of its business.
private func databaseURL(_ text: String) -> String? {
    guard let scheme = Endpoint(url: text)?.scheme else { return nil }
    let parts = scheme.split(separator: "+", maxSplits: 1)
    guard let base = parts.first, ["postgres", "postgresql"].contains(base) else { return nil }
    return String(base) + String(text.dropFirst(scheme.count))
}

extension Field {
    fileprivate var isOff: Bool { ["off", "no", "false"].contains(node.scalar?.text) }
}
