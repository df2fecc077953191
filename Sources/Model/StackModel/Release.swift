/// A directory of code, immutable once it is built: `<root>/releases/<id>`.
package struct Release: Equatable, Sendable, Codable {
    /// Its directory's name: the time it was made and a few digits of what it is made of, such as
    /// `20261122T210500Z-3f2a91c`. Sorts by age.
    package var id: String
    /// What `contract: {version: release}` expects: the content of its file `VERSION`, else its git tag, else
    /// its id.
    package var version: String
    /// What it was made from, for people.
    package var source: String
    /// The full git commit, where it came from git.
    package var revision: String?
    package var madeAt: Timestamp
    /// What each service is made of: a digest of the paths of its `source:`, of all files without one.
    package var digests: [ServiceName: String] = [:]
    /// It has a stack file of its own, which takes the place of the machine's first.
    package var hasStack = false

    package init(id: String, version: String, source: String, madeAt: Timestamp) {
        self.id = id
        self.version = version
        self.source = source
        self.madeAt = madeAt
    }
}

/// What `catalystctl release …` prints for the agent: a release and the stack it defines.
package struct PreparedRelease: Equatable, Sendable, Codable {
    package var release: Release
    /// Resolved from the release's stack file and the machine's.
    package var stack: StackSpec

    package init(_ release: Release, stack: StackSpec) {
        self.release = release
        self.stack = stack
    }
}

/// `x-catalyst.releases`.
package struct ReleasePolicy: Equatable, Sendable, Codable {
    /// Holds `releases/` and the symlink `current`. Nil: the agent's state directory.
    package var directory: String?
    /// The git repository that `deploy <revision>` takes revisions from: a URL or an absolute path.
    package var repository: String?
    /// Run in the new release's directory; nil: nothing to build.
    package var build: [String]?
    @Seconds package var buildTimeout: Duration = .seconds(600)
    /// How many releases are kept beside those in use. At least 1.
    package var keep = 5
    /// The release's stack file, below its directory.
    package var stack = "stack.yaml"
    /// So much must be free on the disk before a release is made, beside its own size.
    package var spaceMin = ByteCount(bytes: 500_000_000)

    package init() {}
}

extension ServiceSpec {
    /// The same with every path through `<root>/current`, or through another release, leading into `release`. An
    /// instance stays in the release it was started in, whatever `current` is meanwhile.
    package func pinned(to release: Release, root: String) -> ServiceSpec {
        guard isPartOfRelease(root: root) else { return self }
        var spec = rewritten { $0.replacingReleasePath(root: root, with: "releases/\(release.id)") }
        spec.release = release.id
        spec.environment["CATALYST_RELEASE"] = release.id
        spec.environment["CATALYST_VERSION"] = release.version
        return spec
    }

    /// The same with every path into a release leading through `<root>/current`: what two releases' definitions
    /// are compared by.
    package func unpinned(root: String) -> ServiceSpec {
        var spec = rewritten { $0.replacingReleasePath(root: root, with: "current") }
        spec.release = nil
        spec.environment["CATALYST_RELEASE"] = nil
        spec.environment["CATALYST_VERSION"] = nil
        return spec
    }

    /// Whether a release is anything to it: it names files of it as its `source`, answers with its version, or a path
    /// of its definition leads into it. Redis is none of its business.
    private func isPartOfRelease(root: String) -> Bool {
        guard source.isEmpty, contract.version != "release" else { return true }
        let one = rewritten { $0.replacingReleasePath(root: root, with: "current") }
        return one != rewritten { $0.replacingReleasePath(root: root, with: "releases/-") }
    }

    /// What its `/health` must say: `version: release` is the version of the release that it runs from.
    package var effectiveContract: Contract {
        var effective = contract
        if contract.version == "release" { effective.version = environment["CATALYST_VERSION"] }
        return effective
    }

    private func rewritten(_ change: (String) -> String) -> ServiceSpec {
        var spec = self
        spec.command = command.map(change)
        spec.workingDirectory = change(workingDirectory)
        spec.environment = environment.mapValues(change)
        spec.hold?.command = hold?.command.map(change) ?? []
        if case .exec(let command) = healthCheck.probe {
            spec.healthCheck.probe = .exec(command.map(change))
        }
        if case .shell(let line) = healthCheck.probe {
            spec.healthCheck.probe = .shell(change(line))
        }
        for path in [\Hooks.preStart, \Hooks.postStart, \Hooks.preStop] {
            for index in spec.hooks[keyPath: path].indices {
                let hook = spec.hooks[keyPath: path][index]
                spec.hooks[keyPath: path][index].command = hook.command.map(change)
                spec.hooks[keyPath: path][index].workingDirectory =
                    hook.workingDirectory.map(change)
            }
        }
        return spec
    }
}

extension String {
    /// Each `<root>/current` and `<root>/releases/<id>` in it, as a whole component, becomes `<root>/<place>`.
    fileprivate func replacingReleasePath(root: String, with place: String) -> String {
        var result = ""
        var rest = self[...]
        let start = root + "/"
        while let found = rest.firstRange(of: start) {
            result += rest[..<found.lowerBound]
            let isWhole = result.isAtStartOfPath
            result += start
            rest = rest[found.upperBound...]
            if isWhole, let end = rest.releasePathEnd {
                result += place
                rest = rest[end...]
            }
        }
        return result + rest
    }

    /// Not in the midst of another path, such as `/mnt<root>`; `-I<root>` and `file://<root>` are none.
    private var isAtStartOfPath: Bool {
        guard let last, last != "/" else { return true }
        return !reversed().prefix { !$0.endsPath }.contains("/")
    }
}

extension Substring {
    /// Where `current` or `releases/<id>` ends that it begins with; nil: it does not.
    fileprivate var releasePathEnd: Index? {
        let first = prefix { !$0.endsComponent }
        if first == "current" { return first.endIndex }
        guard first == "releases", self[first.endIndex...].first == "/" else { return nil }
        let id = self[first.endIndex...].dropFirst().prefix { !$0.endsComponent }
        return id.isEmpty ? nil : id.endIndex
    }
}

extension Character {
    fileprivate var endsComponent: Bool { self == "/" || endsPath }

    /// In a command line or a list of paths.
    fileprivate var endsPath: Bool { isWhitespace || ":;,'\"`=()[]{}<>&|$".contains(self) }
}
