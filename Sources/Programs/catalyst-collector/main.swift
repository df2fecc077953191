// The agent's senses: asks the network, measures processes, decides nothing. Started by catalystd.
internal import Collector
internal import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.count {
case 0:
    collect(over: 3)
case 2 where arguments[0] == "--fd":
    if let descriptor = CInt(arguments[1]), descriptor >= 0 { collect(over: descriptor) }
default:
    break
}
note("usage: catalyst-collector [--fd N], where N is a socket of catalystd (default 3)")
exit(ExitCode.impossible)
