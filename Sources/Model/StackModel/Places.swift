/// Where the agent of user `uid` has its control socket, when nobody says otherwise.
package func defaultRuntimeDirectory(uid: UInt32, environment: [String: String]) -> String {
    if uid == 0 { return "/run/catalyst" }
    guard let runtime = absolutePath("XDG_RUNTIME_DIR", in: environment) else {
        return "/tmp/catalyst-\(uid)"
    }
    return runtime + "/catalyst"
}

/// Where the agent of user `uid` remembers things, when nobody says otherwise.
package func defaultStateDirectory(uid: UInt32, environment: [String: String]) -> String {
    if uid == 0 { return "/var/lib/catalyst" }
    if let state = absolutePath("XDG_STATE_HOME", in: environment) { return state + "/catalyst" }
    guard let home = absolutePath("HOME", in: environment) else {
        return "/tmp/catalyst-\(uid)/state"
    }
    return home + "/.local/state/catalyst"
}

/// The control socket's name in the runtime directory.
package let controlSocketName = "control.sock"

/// Where `stack.yaml`, `stack.d` and `.env` are when no file is named.
package let defaultStackDirectory = "/etc/catalyst"

/// The stack file that is meant when none is named.
package let defaultStackFile = defaultStackDirectory + "/stack.yaml"

/// The XDG specification: a relative path is invalid and ignored, like an empty one.
private func absolutePath(_ name: String, in environment: [String: String]) -> String? {
    guard let path = environment[name], path.hasPrefix("/") else { return nil }
    return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
}
