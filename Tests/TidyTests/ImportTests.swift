import Testing

/// Who may import what. SwiftPM checks our own modules; what the toolchain brings it gives to everyone.
struct ImportTests {
    @Test func `a module imports only what Package.swift declares for it`() {
        for module in Manifest.modules {
            let allowed = module.uses.union(toolchain(for: module))
            for file in module.files {
                for (line, name) in imports(of: file) where !allowed.contains(name) {
                    file.breaks(
                        "'\(module.name)' may not import '\(name)', declare it in Package.swift"
                            + " or move this to a module that may", line: line)
                }
            }
        }
    }

    @Test func `a module uses only modules that stand above it`() {
        var above = Manifest.libraries
        let ours = Set(Manifest.modules.map(\.name))
        for module in Manifest.modules {
            for name in module.uses where ours.contains(name) && !above.contains(name) {
                Manifest.file.breaks("'\(module.name)' uses '\(name)' from below, move one of them")
            }
            above.insert(module.name)
        }
    }

    @Test func `what is declared is imported`() {
        for module in Manifest.modules {
            let imported = Set(module.files.flatMap { imports(of: $0).map(\.name) })
            for name in module.uses.subtracting(imported).subtracting([module.layer]).sorted() {
                Manifest.file.breaks(
                    "'\(module.name)' does not import '\(name)', drop it from its uses")
            }
        }
    }

    @Test(arguments: Manifest.libraries.sorted())
    func `a C library is imported by exactly one module`(_ library: String) {
        let importers = Manifest.modules.filter { $0.uses.contains(library) }.map(\.name)
        if importers.count != 1 {
            Manifest.file.breaks(
                "'\(library)' is used by \(importers), let one module make it safe")
        }
    }

    @Test func `every folder of Sources is a module`() {
        let known = Set(Manifest.modules.map(\.folder))
        for layer in Tree.names(in: "Sources") where layer != "CLibraries" {
            for name in Tree.names(in: "Sources/\(layer)")
            where !known.contains("Sources/\(layer)/\(name)") {
                File("Sources/\(layer)/\(name)").breaks(
                    "not in Package.swift, declare it or remove it")
            }
        }
    }

    @Test func `every folder of Tests is built`() {
        for name in Tree.names(in: "Tests") where !Manifest.tests.contains(name) {
            File("Tests/\(name)").breaks("not in Package.swift, so never run, declare it")
        }
    }

    @Test func `an import says for whom it is`() throws {
        for file in Tree.files(in: "Sources", suffix: ".swift") {
            try file.forbid("^(@\\w+ )*import ") { _ in
                "an import without access, write 'internal import', or 'package import' if needed"
            }
        }
    }

    /// The toolchain's modules that a module may use. Not in any list: Foundation, Dispatch.
    private func toolchain(for module: Manifest.Module) -> Set<String> {
        switch module.layer {
        case "Model", "Decisions": []
        case "World", "Programs": essentials(module.name).union(["Glibc", "Synchronization"])
        default:
            ["ControlServer", "ControlClient"].contains(module.name)
                ? ["Glibc"] : essentials(module.name)
        }
    }

    /// 5 MB of memory each time: for JSON and for addresses, where nothing smaller does.
    private func essentials(_ name: String) -> Set<String> {
        [
            "Backups", "JSONLines", "Ledger", "Postgres", "Probing", "Redis", "Releases", "Systemd",
            "catalyst-standin",
        ]
        .contains(name)
            ? ["FoundationEssentials"] : []
    }

    private func imports(of file: File) -> [(line: Int, name: String)] {
        file.lines.filter { $0.text.contains("import ") }.compactMap { line in
            line.text.wholeMatch(of: /(?:@\w+ )*(?:\w+ )?import (?:\w+ )?(\w+)[.\w]*/)
                .map { (line.number, String($0.1)) }
        }
    }
}
