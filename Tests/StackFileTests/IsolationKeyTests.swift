import StackModel
import Testing

@testable import StackFile

@Test func `isolation closes everything, and what a service needs opens it`() throws {
    let outcome = try loadService(
        """
        command: x
        cap_add: [NET_BIND_SERVICE]
        x-catalyst:
          isolation:
            writable: [/srv/data/, "own", /srv/a/../data]
            visible: /srv/shared
            hidden: [/srv/secret]
            private_tmp: false
            private_proc: false
            allow_calls: [ptrace, unshare]
        """)
    #expect(outcome.errors == [])
    let spec = try #require(outcome["a"])
    var isolation = Isolation()
    isolation.writable = ["/srv/data", spec.workingDirectory + "/own"]
    isolation.visible = ["/srv/shared"]
    isolation.hidden = ["/srv/secret"]
    isolation.privateTmp = false
    isolation.privateProc = false
    isolation.callsAllowed = ["ptrace", "unshare"]
    #expect(spec.confinement.isolation == isolation)
    #expect(spec.confinement.readOnly && spec.confinement.noNewPrivileges)
    #expect(spec.confinement.capabilitiesDropped == ["ALL"])
    #expect(spec.confinement.capabilitiesAdded == ["NET_BIND_SERVICE"])
}

@Test func `the stack's isolation is everybody's who says nothing, and a service adds to it`()
    throws
{
    let folder = try StackFolder([
        "stack.yaml": """
        services:
          usual: {command: x}
          more: {command: x, read_only: false, x-catalyst: {isolation: {writable: /b, hidden: /d}}}
          none: {command: x, x-catalyst: {isolation: off}}
          same: {command: x, x-catalyst: {isolation: on}}
        x-catalyst: {isolation: {writable: [/a], hidden: [/d]}}
        """,
        "plain.yaml": "services: {a: {command: x}}",
        "more.yaml": "services: {more: {x-catalyst: {isolation: {writable: [/c]}}}}",
    ])
    let outcome = folder.load(["stack.yaml", "more.yaml"])
    #expect(outcome.errors == [])
    #expect(outcome["usual"]?.confinement.isolation?.writable == ["/a"])
    #expect(outcome["same"]?.confinement == outcome["usual"]?.confinement)
    #expect(outcome["more"]?.confinement.isolation?.writable == ["/a", "/b", "/c"])
    #expect(outcome["more"]?.confinement.isolation?.hidden == ["/d"])
    #expect(outcome["more"]?.confinement.readOnly == false)
    #expect(outcome["none"]?.confinement == Confinement())
    #expect(folder.load(["plain.yaml"])["a"]?.confinement == Confinement())
}

@Test(arguments: [
    ("{writable: /}", "is the whole file system: 'read_only: false' lets all of it be written"),
    ("{allow_calls: ptrase}", "no refused system call is called 'ptrase', did you mean 'ptrace'?"),
    ("{private_tmp: maybe}", "must be true or false, is 'maybe'"),
    ("{writeable: /a}", "unknown key, did you mean 'writable'?"),
    ("sometimes", "must be true or false, is 'sometimes'"), ("[a]", "must be a mapping, is a list"),
])
func `a mistake in an isolation is named`(value: String, message: String) throws {
    let outcome = try loadService("command: x\nx-catalyst: {isolation: \(value)}")
    #expect(outcome.errors.count == 1)
    #expect(outcome.errors.first?.contains(message) == true, "\(outcome.errors)")
}

@Test func `new privileges and isolation exclude each other`() throws {
    let outcome = try loadService(
        "command: x\nsecurity_opt: [no-new-privileges=false]\nx-catalyst: {isolation: on}")
    #expect(outcome.errors.first?.contains("an isolated service gets none") == true)
}

@Test func `where variables come from is known, as absolute paths`() throws {
    let folder = try StackFolder([
        "stack.yaml": "services: {a: {command: x, env_file: [more.env]}}", "more.env": "A=1\n",
        ".env": "B=1\n",
    ])
    let files = folder.load(["stack.yaml"]).stack?.variableFiles ?? []
    #expect(files.map { $0.split(separator: "/").last } == [".env", "more.env"])
    #expect(files.allSatisfy { $0.hasPrefix("/") })
}

@Test func `a place inside of what a service may write to is refused, for it may become a link`()
    throws
{
    func errors(_ isolation: String, of other: String = "off", more: String = "") throws -> [String]
    {
        let outcome = try load(
            """
            services:
              a: {command: x, \(more) x-catalyst: {isolation: \(isolation)}}
              b: {command: x, x-catalyst: {isolation: \(other)}}
            """)
        return outcome.errors
    }
    for (isolation, other) in [
        ("{writable: /srv/a/x}", "{writable: /srv/a}"),
        ("{visible: /srv/a/x}", "{writable: /srv/a}"),
        ("{writable: /srv, hidden: /srv/key}", "off"), ("{writable: /srv, visible: /srv/x}", "off"),
    ] {
        let errors = try errors(isolation, of: other)
        #expect(
            errors.count == 1 && errors[0].contains("could put a link in its place"), "\(errors)")
    }
    #expect(try errors("{writable: /srv}", more: "tmpfs: /srv/t,").count == 1)
    #expect(try errors("{writable: [/srv, /srv/x]}") == [])
    #expect(try errors("{writable: /srv/a}", of: "{writable: [/srv/a, /srv/ab]}") == [])
}

@Test func `variables are not taken from where a service may write`() throws {
    let folder = try StackFolder([
        "stack.yaml": """
        services:
          a: {command: x, env_file: a.env, x-catalyst: {isolation: {writable: .}}}
        """,
        "a.env": "TOKEN=1\n",
    ])
    let errors = folder.load(["stack.yaml"]).errors
    #expect(errors.count == 1 && errors[0].contains("is where 'a' may write"), "\(errors)")
}
