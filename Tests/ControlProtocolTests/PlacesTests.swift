import StackModel
import Testing

@Test func `root's places are the system's, whatever its environment says`() {
    let environment = ["XDG_RUNTIME_DIR": "/run/user/0", "XDG_STATE_HOME": "/root/state"]
    #expect(defaultRuntimeDirectory(uid: 0, environment: environment) == "/run/catalyst")
    #expect(defaultStateDirectory(uid: 0, environment: environment) == "/var/lib/catalyst")
}

@Test func `a user's places follow the XDG specification`() {
    #expect(
        defaultRuntimeDirectory(uid: 1000, environment: ["XDG_RUNTIME_DIR": "/run/user/1000/"])
            == "/run/user/1000/catalyst")
    #expect(
        defaultStateDirectory(uid: 1000, environment: ["XDG_STATE_HOME": "/s", "HOME": "/home/a"])
            == "/s/catalyst")
    #expect(
        defaultStateDirectory(
            uid: 1000, environment: ["XDG_STATE_HOME": "relative", "HOME": "/home/a"])
            == "/home/a/.local/state/catalyst")
}

@Test func `without any of them it is a directory of one's own`() {
    #expect(
        defaultRuntimeDirectory(uid: 1000, environment: ["XDG_RUNTIME_DIR": ""])
            == "/tmp/catalyst-1000")
    #expect(defaultStateDirectory(uid: 1000, environment: [:]) == "/tmp/catalyst-1000/state")
}
