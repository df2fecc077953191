// swift-tools-version:6.2
// Read from top to bottom: a module may import only modules that stand above it.

import PackageDescription

let package = Package(
    name: "catalyst",
    products: [
        .executable(name: "catalystd", targets: ["catalystd"]),
        .executable(name: "catalyst-collector", targets: ["catalyst-collector"]),
        .executable(name: "catalystctl", targets: ["catalystctl"]),
        .executable(name: "catalyst-standin", targets: ["catalyst-standin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
    ],
    targets: [
        // C libraries: each imported by exactly one module, whose job is to make it safe.
        .target(name: "CLinux", path: "Sources/CLibraries/CLinux"),
        .library("CYAML", pkgConfig: "yaml-0.1", package: "libyaml-dev"),
        .library("CHiredis", package: "libhiredis-dev"),
        .library("CPostgres", package: "libpq-dev"),
        .library("COpenSSL", package: "libssl-dev"),
        .library("CSQLite", pkgConfig: "sqlite3", package: "libsqlite3-dev"),

        // Model: the words everyone shares.
        .module("StackModel", in: "Model"),

        // Decisions: pure. What should happen next?
        .module("Supervision", in: "Decisions", uses: "StackModel"),
        .module("Monitoring", in: "Decisions", uses: "StackModel"),
        .module("Rollouts", in: "Decisions", uses: "StackModel"),
        .module("Capacity", in: "Decisions", uses: "StackModel"),

        // World: everything that can surprise us; one outside thing per module.
        .module("LinuxSystem", in: "World", uses: "StackModel", "CLinux", .system),
        .module("Logs", in: "World", uses: "StackModel", "LinuxSystem", .system),
        .module("Releases", in: "World", uses: "StackModel", "LinuxSystem"),
        .module("Backups", in: "World", uses: "StackModel", "LinuxSystem"),
        .module("Ledger", in: "World", uses: "StackModel", "LinuxSystem", "CSQLite"),
        .module("Systemd", in: "World", uses: "StackModel", "LinuxSystem", .system),
        .module("TLS", in: "World", uses: "StackModel", "COpenSSL"),
        .module("Redis", in: "World", uses: "StackModel", "TLS", "CHiredis"),
        .module("Postgres", in: "World", uses: "StackModel", "CPostgres"),
        .module(
            "Probing", in: "World",
            uses: "StackModel", "TLS", "Redis", "Postgres", .nio("NIOCore"), .nio("NIOPosix"),
            .nio("NIOHTTP1")),
        .module("Measuring", in: "World", uses: "StackModel"),
        .module("StackFile", in: "World", uses: "StackModel", "CYAML"),

        // Control: what may be said over a socket, and by whom.
        .module("JSONLines", in: "Control"),
        .module("ControlProtocol", in: "Control", uses: "StackModel"),
        .module("CollectorProtocol", in: "Control", uses: "StackModel"),
        .module(
            "ControlServer", in: "Control",
            uses: "StackModel", "JSONLines", "ControlProtocol", "LinuxSystem", .system),
        .module("ControlClient", in: "Control", uses: "JSONLines", "ControlProtocol"),

        // Programs: what runs.
        .module(
            "CatalystAgent", in: "Programs",
            uses: "StackModel", "Supervision", "Monitoring", "Rollouts", "LinuxSystem", "Logs",
            "Releases", "Ledger", "Systemd",
            "JSONLines", "ControlProtocol", "ControlServer", "CollectorProtocol", .system),
        .module(
            "Collector", in: "Programs",
            uses: "StackModel", "JSONLines", "CollectorProtocol", "LinuxSystem", "Probing",
            "Measuring", "Postgres",
            .nio("NIOCore"), .nio("NIOPosix"), .nio("NIOHTTP1")),
        .program("catalystd", uses: "CatalystAgent"),
        .program("catalyst-collector", uses: "Collector"),
        .program(
            "catalystctl",
            uses: "StackModel", "Capacity", "LinuxSystem", "JSONLines", "ControlProtocol",
            "ControlClient", "StackFile", "Releases", "Backups", "Postgres", "TLS", .argumentParser),
        .program(
            "catalyst-standin",
            uses: "StackModel", "Redis", "Postgres", .nio("NIOCore"), .nio("NIOPosix"),
            .nio("NIOHTTP1"), .argumentParser),

        // Tests: stories and tables for decisions, the real thing for the world.
        .support("TestSupport", uses: "StackModel", "Supervision", "LinuxSystem"),
        .tests("StackModel"),
        .tests("Supervision", uses: "StackModel"),
        .tests("Monitoring", uses: "StackModel"),
        .tests("Rollouts", uses: "StackModel"),
        .tests("Releases", uses: "StackModel", "LinuxSystem", "JSONLines", "catalystctl"),
        .tests("Capacity", uses: "StackModel"),
        .tests("Backups", uses: "StackModel", "LinuxSystem", "catalystctl"),
        .tests("Nginx"),
        .tests("LinuxSystem", uses: "StackModel", "CLinux", .system),
        .tests("Logs", uses: "StackModel"),
        .tests("Ledger", uses: "StackModel", "LinuxSystem"),
        .tests("Systemd", uses: "StackModel", "LinuxSystem", .system),
        .tests("StackFile", uses: "StackModel"),
        .tests("Measuring", uses: "StackModel"),
        .tests("CatalystAgent", uses: "StackModel", "Supervision", "Monitoring", "JSONLines"),
        .tests(
            "Probing", uses: "StackModel", "TLS", "Redis", "Postgres", .nio("NIOCore"),
            .nio("NIOPosix")),
        .tests("Postgres", uses: "StackModel", "catalystctl"),
        .tests("Collector", uses: "StackModel", "CollectorProtocol", "JSONLines"),
        .tests("ControlProtocol", uses: "StackModel", "JSONLines", "ControlClient", "catalystctl"),
        .tests("Simulation", uses: "StackModel", "Supervision", "Monitoring"),
        .tests(
            "ControlServer",
            uses: "StackModel", "JSONLines", "ControlProtocol", "LinuxSystem", .system),
        .tests("EndToEnd", uses: "StackModel", "ControlProtocol"),
        .tests(
            "Fuzzing",
            uses: "StackModel", "StackFile", "JSONLines", "ControlProtocol", "CollectorProtocol",
            "CatalystAgent", "LinuxSystem", "Measuring", "Logs", "Ledger", "Backups", "Releases",
            "Probing", "Redis", "Postgres", "TLS", .nio("NIOCore"), .nio("NIOEmbedded"),
            .nio("NIOHTTP1")),
        .tests("Tidy"),
    ]
)

// The fuzzing tests as libFuzzer's program: see scripts/fuzz.
if Context.environment["CATALYST_FUZZ"] != nil {
    for target in package.targets where target.name == "FuzzingTests" {
        package.targets = package.targets.filter { !$0.isTest }
        package.targets.append(
            .executableTarget(
                name: "catalyst-fuzz",
                dependencies: target.dependencies.filter { !$0.isTestSupport },
                path: target.path, exclude: ["Corpus", "CorpusTests.swift"],
                swiftSettings: target.swiftSettings))
    }
}

extension Target {
    /// The module in `Sources/<layer>/<name>`. `uses` is all it may import.
    static func module(_ name: String, in layer: String, uses: Dependency...) -> Target {
        .target(
            name: name, dependencies: uses, path: "Sources/\(layer)/\(name)",
            exclude: name == "ControlProtocol" ? ["control-schema.json"] : [], swiftSettings: strict
        )
    }

    /// The program in `Sources/Programs/<name>`: flags and wiring.
    static func program(_ name: String, uses: Dependency...) -> Target {
        .executableTarget(
            name: name, dependencies: uses, path: "Sources/Programs/\(name)",
            swiftSettings: strict)
    }

    /// A C library of the distribution, with a header that names what is used of it.
    static func library(_ name: String, pkgConfig: String? = nil, package: String) -> Target {
        .systemLibrary(
            name: name, path: "Sources/CLibraries/\(name)", pkgConfig: pkgConfig,
            providers: [.apt([package])])
    }

    /// The tests in `Tests/<subject>Tests`.
    static func tests(_ subject: String, uses: Dependency...) -> Target {
        let unbuilt = ["Supervision": ["Snapshots"], "Fuzzing": ["Corpus", "main.swift"]]
        let subjects: [Dependency] =
            ["Tidy", "EndToEnd", "Simulation", "Nginx", "Fuzzing"].contains(subject)
            ? [] : [.init(stringLiteral: subject)]
        return .testTarget(
            name: "\(subject)Tests", dependencies: subjects + uses + ["TestSupport"],
            path: "Tests/\(subject)Tests", exclude: unbuilt[subject] ?? [],
            swiftSettings: strict)
    }

    /// What several test targets share, in `Tests/<name>`.
    static func support(_ name: String, uses: Dependency...) -> Target {
        .target(name: name, dependencies: uses, path: "Tests/\(name)", swiftSettings: strict)
    }

    private static var strict: [SwiftSetting] {
        [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .treatAllWarnings(as: .error),
        ]
    }
}

extension Target.Dependency {
    static var argumentParser: Self {
        .product(name: "ArgumentParser", package: "swift-argument-parser")
    }
    static var system: Self { .product(name: "SystemPackage", package: "swift-system") }
    static func nio(_ name: String) -> Self { .product(name: name, package: "swift-nio") }
}

extension Target.Dependency {
    fileprivate var isTestSupport: Bool {
        if case .byNameItem("TestSupport", _) = self { true } else { false }
    }
}
