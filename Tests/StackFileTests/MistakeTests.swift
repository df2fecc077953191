import StackModel
import Testing

@testable import StackFile

/// Whole files, and below each all that is said of it.
private let fileMistakes = """
    >  is empty

    # nothing
    >  is empty

    - a
    > 1: must be a mapping with 'services', is a list

    name: a
    > 1: 'services': is missing: there is nothing to run

    services: {}
    > 1: 'services': is empty: there is nothing to run

    services: [a]
    > 1: 'services': must be a mapping, is a list

    services:
      a:
    > 2: 'a': has no 'command'

    services:
      a:
        image: redis
    > 2: 'a': 'image' has no effect here: give it a 'command'

    services:
      a/b: {command: x}
    > 2: 'a/b': is no service name: letters, digits, '-', '_' and '.', at most 64 of them

    services:
      a: {command: "it's"}
    > 2: 'command': has a quote that is not closed

    services:
      a: {command: []}
    > 2: 'command': is empty

    services:
      a:
    \tcommand: x
    > 3: a tab in the indentation: YAML takes only spaces

    services:
      a: {command: x
    > 3: did not find expected ',' or '}', while parsing a flow mapping that starts on line 2

    services: {a: {command: x}}
    ---
    b: 1
    > 2: only one YAML document is read: remove '---'

    services: {a: {command: x}}
    nam: b
    > 2: 'nam': unknown key, did you mean 'name'?

    services: {a: {command: x}}
    x-catalyst: {freeze: [Mon-Fry 09:30-16:00 UTC]}
    > 2: 'x-catalyst.freeze': 'Mon-Fry 09:30-16:00 UTC': unknown day 'Fry', did you mean 'Fr…

    services: {a: {command: x}}
    x-catalyst: {freeze: [Mon 09:30-25:00]}
    > 2: 'x-catalyst.freeze': 'Mon 09:30-25:00': '25:00' is no time from '00:00' to '24:00'

    services: {a: {command: x}}
    x-catalyst: {freeze: [Mon 09:30-16:00 NewYork]}
    > 2: 'x-catalyst.freeze': 'Mon 09:30-16:00 NewYork': 'NewYork' is no time zone such as '…

    services: {a: {command: x}}
    x-catalyst: {freeze: ["* * * * *"]}
    > 2: 'x-catalyst.freeze': '* * * * *': must look like 'Mon-Fri 09:30-16:00 America/New_Y…

    services: {scanner: {command: x}}
    x-catalyst: {rollout: {order: [scaner]}}
    > 2: 'x-catalyst.rollout.order': unknown service 'scaner', did you mean 'scanner'?

    services:
      a: {command: x, depends_on: [b]}
      b: {command: x, depends_on: [c]}
      c: {command: x, depends_on: [a]}
    > 2: 'depends_on': is a circle: a -> b -> c -> a

    services:
      redis: {command: x}
      b: {command: x, depends_on: [redi]}
    > 3: 'depends_on': unknown service 'redi', did you mean 'redis'?

    services:
      a: {command: x}
      b: {command: x, depends_on: {a: {condition: service_healthy}}}
    > 3: 'depends_on': 'a' has no 'healthcheck' that could make it healthy

    services:
      a: {command: x, restart: always}
      b: {command: x, depends_on: {a: {condition: service_completed_successfully}}}
    > 3: 'depends_on': 'a' is always restarted, so it is never completed

    services:
      a: {command: x, healthcheck: {test: [HTTP, 'http://127.0.0.1:5001/']}}
      b: {command: x, healthcheck: {test: [HTTP, 'http://localhost:5001/']}}
    > 3: 'healthcheck.test': duplicate port 5001: 'a' has it already (line 2)

    services:
      a: {command: x, ports: ['127.0.0.1:1:80']}
      b: {command: x, x-catalyst: {listen: '127.0.0.1:80'}}
    > 3: 'x-catalyst.listen': duplicate port 80: 'a' has it already (line 2)

    services:
      a: {command: x, x-catalyst: {listen: /run/a.sock}}
      b: {command: x, x-catalyst: {listen: '@a'}}
      c: {command: x, x-catalyst: {listen: /run/a.sock}}
    > 4: 'x-catalyst.listen': duplicate socket: 'a' has it already (line 2)

    services: {a: {command: x}}
    x-catalyst: {release: {}}
    > 2: 'x-catalyst.release': unknown key, did you mean 'releases'?

    services: {a: {command: x}}
    x-catalyst:
      releases: {directory: opt/catalyst, repository: catalyst.git, build: [], build_timeout: 0,
        keep: 0, stack: ../stack.yaml, space: some, buld: x}
    > 3: 'x-catalyst.releases.directory': 'opt/catalyst' is no absolute path such as '/opt/catalyst'
    > 3: 'x-catalyst.releases.repository': must be an absolute path or a URL such as 'https://exam…
    > 3: 'x-catalyst.releases.build': is empty
    > 3: 'x-catalyst.releases.build_timeout': must be at least 1s, is '0'
    > 4: 'x-catalyst.releases.keep': must be a whole number from 1 to 100, is '0'
    > 4: 'x-catalyst.releases.stack': '../stack.yaml' must be a path inside the release, such as '…
    > 4: 'x-catalyst.releases.space': 'some' is no size such as '512m' or '1.5g'
    > 4: 'x-catalyst.releases.buld': unknown key, did you mean 'build'?

    services:
      a: {command: x, restart: maybe}
      b: {comand: x}
    name: [x]
    > 2: 'restart': unknown policy 'maybe': must be 'no', 'always', 'on-failure' or 'unless-…
    > 3: 'b': has no 'command'
    > 3: 'comand': unknown key, did you mean 'command'?
    > 4: 'name': must be text, is a list
    """.split(separator: "\n\n")

@Test(arguments: fileMistakes.indices)
func `every mistake of a file is told, in the file's order`(_ index: Int) throws {
    let lines = fileMistakes[index].split(separator: "\n")
    let text = lines.filter { !$0.hasPrefix("> ") }.joined(separator: "\n") + "\n"
    let messages = lines.filter { $0.hasPrefix("> ") }.map { $0.dropFirst(2) }
    let outcome = try load(text)
    #expect(outcome.stack == nil)
    #expect(outcome.errors.count == messages.count, "\(outcome.errors)")
    for (error, message) in zip(outcome.errors, messages) {
        let start = message.hasSuffix("…") ? message.dropLast() : message
        #expect(error.hasPrefix("stack.yaml:\(start)"), "\(error)")
    }
}

@Test func `a mistake in an anchor is told once, where it is written`() throws {
    let outcome = try load(
        """
        x-a: &a
          restart: sometimes
        services:
          a: {<<: *a, command: x}
          b: {<<: *a, command: x}
        """)
    #expect(outcome.errors.count == 1)
    #expect(outcome.errors.first?.hasPrefix("stack.yaml:2: 'restart'") == true)
}

@Test func `a screen of mistakes is shown, and the number of the rest`() throws {
    let keys = (0..<80).map { "wrong\($0): 1" }.joined(separator: "\n")
    let folder = try StackFolder(["stack.yaml": "services:\n  a: {command: x}\n\(keys)\n"])
    let errors = StackSource(files: [folder.path + "/stack.yaml"], environment: [:]).load().errors
    #expect(errors.count == 80)
    #expect(errors.lines.count == 51)
    #expect(errors.lines.last == "and 30 more")
}
