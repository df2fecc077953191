// System calls that Glibc's module lacks, or whose macros and unions Swift cannot see.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int catalyst_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int catalyst_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

static pid_t wait_for(idtype_t type, id_t id, int *code, int *status) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    int result;
    do result = waitid(type, id, &info, WEXITED | WNOHANG); while (result < 0 && errno == EINTR);
    if (result < 0) return -1;
    *code = info.si_code;
    *status = info.si_status;
    return info.si_pid;
}

int catalyst_wait_pidfd(int pidfd, int *code, int *status) {
    pid_t pid = wait_for(P_PIDFD, (id_t)pidfd, code, status);
    return pid > 0 ? 1 : pid;
}

pid_t catalyst_wait_any(int *code, int *status) { return wait_for(P_ALL, 0, code, status); }

int catalyst_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int catalyst_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
int catalyst_set_pdeathsig(int signal) { return prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0); }

int catalyst_epoll_wait(int epoll, struct epoll_event *events, int count, int64_t nanoseconds) {
    static int has_pwait2 = 1;
    if (has_pwait2) {
        struct timespec limit = {nanoseconds / 1000000000, nanoseconds % 1000000000};
        int ready = (int)syscall(SYS_epoll_pwait2, epoll, events, count, nanoseconds < 0 ? NULL : &limit, NULL, 0);
        if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) return ready;
        has_pwait2 = 0;
    }
    int64_t milliseconds = nanoseconds < 0 ? -1 : (nanoseconds + 999999) / 1000000;
    return epoll_wait(epoll, events, count, milliseconds > 86400000 ? 86400000 : (int)milliseconds);
}

int catalyst_signalfd(const int *signals, size_t count) {
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++) sigaddset(&set, signals[i]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) return -1;
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

ssize_t catalyst_receive_credentials(int socket, void *buffer, size_t size, pid_t *pid, uid_t *uid) {
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int) * 16)];
    } control;
    struct iovec vector = {buffer, size};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t received = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *pid = 0;
    *uid = (uid_t)-1;
    if (received < 0) return received;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level != SOL_SOCKET) continue;
        if (c->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(c), sizeof credentials);
            *pid = credentials.pid;
            *uid = credentials.uid;
        } else if (c->cmsg_type == SCM_RIGHTS) {
            // Nobody was asked for descriptors: a service must not be able to fill our table with them.
            size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t i = 0; i < count; i++) {
                int fd;
                memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
                close(fd);
            }
        }
    }
    if (message.msg_flags & MSG_TRUNC) { errno = EMSGSIZE; return -1; }
    return received;
}

int catalyst_pipe(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC) < 0) return -1;
    return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

int catalyst_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC); }

void catalyst_name_thread(pthread_t thread, const char *name) {
    char shortened[16] = {0};
    strncpy(shortened, name, sizeof shortened - 1);
    pthread_setname_np(thread, shortened);
}

int catalyst_peer_pidfd(int socket) {
    int pidfd = -1;
    socklen_t length = sizeof pidfd;
    return getsockopt(socket, SOL_SOCKET, 77 /* SO_PEERPIDFD */, &pidfd, &length) < 0 ? -1 : pidfd;
}

int catalyst_peer_groups(int socket, gid_t *groups, int count) {
    socklen_t length = (socklen_t)count * sizeof *groups;
    if (getsockopt(socket, SOL_SOCKET, 59 /* SO_PEERGROUPS */, groups, &length) < 0) return -1;
    return (int)(length / sizeof *groups);
}

int catalyst_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid) {
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0) return -1;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}
