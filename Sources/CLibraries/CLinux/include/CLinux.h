// The calls Swift cannot make: spawning without copying the address space, and what Glibc's module lacks.
// Nothing here allocates, and nothing here decides.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <linux/filter.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/// The steps of a spawn, in their order; a failed one is reported with its errno.
enum catalyst_step {
    CATALYST_STEP_NONE,
    CATALYST_STEP_CLONE,
    CATALYST_STEP_SESSION,
    CATALYST_STEP_CGROUP,
    CATALYST_STEP_STDIN,
    CATALYST_STEP_STDOUT,
    CATALYST_STEP_STDERR,
    CATALYST_STEP_DESCRIPTOR,
    CATALYST_STEP_OOM_SCORE,
    CATALYST_STEP_RLIMIT,
    CATALYST_STEP_NAMESPACE,
    CATALYST_STEP_READ_ONLY,
    CATALYST_STEP_MOUNT,
    CATALYST_STEP_DEVICES,
    CATALYST_STEP_PROC,
    CATALYST_STEP_CAPABILITIES,
    CATALYST_STEP_GROUPS,
    CATALYST_STEP_GROUP,
    CATALYST_STEP_USER,
    CATALYST_STEP_DIRECTORY,
    CATALYST_STEP_NO_NEW_PRIVILEGES,
    CATALYST_STEP_DEATH_SIGNAL,
    CATALYST_STEP_LANDLOCK,
    CATALYST_STEP_SECCOMP,
    CATALYST_STEP_EXECUTE,
    /// A process of its user stopped it before it could begin; it is killed.
    CATALYST_STEP_STOPPED,
};

enum catalyst_mount_kind {
    /// As it is now, whatever becomes of the places around it.
    CATALYST_MOUNT_WRITABLE,
    /// The same, but read-only where the rest is.
    CATALYST_MOUNT_VISIBLE,
    /// An empty directory, or an empty file; what is not there is hidden already.
    CATALYST_MOUNT_HIDDEN,
    /// An empty directory in memory that all may write to.
    CATALYST_MOUNT_TMPFS,
};

/// At most CATALYST_MOUNTS_MAX of them.
struct catalyst_mount {
    /// Absolute, without `.`, `..` and a `/` at its end.
    const char *path;
    enum catalyst_mount_kind kind;
};
enum { CATALYST_MOUNTS_MAX = 512 };

struct catalyst_rlimit {
    int resource;
    uint64_t soft, hard;
};

/// Everything a child is given. Pointers are only read, and only until the call returns.
struct catalyst_spawn {
    /// Paths to try in turn; NULL ends them. Unused where `executable` is a descriptor.
    const char *const *paths;
    /// -1, or an open program, for callers whose child may not search the way to it.
    int executable;
    char *const *argv;
    char *const *envp;
    /// NULL: stay.
    const char *directory;
    /// Descriptors for 0, 1 and 2; -1: /dev/null, or the path below.
    int standard[3];
    /// FIFOs, opened read-write by the child. NULL: use `standard`.
    const char *stdout_path, *stderr_path;
    /// Descriptors for 3, 4 …
    const int *descriptors;
    size_t descriptor_count;
    /// The LISTEN_PID= entry in `envp`, at least 31 bytes long, to be completed with the child's pid; or NULL.
    char *listen_pid;
    /// A cgroup v2 directory; -1: stay.
    int cgroup;
    /// 1: a session of its own; 0: a process group of its own.
    int new_session;
    /// 1: become `user`, `group`, `groups`.
    int change_user;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    const struct catalyst_rlimit *rlimits;
    size_t rlimit_count;
    /// Outside -1000 … 1000: leave.
    int oom_score_adjustment;
    /// 1: keep no capability but those in `capabilities`, a bit each.
    int limit_capabilities;
    uint64_t capabilities;
    /// Given to a user other than root, as ambient ones; a bit each.
    uint64_t ambient_capabilities;
    int no_new_privileges;
    int read_only;
    /// What differs from the rest of the file system; a place comes before what is below it.
    const struct catalyst_mount *mounts;
    size_t mount_count;
    /// 1: mount none of them; they only say where Landlock lets it write.
    int leave_mounts;
    /// 1: a /proc of its own, read-only, without the processes of others.
    int hide_processes;
    /// 1: no device can be opened but null, zero, random and terminals, and those below writable places.
    int usual_devices_only;
    /// 1: Landlock lets it write to its mounts that are writable only, where the kernel has it.
    int restrict_writes;
    /// A seccomp program, installed last; or NULL.
    const struct sock_filter *filter;
    size_t filter_length;
    /// 0, or the signal it gets when the agent's thread ends.
    int death_signal;
    /// 1: clone() instead of clone3(), for kernels and sandboxes without the latter.
    int classic;
};

struct catalyst_spawned {
    pid_t pid;
    int pidfd;
    enum catalyst_step step;
    /// The errno of `step`.
    int error;
    /// Which descriptor, rlimit or mount it was.
    int index;
    /// The version of Landlock that restricts its writes; 0: none.
    int landlock;
};

/// Starts a child. Returns 0, or -1 with `step` and `error` set and no child left.
int catalyst_spawn(const struct catalyst_spawn *request, struct catalyst_spawned *result);

int catalyst_pidfd_open(pid_t pid);
int catalyst_pidfd_send_signal(int pidfd, int signal);
/// waitid(P_PIDFD): 1 reaped, 0 still running, -1 errno. `code` and `status` are siginfo's.
int catalyst_wait_pidfd(int pidfd, int *code, int *status);
/// waitid(P_ALL): the pid reaped, 0 none has ended, -1 errno.
pid_t catalyst_wait_any(int *code, int *status);
int catalyst_become_subreaper(void);
/// epoll_pwait2 where the kernel has it; otherwise epoll_wait, rounded up. Negative: no limit.
int catalyst_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t nanoseconds);
/// Blocks all signals that a loop reads, ignores SIGPIPE, and opens a signalfd for them.
int catalyst_signalfd(const int *signals, size_t count);
/// Receives a datagram with its sender's credentials. `pid` is 0 where there are none.
ssize_t catalyst_receive_credentials(int socket, void *buffer, size_t size, pid_t *pid, uid_t *uid);
/// pipe2: closed on exec, the reading end never blocks.
int catalyst_pipe(int ends[2]);
/// accept4, never blocking, closed on exec.
int catalyst_accept(int listener);
void catalyst_name_thread(pthread_t thread, const char *name);
/// SO_PEERCRED of a connected Unix socket.
int catalyst_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);
/// SO_PEERGROUPS: how many supplementary groups the peer has (at most `count` are stored), or -1.
int catalyst_peer_groups(int socket, gid_t *groups, int count);
/// SO_PEERPIDFD (Linux 6.5): the process that connected, closed on exec; or -1.
int catalyst_peer_pidfd(int socket);
int catalyst_set_pdeathsig(int signal);
/// From now on others of its user may not trace it, nor see its memory, environment and descriptors.
int catalyst_hide_memory(void);

/// Gives the reuseport group of `socket` a filter: connections from `source` (an IPv4 address as a number; 0: nobody)
/// go to the member with index `canary`, all others to the one with index `others`.
int catalyst_steer(int socket, uint32_t source, uint32_t canary, uint32_t others);
/// How many connections wait in a TCP listener, or -1.
int catalyst_accept_queue(int listener);
/// pidfd_getfd: a copy of the descriptor `number` of another process, closed on exec; or -1.
int catalyst_take_descriptor(int pidfd, int number);

/// Sends a datagram with a copy of `descriptor`, never waiting. Returns the bytes sent, or -1.
ssize_t catalyst_send_descriptor(int socket, const char *text, size_t length, int descriptor);

/// memfd_create with these bytes, which nobody can change from then on; closed on exec; or -1.
int catalyst_sealed_memory(const char *name, const void *bytes, size_t size);
/// Whether nobody can change it any more.
int catalyst_is_sealed(int memory);
/// What was stored before it is stored before what comes after: for memory that outlives this process.
void catalyst_order_stores(void);
/// syncfs: all that was written to the file system of `descriptor` is on the disk.
int catalyst_sync_file_system(int descriptor);
/// copy_file_range from and to the current positions: how many bytes, 0 at the end, or -1.
ssize_t catalyst_copy_range(int source, int target, size_t bytes);
/// Nice 10 and the idle class of the disk, for this process and what it starts; as far as the kernel lets it.
void catalyst_lower_priority(void);
