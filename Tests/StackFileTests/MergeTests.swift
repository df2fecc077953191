import StackModel
import Testing

@testable import StackFile

@Test func `several files are merged as Compose merges them`() throws {
    let folder = try StackFolder([
        "base.yaml": """
        name: base
        services:
          a:
            command: [one, two]
            environment: [A=1, B=2]
            labels: {x: "1"}
            depends_on: [b]
            cap_add: [KILL, CHOWN]
            healthcheck: {test: [CMD, x], interval: 9s}
            logging: {driver: json-file, options: {max-size: 1m, max-file: 2}}
            user: root
            ports: ["127.0.0.1:80:80"]
          b: {command: x}
        """,
        "over.yaml": """
        services:
          a:
            command: three
            environment: {B: 3, C: 4}
            labels: [y=2]
            depends_on: {c: {condition: service_started}}
            cap_add: [KILL, FOWNER]
            healthcheck: {test: [NOTIFY]}
            logging: {options: {max-file: 7}}
            ports: ["127.0.0.1:80:80", "127.0.0.1:81:81"]
          c: {command: y}
        """,
    ])
    let outcome = folder.load(["base.yaml", "over.yaml"])
    #expect(outcome.errors == [])
    #expect(outcome.stack?.name == "base")
    #expect(outcome.stack?.services.map(\.name) == ["a", "b", "c"])
    let spec = try #require(outcome["a"])
    #expect(spec.command == ["three"])
    #expect(spec.environment == ["A": "1", "B": "3", "C": "4"])
    #expect(spec.labels == ["x": "1", "y": "2"])
    #expect(spec.dependencies.map(\.service) == ["b", "c"])
    #expect(spec.confinement.capabilitiesAdded == ["KILL", "CHOWN", "FOWNER"])
    #expect((spec.healthCheck.probe, spec.healthCheck.interval) == (.notify, .seconds(9)))
    #expect((spec.logging.sizeMax, spec.logging.filesMax) == (.mebibytes(1), 7))
    #expect(spec.user == "root")
    #expect(spec.ports == [Port(number: 80), Port(number: 81)])
}

@Test func `a later file can take back and replace`() throws {
    let folder = try StackFolder([
        "base.yaml": """
        services:
          a: {command: x, user: root, environment: {A: 1, B: 2}, cap_add: [KILL]}
          b: {command: x}
        """,
        "over.yaml": """
        services:
          a: {user: !reset null, environment: {A: !reset null}, cap_add: !override [CHOWN]}
          b: !reset null
        """,
    ])
    let outcome = folder.load(["base.yaml", "over.yaml"])
    #expect(outcome.errors == [])
    #expect(outcome.stack?.services.map(\.name) == ["a"])
    #expect(outcome["a"]?.user == nil)
    #expect(outcome["a"]?.environment == ["B": "2"])
    #expect(outcome["a"]?.confinement.capabilitiesAdded == ["CHOWN"])
}

@Test func `a problem names the file it came from`() throws {
    let folder = try StackFolder([
        "base.yaml": "services:\n  a: {command: x, restart: sometimes}\n",
        "over.yaml": "services:\n\n  a:\n    usr: root\n",
    ])
    #expect(
        folder.load(["base.yaml", "over.yaml"]).errors == [
            "base.yaml:2: 'restart': unknown policy 'sometimes': "
                + "must be 'no', 'always', 'on-failure' or 'unless-stopped'",
            "over.yaml:4: 'usr': unknown key, did you mean 'user'?",
        ])
}

@Test func `anchors, aliases, merge keys and extension fields work anywhere`() throws {
    let outcome = try load(
        """
        x-one: &one {user: root, stop_signal: INT}
        x-two: &two {user: nobody, restart: always}
        services:
          a:
            <<: [*one, *two]
            stop_signal: HUP
            command: [&word run, *word]
            x-note: {anything: [goes]}
            healthcheck: {x-why: because, test: [NOTIFY]}
        """)
    #expect(outcome.errors == [])
    let spec = try #require(outcome["a"])
    #expect(spec.user == "root")
    #expect(spec.stopSignal == SignalName(number: 1))
    #expect(spec.restart.condition == .always)
    #expect(spec.command == ["run", "run"])
}
