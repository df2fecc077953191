internal import CatalystAgent
internal import Glibc

// Flags and wiring; the agent itself is in `CatalystAgent`.

let usage = """
    Usage: catalystd [--stack FILE]… [--profile NAME]… [--env-file FILE]
                     [--state DIRECTORY] [--socket PATH] [--cgroup PATH]

    Runs the services of the stack in the foreground and keeps them well, until SIGTERM or
    SIGINT stops them in order (a second one: at once). SIGHUP reads the stack files again.

      --stack FILE       a stack file; several are merged in order
                         (default: \(AgentOptions.defaultStack), and over it
                         what is in stack.d beside it)
      --profile NAME     start the services of this profile as well
      --env-file FILE    variables for the stack file, instead of the .env beside it
      --state DIRECTORY  what the agent remembers, and logs (root: /var/lib/catalyst;
                         others: $XDG_STATE_HOME/catalyst or ~/.local/state/catalyst)
      --socket PATH      where catalystctl asks (root: /run/catalyst/control.sock;
                         others: $XDG_RUNTIME_DIR/catalyst/control.sock)
      --cgroup PATH      where the services' cgroups are kept, so that their limits can be
                         enforced: the cgroup of a unit that has no process and Delegate=yes,
                         below /sys/fs/cgroup (default: catalystd's own, without limits)
      --version, --help

    Exit: 0 stopped in order, 100 it cannot work as asked (do not restart it), 111 the
    system refused something (do).
    """

func fail(_ words: String, code: Int32) -> Never {
    var line = "catalystd: \(words)\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    exit(code)
}

// They are read from /proc: without it they would be taken for none, and another state for this agent's.
guard !CommandLine.arguments.isEmpty else {
    fail("cannot read its own arguments: mount /proc ('mount -t proc proc /proc')", code: 111)
}
var flags = CommandLineFlags(CommandLine.arguments.dropFirst())
if flags.wantsHelp {
    print(usage)
    exit(0)
}
if flags.wantsVersion {
    print("catalystd \(AgentOptions.version)")
    exit(0)
}
if let mistake = flags.mistake { fail("\(mistake)\n\n\(usage)", code: 100) }

if let number = flags.handoverToTry {
    let (code, words) = Agent.tryHandover(flags.options, number: number)
    fail(words, code: code)
}

do {
    exit(try Agent(flags.options).run())
} catch {
    fail("\(error)", code: 111)
}
