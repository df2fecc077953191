internal import StackModel

/// The stack's files where nobody names any: `/etc/catalyst/stack.yaml`, and over it, in the order of their names, the
/// `*.yaml` of `/etc/catalyst/stack.d`: what is this machine's own.
package func defaultStackFiles(in directory: String = defaultStackDirectory) -> [String] {
    let overlays = directory + "/stack.d"
    let names = Directory.names(in: overlays).filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }
    return [directory + "/stack.yaml"] + names.sorted().map { overlays + "/" + $0 }
}
