// What a child sees of the file system and which calls it may make; between clone and exec, so raw system calls only.
#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#endif
#ifndef SYS_move_mount
#define SYS_move_mount 429
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { TREE_CLONE = 1, TREE_RECURSIVE = 0x8000, MOVE_EMPTY_PATH = 4 };

struct mount_attributes {
    uint64_t set, clear, propagation, user_namespace;
};

int catalyst_fail(struct child *child, enum catalyst_step step, int index) {
    child->result->step = step;
    child->result->error = errno;
    child->result->index = index;
    return 127;
}

static int set_attributes(int tree, const char *path, uint64_t attributes_set, unsigned int flags) {
    struct mount_attributes attributes = {.set = attributes_set};
    return (int)syscall(SYS_mount_setattr, tree, path, flags, &attributes, sizeof attributes);
}

static int set_mount(const char *path, uint64_t attributes_set, unsigned int flags) {
    return set_attributes(AT_FDCWD, path, attributes_set, flags);
}

// A copy of the mounts at each place of this kind, as they are now, to be put back over what happens to it.
static int copy_trees(struct child *child, enum catalyst_mount_kind kind, int *trees) {
    for (int i = 0; i < (int)child->request->mount_count; i++) {
        const struct catalyst_mount *mount = &child->request->mounts[i];
        if (mount->kind != kind) continue;
        trees[i] = (int)syscall(SYS_open_tree, AT_FDCWD, mount->path, TREE_CLONE | TREE_RECURSIVE | O_CLOEXEC);
        if (trees[i] < 0) return catalyst_fail(child, CATALYST_STEP_MOUNT, i);
    }
    return 0;
}

// The directories above `path`, and itself as an empty file or directory: its parents may be covered.
static int make_place(const char *path, int is_directory) {
    char so_far[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof so_far) { errno = ENAMETOOLONG; return -1; }
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        memcpy(so_far, path, i);
        so_far[i] = 0;
        if (faccessat(AT_FDCWD, so_far, F_OK, 0) == 0) continue;
        if (i < length || is_directory) {
            if (mkdir(so_far, 0755) < 0) return -1;
        } else {
            int file = open(so_far, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
            if (file < 0) return -1;
            close(file);
        }
    }
    return 0;
}

// Devices are only in what is granted of /dev.
static int put_back(const char *path, int tree) {
    struct stat status;
    int is_device = strncmp(path, "/dev/", 5) == 0;
    if (!is_device && set_attributes(tree, "", MS_NODEV, AT_EMPTY_PATH | TREE_RECURSIVE) < 0) return -1;
    if (fstat(tree, &status) < 0 || make_place(path, S_ISDIR(status.st_mode)) < 0) return -1;
    if (syscall(SYS_move_mount, tree, "", AT_FDCWD, path, MOVE_EMPTY_PATH) < 0) return -1;
    close(tree);
    return 0;
}

// 1: it is a directory, and empty from now on. A file cannot be opened: a device in a mount without devices.
static int hide(const char *path) {
    struct stat status;
    if (stat(path, &status) < 0) return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
    if (!S_ISDIR(status.st_mode)) {
        if (mount("/dev/null", path, NULL, MS_BIND, NULL) < 0) return -1;
        return set_mount(path, MS_RDONLY | MS_NODEV, 0);
    }
    return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k") < 0 ? -1 : 1;
}

static int lay(const struct catalyst_mount *place, int tree) {
    switch (place->kind) {
    case CATALYST_MOUNT_WRITABLE:
    case CATALYST_MOUNT_VISIBLE: return put_back(place->path, tree);
    case CATALYST_MOUNT_HIDDEN: return hide(place->path);
    case CATALYST_MOUNT_TMPFS: return mount("tmpfs", place->path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
    }
    errno = EINVAL;
    return -1;
}

// What every program may expect; some sandboxes lack some.
static const char *const usual_devices[] = {
    "/dev/full", "/dev/null", "/dev/random", "/dev/tty", "/dev/urandom", "/dev/zero",
};
enum { USUAL_DEVICES = sizeof usual_devices / sizeof *usual_devices };

// Copies of them from before the mounts lost their devices.
static void copy_devices(int *trees) {
    for (int i = 0; i < USUAL_DEVICES; i++)
        trees[i] = (int)syscall(SYS_open_tree, AT_FDCWD, usual_devices[i], TREE_CLONE | O_CLOEXEC);
}

static int put_devices_back(const int *trees) {
    for (int i = 0; i < USUAL_DEVICES; i++) {
        if (trees[i] < 0) continue;
        if (set_attributes(trees[i], "", MS_RDONLY, AT_EMPTY_PATH) < 0) return -1;
        if (syscall(SYS_move_mount, trees[i], "", AT_FDCWD, usual_devices[i], MOVE_EMPTY_PATH) < 0) return -1;
        close(trees[i]);
    }
    // Terminals of its own, not those of people: where there are any.
    if (mount("devpts", "/dev/pts", "devpts", MS_RDONLY | MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") == 0)
        return mount("/dev/pts/ptmx", "/dev/ptmx", NULL, MS_BIND, NULL);
    return errno == ENOENT || errno == ENODEV ? 0 : -1;
}

int catalyst_confine_mounts(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    int trees[CATALYST_MOUNTS_MAX], devices[USUAL_DEVICES], count = (int)request->mount_count, status;
    // Covers become read-only last, when the places below them have been made.
    uint8_t is_cover[CATALYST_MOUNTS_MAX];
    uint64_t closed = (request->read_only ? MS_RDONLY : 0) | (request->usual_devices_only ? MS_NODEV : 0);
    if (request->leave_mounts || (!closed && !count && !request->hide_processes)) return 0;
    if (syscall(SYS_unshare, CLONE_NEWNS) < 0) return catalyst_fail(child, CATALYST_STEP_NAMESPACE, 0);
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0) return catalyst_fail(child, CATALYST_STEP_NAMESPACE, 0);
    if (count > CATALYST_MOUNTS_MAX) {
        errno = E2BIG;
        return catalyst_fail(child, CATALYST_STEP_MOUNT, CATALYST_MOUNTS_MAX);
    }
    if ((status = copy_trees(child, CATALYST_MOUNT_WRITABLE, trees))) return status;
    if (request->usual_devices_only) copy_devices(devices);
    if (closed && set_mount("/", closed, TREE_RECURSIVE) < 0) return catalyst_fail(child, CATALYST_STEP_READ_ONLY, 0);
    if (request->usual_devices_only && put_devices_back(devices) < 0)
        return catalyst_fail(child, CATALYST_STEP_DEVICES, 0);
    if ((status = copy_trees(child, CATALYST_MOUNT_VISIBLE, trees))) return status;
    for (int i = 0; i < count; i++) {
        int laid = lay(&request->mounts[i], trees[i]);
        if (laid < 0) return catalyst_fail(child, CATALYST_STEP_MOUNT, i);
        is_cover[i] = laid == 1;
    }
    for (int i = 0; i < count; i++)
        if (is_cover[i] && set_mount(request->mounts[i].path, MS_RDONLY, 0) < 0)
            return catalyst_fail(child, CATALYST_STEP_MOUNT, i);
    // Whoever is in the group sees all: root's, if none is named. So one that nobody is in.
    if (request->hide_processes
        && mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "hidepid=2,gid=4294967294") < 0)
        return catalyst_fail(child, CATALYST_STEP_PROC, 0);
    return 0;
}

// landlock(7). Rights to change things; reading is the mounts' business.
enum {
    WRITE_FILE = 1 << 1, TRUNCATE = 1 << 14,
    // Remove and make all kinds of entries, and (REFER, of version 2) move them between directories.
    CHANGE_DIRECTORY = 0x3ff << 4,
};

struct __attribute__((packed)) landlock_path {
    uint64_t allowed;
    int32_t parent;
};

// A place that cannot be opened cannot be written either: no rule, no harm.
static void let_write(int rules, const char *path, int opened, uint64_t handled) {
    struct stat status;
    int place = path ? open(path, O_PATH | O_CLOEXEC) : opened;
    if (place < 0) return;
    if (fstat(place, &status) == 0) {
        uint64_t allowed = S_ISDIR(status.st_mode) ? handled : handled & (WRITE_FILE | TRUNCATE);
        struct landlock_path rule = {.allowed = allowed, .parent = place};
        syscall(SYS_landlock_add_rule, rules, 1 /* LANDLOCK_RULE_PATH_BENEATH */, &rule, 0);
    }
    if (path) close(place);
}

int catalyst_restrict_writes(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    if (!request->restrict_writes) return 0;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1 /* LANDLOCK_CREATE_RULESET_VERSION */);
    // Version 1 (before 5.19) refuses all moves between directories, which programs do not expect.
    if (version < 2) return 0;
    uint64_t handled = WRITE_FILE | CHANGE_DIRECTORY | (version >= 3 ? TRUNCATE : 0);
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0) return catalyst_fail(child, CATALYST_STEP_LANDLOCK, 0);
    for (size_t i = 0; i < request->mount_count; i++)
        if (request->mounts[i].kind == CATALYST_MOUNT_WRITABLE || request->mounts[i].kind == CATALYST_MOUNT_TMPFS)
            let_write(rules, request->mounts[i].path, -1, handled);
    // Devices, and what standard output and error are: programs open both anew.
    let_write(rules, "/dev", -1, WRITE_FILE);
    for (int number = 0; number < 3; number++) let_write(rules, NULL, number, WRITE_FILE);
    int failed = syscall(SYS_landlock_restrict_self, rules, 0) < 0;
    if (failed) return catalyst_fail(child, CATALYST_STEP_LANDLOCK, 0);
    close(rules);
    child->result->landlock = (int)version;
    return 0;
}

int catalyst_filter_calls(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    if (!request->filter) return 0;
    struct sock_fprog program = {
        .len = (unsigned short)request->filter_length, .filter = (struct sock_filter *)request->filter,
    };
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
        return catalyst_fail(child, CATALYST_STEP_SECCOMP, 0);
    return 0;
}
