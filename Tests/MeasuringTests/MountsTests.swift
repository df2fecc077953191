internal import Glibc
internal import Testing

@testable internal import Measuring

private let mountinfo = """
    22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
    23 22 0:21 / /proc rw,relatime - proc proc rw
    30 22 0:40 / /mnt/share rw,relatime shared:5 master:1 - nfs4 host:/export rw,vers=4.2
    31 30 0:41 / /mnt/share/local rw - tmpfs tmpfs rw
    32 22 0:42 / /mnt/with\\040space rw - cifs //host/share rw
    33 22 0:43 / /home rw - fuse.sshfs me@host: rw
    34 22 8:1 / /media rw - fuseblk /dev/sda1 rw
    35 22 0:44 / /auto rw - autofs systemd-1 rw
    36 35 0:45 / /auto rw - ext4 /dev/sdb rw
    garbage
    37 22 0:46 / /cut -
    """

@Test(arguments: [
    ("/", true), ("/var/log", true), ("/mnt", true), ("/mnt/shared", true), ("/mnt/share", false),
    ("/mnt/share/deep/below", false), ("/mnt/share/local/x", true), ("/mnt/with space/x", false),
    ("/home/me", false), ("/homely", true), ("/media/disk", true), ("/auto/x", true),
    ("/cut", true),
])
func `a path is on the mount above it`(path: String, isLocal: Bool) {
    #expect(Mounts(kernel(mountinfo)).isLocal(path) == isLocal)
}

@Test func `without mounts everything is local`() {
    #expect(Mounts(kernel("")).isLocal("/a/b"))
}

@Test func `a link into a network's file system is not followed`() throws {
    let directory = try TemporaryDirectory()
    let mounts = Mounts(
        kernel("1 1 0:1 / / rw - ext4 x rw\n2 1 0:2 / \(directory.path)/net rw - nfs4 x rw\n"))
    for name in ["net", "here"] { #expect(mkdir(directory.path + "/" + name, 0o700) == 0) }
    for (name, target) in [
        ("away", "net/deep"), ("absolute", directory.path + "/net"), ("home", "./here/../here"),
        ("ring", "ring"), ("far", "away/x"),
    ] {
        #expect(symlink(target, directory.path + "/" + name) == 0)
    }
    let root = try #require(mounts.localPath(of: directory.path))
    #expect(mounts.localPath(of: directory.path + "/home/x") == root + "/here/x")
    #expect(mounts.localPath(of: directory.path + "/./here//") == root + "/here")
    for name in ["away", "absolute", "ring", "far", "net", "home/../net/x"] {
        #expect(mounts.localPath(of: directory.path + "/" + name) == nil)
    }
    #expect(mounts.localPath(of: "relative") == nil)
}
