internal import Glibc
internal import LinuxSystem

/// Makes `directory` with `mode`, and its parents as a shell would.
func makeDirectories(_ directory: String, mode: mode_t) throws(SystemError) {
    if mkdir(directory, mode) == 0 { return }
    switch errno {
    case EEXIST:
        return
    case ENOENT:
        guard let slash = directory.lastIndex(of: "/"), slash > directory.startIndex else { break }
        try makeDirectories(String(directory[..<slash]), mode: 0o755)
        if mkdir(directory, mode) == 0 || errno == EEXIST { return }
    default:
        break
    }
    throw SystemError("make the directory '\(directory)'")
}
