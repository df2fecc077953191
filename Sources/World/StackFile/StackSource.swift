internal import Glibc
package import StackModel

/// The files that make a stack, and what their variables are taken from.
package struct StackSource: Sendable {
    /// The first is the reference; the others are merged over it, in order.
    package var files: [String]
    package var profiles: [String] = []
    /// The process's own; wins over `.env`.
    package var environment: [String: String]
    /// Nil: `.env` beside the first file, where there is one.
    package var envFile: String?
    /// The file that `.env` is beside; nil: the first.
    package var homeFile: String?

    package init(
        files: [String], profiles: [String] = [], environment: [String: String],
        envFile: String? = nil
    ) {
        self.files = files
        self.profiles = profiles
        self.environment = environment
        self.envFile = envFile
    }

    /// Reads and checks everything. There is a stack when and only when there are no errors.
    package func load() -> (stack: StackSpec?, errors: [Problem], warnings: [Problem]) {
        let findings = Findings()
        var stack = readStack(findings)
        for service in stack?.services ?? [] { checkVariableFiles(service, findings) }
        let warnings = findings.sortedWarnings
        guard findings.isClean else { return (nil, findings.sortedErrors, warnings) }
        let variableFiles = findings.variableFiles.sorted()
        stack?.variableFiles = variableFiles.isEmpty ? nil : variableFiles
        stack?.warnings = warnings.map(\.description)
        return (stack, [], warnings)
    }

    /// Whoever may write beside them could have the agent read another file to him.
    private func checkVariableFiles(_ service: ServiceSpec, _ findings: Findings) {
        let writable = service.confinement.isolation?.writable ?? []
        for path in findings.variableFiles.sorted()
        where writable.contains(where: { path == $0 || path.hasPrefix($0 + "/") }) {
            findings.error(
                findings.register(file: path), nil,
                "is where '\(service.name)' may write, which could put other variables in its place: "
                    + "move it")
        }
    }

    private func readStack(_ findings: Findings) -> StackSpec? {
        guard let first = files.first else {
            findings.error(findings.register(file: "stack"), nil, "no file is given")
            return nil
        }
        let directory = Directory(of: first)
        let variables = variables(in: directory, of: first, findings)
        let interpolation = Interpolation(variables: variables)
        let trees = files.map { tree(of: $0, interpolation, findings) }
        guard let readable = trees.all({ $0 }), let base = readable.first else { return nil }
        let merged = readable.dropFirst().reduce(base) { $0.merged(with: $1) }
        let project = Project(directory: directory, variables: variables, findings: findings)
        var reader = StackReader(project: project, profiles: Set(profiles))
        return reader.stack(from: merged)
    }

    private func tree(
        of path: String, _ interpolation: Interpolation, _ findings: Findings
    ) -> Node? {
        let place = findings.register(file: path)
        do throws(FileError) {
            let file = try TextFile.read(path)
            guard isText(file.bytes, place: place, findings: findings) else { return nil }
            return TreeReader.tree(
                of: file.bytes, file: place, interpolation: interpolation, findings: findings)
        } catch {
            findings.error(place, nil, error.description)
            return nil
        }
    }

    func variables(
        in directory: Directory, of file: String, _ findings: Findings
    ) -> [String: String] {
        let name = envFile ?? credentials ?? (homeFile ?? file).prefix(through: "/") + ".env"
        do throws(FileError) {
            let dotEnv = try VariableFile.read(
                name, shownAs: name, syntax: .full, known: environment, findings: findings)
            let pairs = (dotEnv?.variables ?? []).compactMap { pair in
                pair.value.map { (pair.name, $0) }
            }
            return Dictionary(pairs, uniquingKeysWith: { $1 }).merging(environment) { $1 }
        } catch  where error.isMissing && envFile == nil {
            return environment
        } catch {
            findings.error(findings.register(file: name), nil, error.description)
            return environment
        }
    }
}

extension StackSource {
    /// The variables as systemd hands them over (`LoadCredential=catalyst.env:…`): where it does, `.env` is not
    /// read.
    private var credentials: String? {
        guard let directory = environment["CREDENTIALS_DIRECTORY"] else { return nil }
        let path = directory + "/catalyst.env"
        return access(path, F_OK) == 0 ? path : nil
    }
}

extension [Problem] {
    /// One line each, as many as fit on a screen, and the number of the rest.
    package var lines: [String] {
        let shown = prefix(Limits.errorsShown).map(\.description)
        return count > shown.count ? shown + ["and \(count - shown.count) more"] : shown
    }
}

extension String {
    /// The part up to the last of `mark`; empty where there is none.
    fileprivate func prefix(through mark: Character) -> String {
        lastIndex(of: mark).map { String(self[...$0]) } ?? ""
    }
}
