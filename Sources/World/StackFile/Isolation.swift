internal import StackModel

extension Field {
    /// `on`, `off`, or a mapping of what differs from `usual`: its lists come on top. Nil: not isolated.
    func isolation(over usual: Isolation?, in directory: Directory) -> Isolation? {
        guard node.scalar == nil else {
            return flag() == true ? usual ?? Isolation() : nil
        }
        var isolation = usual ?? Isolation()
        guard var section = section() else { return usual }
        isolation.writable.join(section.take("writable")?.places(in: directory))
        isolation.visible.join(section.take("visible")?.places(in: directory))
        isolation.hidden.join(section.take("hidden")?.places(in: directory))
        isolation.privateTmp = section.take("private_tmp")?.flag() ?? isolation.privateTmp
        isolation.privateProc = section.take("private_proc")?.flag() ?? isolation.privateProc
        isolation.callsAllowed.join(section.take("allow_calls")?.calls())
        section.finish()
        return isolation
    }

    private func places(in directory: Directory) -> [String]? {
        guard let items = itemsOrOne() else { return nil }
        guard items.count <= Limits.placesMax else {
            fail(
                "has \(items.count) places, at most \(Limits.placesMax) are taken: name what they are in"
            )
            return nil
        }
        return items.compactMap { item in
            guard let text = item.text() else { return nil }
            let path = directory.absolute(text)
            if path == "/" {
                item.fail("is the whole file system: 'read_only: false' lets all of it be written")
                return nil
            }
            return path
        }
    }

    private func calls() -> [String]? {
        itemsOrOne()?.compactMap { item in
            guard let scalar = item.scalar() else { return nil }
            let known = DangerousCall.names + [Isolation.allCalls]
            if known.contains(scalar.text) { return scalar.text }
            let near = suggestion(for: scalar.written, among: known)
            item.fail("no refused system call is called \(scalar.quoted)\(near)")
            return nil
        }
    }
}

extension [String] {
    fileprivate mutating func join(_ others: [String]?) {
        for other in others ?? [] where !contains(other) { append(other) }
    }
}
