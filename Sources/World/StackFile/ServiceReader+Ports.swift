internal import StackModel

/// Where the file says, or lets us think, that a service listens.
struct PortClaim {
    enum Strength: Int {
        /// It may as well be another service's: a probe that a client of it could have, too.
        case possible
        case likely
        case declared
    }

    var port: Port
    var place: Place
    var key: String
    var strength: Strength
}

extension ServiceReader {
    /// Compose publishes ports; a process binds what it likes, so they are only remembered.
    mutating func readPorts() {
        guard let field = keys.take("ports"), let items = field.items() else { return }
        var exposed: Scalar?
        for item in items {
            guard let mapping = item.node.mapping == nil ? short(item) : long(item) else {
                continue
            }
            if mapping.isTCP { claim(mapping, at: item.node.place) }
            guard let first = mapping.targets.first else { continue }
            let port = Port(address: mapping.address, number: first)
            if !port.isLoopback, exposed == nil {
                let text = item.node.scalar?.written ?? "\(mapping.address):\(first)"
                exposed = Scalar(text: text, written: text, isPlain: true)
            }
        }
        let warning =
            exposed.map {
                Section.noEffect + "; in Compose \($0.quoted) is open to every network, "
                    + "here the service itself decides what it binds"
            } ?? Section.noEffect
        field.warn(warning)
    }

    private mutating func claim(_ mapping: PortMapping, at place: Place) {
        for number in mapping.targets where draft.claims.count < Limits.portsMax {
            draft.claims.append(
                PortClaim(
                    port: Port(address: mapping.address, number: number), place: place,
                    key: "ports", strength: .declared))
        }
    }

    /// `[address:][published:]target[/protocol]`, each a number or a range.
    private func short(_ item: Field) -> PortMapping? {
        guard let scalar = item.scalar(as: "a port") else { return nil }
        var rest: Substring? = scalar.text.prefix { $0 != "/" }
        let transport = scalar.text.dropFirst(rest?.count ?? 0).lowercased()
        let target = lastPart(&rest).flatMap(portRange)
        let published = lastPart(&rest)
        var address = rest ?? "0.0.0.0"
        if address.hasPrefix("["), address.hasSuffix("]") {
            address = address.dropFirst().dropLast()
        }
        guard let target, !address.isEmpty,
            published == nil || published == "" || published.flatMap(portRange) != nil,
            ["", "/tcp", "/udp", "/sctp"].contains(transport)
        else {
            item.fail("\(scalar.quoted) is no port such as '127.0.0.1:5001:5001'")
            return nil
        }
        let isTCP = transport.isEmpty || transport == "/tcp"
        return PortMapping(address: String(address), targets: target, isTCP: isTCP)
    }

    private func long(_ item: Field) -> PortMapping? {
        guard var section = item.section() else { return nil }
        let target = section.take("target")
        let address = section.take("host_ip")?.text() ?? "0.0.0.0"
        let published = section.take("published")
        if let text = published?.text(), portRange(text[...]) == nil {
            published?.fail("is no port")
        }
        let isTCP: Bool? = section.take("protocol")?
            .choice("protocol", of: ["tcp": true, "udp": false])
        section.finish(idle: ["app_protocol", "mode", "name"])
        if target == nil { section.fail("has no 'target'") }
        guard let number = target?.whole(1...65_535).map(UInt16.init) else { return nil }
        return PortMapping(address: address, targets: number...number, isTCP: isTCP ?? true)
    }
}

private struct PortMapping {
    var address: String
    /// What the process itself listens on: nothing translates `published` to it.
    var targets: ClosedRange<UInt16>
    var isTCP: Bool
}

/// What stands behind the last colon, or all; `text` keeps what stands before it.
private func lastPart(_ text: inout Substring?) -> Substring? {
    guard let whole = text else { return nil }
    guard let colon = whole.lastIndex(of: ":") else {
        text = nil
        return whole
    }
    text = whole[..<colon]
    return whole[whole.index(after: colon)...]
}

private func portRange(_ text: Substring) -> ClosedRange<UInt16>? {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        .map { $0.utf8.allSatisfy(\.isDigit) ? UInt16($0) ?? 0 : 0 }
    guard let low = ends.first, let high = ends.last, low > 0, low <= high else { return nil }
    return low...high
}

extension [PortClaim] {
    /// Each port once; what everyone may reach covers what loopback may.
    var distinctPorts: [Port] {
        let strongestFirst = [PortClaim.Strength.declared, .likely, .possible].flatMap { strength in
            filter { $0.strength == strength }
        }
        var ports: [Port] = []
        for claim in strongestFirst where !ports.contains(where: { $0.overlaps(claim.port) }) {
            ports.append(claim.port)
        }
        return ports
    }
}

extension Port {
    /// Whether two listeners would get in each other's way.
    func overlaps(_ other: Port) -> Bool {
        number == other.number
            && (address == other.address || isEveryones || other.isEveryones)
    }

    private var isEveryones: Bool { address == "0.0.0.0" || address == "::" }
}
