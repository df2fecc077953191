// One child, without copying the address space: clone3(CLONE_VM) on a stack of its own. The parent's thread sleeps until
// the child has executed its program or given up, so the child may report into the parent's memory. Not by CLONE_VFORK:
// whoever has the child's user may stop it before it executes anything, and nothing would end that sleep.
// Between clone and exec only raw system calls: glibc's set*id() signal all threads of the (shared) process.
#define _GNU_SOURCE
#include "include/CLinux.h"
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2
#endif

enum { STACK_SIZE = 64 * 1024 };

// Set once the kernel has refused (before 5.9, or a sandbox): from then on descriptors are copied.
static int cannot_leave_descriptors;

static int write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t written = write(fd, text, strlen(text));
    int saved = errno;
    close(fd);
    errno = saved;
    return written < 0 ? -1 : 0;
}

static char *decimal(char *at, long number) {
    char digits[24];
    int count = 0;
    unsigned long rest = number < 0 ? -(unsigned long)number : (unsigned long)number;
    do digits[count++] = '0' + rest % 10; while (rest /= 10);
    if (number < 0) *at++ = '-';
    while (count) *at++ = digits[--count];
    *at = 0;
    return at;
}

// exec resets handlers, but an ignored signal stays ignored. CLONE_CLEAR_SIGHAND has reset the handlers before, so that
// none of the agent's can run in the child; without it they are reset here, a call each.
static void default_signals(int classic, const sigset_t *ignored) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    for (int signal = 1; signal < NSIG; signal++)
        if (signal != SIGKILL && signal != SIGSTOP && (classic || sigismember(ignored, signal) == 1))
            sigaction(signal, &action, NULL);
}

// What this process ignores, asked once: the agent changes it before its first spawn only.
static const sigset_t *ignored_signals(void) {
    static sigset_t ignored;
    static int known;
    if (known) return &ignored;
    sigemptyset(&ignored);
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN) sigaddset(&ignored, signal);
    }
    known = 1;
    return &ignored;
}

// An agent that the kernel is to spare says so with a number below 0; it is no service's to inherit.
static int is_spared(void) {
    char first = 0;
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    if (read(fd, &first, 1) < 0) first = 0;
    close(fd);
    return first == '-';
}

// Puts `source` at `target`. Sources were moved above all targets before.
static int place(int source, int target) {
    return dup2(source, target) < 0 ? -1 : 0;
}

static int open_standard(struct child *child, int number) {
    static const enum catalyst_step steps[] = {CATALYST_STEP_STDIN, CATALYST_STEP_STDOUT, CATALYST_STEP_STDERR};
    const struct catalyst_spawn *request = child->request;
    const char *path = number == 1 ? request->stdout_path : number == 2 ? request->stderr_path : NULL;
    int source = request->standard[number];
    if (path) source = open(path, O_RDWR | O_NOCTTY);
    else if (source < 0) source = open("/dev/null", O_RDWR | O_NOCTTY);
    if (source < 0) return catalyst_fail(child, steps[number], number);
    // A source below 3 may be the target of another: up and out of the way first.
    if (source != number && place(source, number) < 0) return catalyst_fail(child, steps[number], number);
    if (source == number) fcntl(number, F_SETFD, 0);
    if (source != number && (path || request->standard[number] < 0)) close(source);
    return 0;
}

static int hand_over(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    int base = 3 + (int)request->descriptor_count;
    int moved[64];
    if (request->executable >= 0 && (child->executable = fcntl(request->executable, F_DUPFD_CLOEXEC, base)) < 0)
        return catalyst_fail(child, CATALYST_STEP_EXECUTE, 0);
    if (request->descriptor_count > 64) { errno = EMFILE; return catalyst_fail(child, CATALYST_STEP_DESCRIPTOR, 0); }
    for (int i = 0; i < (int)request->descriptor_count; i++) {
        moved[i] = fcntl(request->descriptors[i], F_DUPFD_CLOEXEC, base);
        if (moved[i] < 0) return catalyst_fail(child, CATALYST_STEP_DESCRIPTOR, i);
    }
    for (int i = 0; i < (int)request->descriptor_count; i++)
        if (place(moved[i], 3 + i) < 0) return catalyst_fail(child, CATALYST_STEP_DESCRIPTOR, i);
    // exec would close the rest. But a child that is stopped before must not keep the agent's lock and sockets.
    unsigned int kept = child->executable >= 0 ? (unsigned int)child->executable : (unsigned int)base - 1;
    if (kept > (unsigned int)base) syscall(SYS_close_range, base, kept - 1, 0);
    syscall(SYS_close_range, kept + 1, ~0U, 0);
    return 0;
}

static int set_capabilities(uint64_t effective, uint64_t inheritable) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    for (int i = 0; i < 2; i++) {
        sets[i].effective = sets[i].permitted = (uint32_t)(effective >> (32 * i));
        sets[i].inheritable = (uint32_t)(inheritable >> (32 * i));
    }
    return (int)syscall(SYS_capset, &header, sets);
}

// What a program file with inheritable capabilities would get back.
static int forget_inheritable(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) < 0) return -1;
    for (int i = 0; i < 2; i++) sets[i].inheritable &= (uint32_t)(kept >> (32 * i));
    return (int)syscall(SYS_capset, &header, sets);
}

static int become_user(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    uint64_t ambient = request->ambient_capabilities;
    if (request->limit_capabilities && forget_inheritable(request->capabilities) < 0)
        return catalyst_fail(child, CATALYST_STEP_CAPABILITIES, 0);
    if (request->limit_capabilities)
        for (int capability = 0; capability < 64; capability++)
            if (!(request->capabilities >> capability & 1) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1
                && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
                return catalyst_fail(child, CATALYST_STEP_CAPABILITIES, capability);
    if (ambient && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0) return catalyst_fail(child, CATALYST_STEP_CAPABILITIES, 0);
    if (request->change_user) {
        if (syscall(SYS_setgroups, request->group_count, request->groups) < 0) return catalyst_fail(child, CATALYST_STEP_GROUPS, 0);
        if (syscall(SYS_setresgid, request->group, request->group, request->group) < 0) return catalyst_fail(child, CATALYST_STEP_GROUP, 0);
        if (syscall(SYS_setresuid, request->user, request->user, request->user) < 0) return catalyst_fail(child, CATALYST_STEP_USER, 0);
    }
    if (ambient) {
        if (set_capabilities(ambient, ambient) < 0) return catalyst_fail(child, CATALYST_STEP_CAPABILITIES, 0);
        for (int capability = 0; capability < 64; capability++)
            if (ambient >> capability & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
                return catalyst_fail(child, CATALYST_STEP_CAPABILITIES, capability);
    }
    return 0;
}

static int execute(struct child *child) {
    const struct catalyst_spawn *request = child->request;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (child->executable >= 0) {
        syscall(SYS_execveat, child->executable, "", request->argv, request->envp, AT_EMPTY_PATH);
        return catalyst_fail(child, CATALYST_STEP_EXECUTE, 0);
    }
    // As execvp(3): a missing file asks the next path, and a forbidden one is remembered.
    int forbidden = 0;
    for (int i = 0; request->paths[i]; i++) {
        execve(request->paths[i], request->argv, request->envp);
        if (errno == EACCES) forbidden = 1;
        else if (errno != ENOENT && errno != ENOTDIR) return catalyst_fail(child, CATALYST_STEP_EXECUTE, i);
    }
    errno = forbidden ? EACCES : ENOENT;
    return catalyst_fail(child, CATALYST_STEP_EXECUTE, 0);
}

// The number above all descriptors that the child needs.
static int first_unneeded(const struct catalyst_spawn *request) {
    int last = 2;
    for (int i = 0; i < 3; i++) if (request->standard[i] > last) last = request->standard[i];
    for (size_t i = 0; i < request->descriptor_count; i++)
        if (request->descriptors[i] > last) last = request->descriptors[i];
    if (request->executable > last) last = request->executable;
    return last + 1;
}

static int run_child(void *argument) {
    struct child *child = argument;
    const struct catalyst_spawn *request = child->request;
    int status;
    // Copying a thousand services' descriptors, only for exec to close them, took longer than all the rest.
    if (child->first_unneeded > 0
        && syscall(SYS_close_range, child->first_unneeded, ~0U, CLOSE_RANGE_UNSHARE) < 0) {
        cannot_leave_descriptors = 1;
        return catalyst_fail(child, CATALYST_STEP_CLONE, 0);
    }
    default_signals(request->classic, child->ignored);
    if (request->new_session ? syscall(SYS_setsid) < 0 : syscall(SYS_setpgid, 0, 0) < 0)
        return catalyst_fail(child, CATALYST_STEP_SESSION, 0);
    if (request->classic && request->cgroup >= 0) {
        int procs = openat(request->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (procs < 0 || write(procs, "0", 1) < 0) return catalyst_fail(child, CATALYST_STEP_CGROUP, 0);
        close(procs);
    }
    for (int number = 0; number < 3; number++)
        if ((status = open_standard(child, number))) return status;
    if ((status = hand_over(child))) return status;
    if (request->oom_score_adjustment >= -1000 && request->oom_score_adjustment <= 1000) {
        char text[24];
        decimal(text, request->oom_score_adjustment);
        if (write_text("/proc/self/oom_score_adj", text) < 0) return catalyst_fail(child, CATALYST_STEP_OOM_SCORE, 0);
    } else if (is_spared() && write_text("/proc/self/oom_score_adj", "0") < 0) {
        return catalyst_fail(child, CATALYST_STEP_OOM_SCORE, 0);
    }
    for (size_t i = 0; i < request->rlimit_count; i++) {
        struct { uint64_t soft, hard; } limit = {request->rlimits[i].soft, request->rlimits[i].hard};
        if (syscall(SYS_prlimit64, 0, request->rlimits[i].resource, &limit, NULL) < 0)
            return catalyst_fail(child, CATALYST_STEP_RLIMIT, (int)i);
    }
    if ((status = catalyst_confine_mounts(child))) return status;
    if ((status = become_user(child))) return status;
    if (request->directory && chdir(request->directory) < 0) return catalyst_fail(child, CATALYST_STEP_DIRECTORY, 0);
    if (request->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return catalyst_fail(child, CATALYST_STEP_NO_NEW_PRIVILEGES, 0);
    // After the change of user, which clears it.
    if (request->death_signal && prctl(PR_SET_PDEATHSIG, request->death_signal, 0, 0, 0) < 0)
        return catalyst_fail(child, CATALYST_STEP_DEATH_SIGNAL, 0);
    if ((status = catalyst_restrict_writes(child))) return status;
    if ((status = catalyst_filter_calls(child))) return status;
    if (request->listen_pid) decimal(request->listen_pid, syscall(SYS_getpid));
    return execute(child);
}

#if defined(__x86_64__)
// glibc has no clone3(): the child must not return on the parent's stack, so it calls `run` and leaves here.
static long clone3_on_stack(struct clone_args *args, int (*run)(void *), void *argument) {
    register long result __asm__("rax") = SYS_clone3;
    register void *first __asm__("rdi") = args;
    register long second __asm__("rsi") = sizeof *args;
    register void *function __asm__("r12") = (void *)run;
    register void *value __asm__("r13") = argument;
    __asm__ volatile(
        "syscall\n\t"
        "testq %%rax, %%rax\n\t"
        "jnz 1f\n\t"
        "xorl %%ebp, %%ebp\n\t"
        "movq %%r13, %%rdi\n\t"
        "callq *%%r12\n\t"
        "movl %%eax, %%edi\n\t"
        "movl %[exit], %%eax\n\t"
        "syscall\n\t"
        "hlt\n"
        "1:"
        : "+r"(result)
        : "r"(first), "r"(second), "r"(function), "r"(value), [exit] "i"(SYS_exit)
        : "rcx", "r11", "memory", "cc");
    return result;
}
#elif defined(__aarch64__)
static long clone3_on_stack(struct clone_args *args, int (*run)(void *), void *argument) {
    register long number __asm__("x8") = SYS_clone3;
    register long result __asm__("x0") = (long)args;
    register long second __asm__("x1") = sizeof *args;
    register void *function __asm__("x19") = (void *)run;
    register void *value __asm__("x20") = argument;
    __asm__ volatile(
        "svc #0\n\t"
        "cbnz x0, 1f\n\t"
        "mov x29, #0\n\t"
        "mov x0, x20\n\t"
        "blr x19\n\t"
        "mov x8, %[exit]\n\t"
        "svc #0\n\t"
        "brk #0\n"
        "1:"
        : "+r"(result)
        : "r"(number), "r"(second), "r"(function), "r"(value), [exit] "i"(SYS_exit)
        : "memory", "cc");
    return result;
}
#else
static long clone3_on_stack(struct clone_args *args, int (*run)(void *), void *argument) {
    (void)args; (void)run; (void)argument;
    return -ENOSYS;
}
#endif

// clone() by the name that the thread sanitizer does not take over: it cannot follow a child that shares the memory.
int __clone(int (*run)(void *), void *stack, int flags, void *argument, ...);

// Until the kernel has taken the parent's memory from the child. 1: it was stopped, and is killed.
static int await_release(struct child *child, long pid) {
    // Longer than any start takes that is not in trouble.
    const struct timespec patience = {.tv_nsec = 20 * 1000 * 1000};
    int is_killed = 0;
    while (__atomic_load_n(&child->runs, __ATOMIC_ACQUIRE)) {
        syscall(SYS_futex, &child->runs, FUTEX_WAIT, 1, &patience, NULL, 0);
        if (!__atomic_load_n(&child->runs, __ATOMIC_ACQUIRE)) break;
        siginfo_t state = {.si_pid = 0};
        if (waitid(P_PID, (id_t)pid, &state, WSTOPPED | WNOHANG | WNOWAIT) < 0 || state.si_pid != pid) continue;
        kill((pid_t)pid, SIGKILL);
        is_killed = 1;
    }
    return is_killed;
}

static long clone_child(struct child *child, void *stack, int *pidfd, int classic) {
    const struct catalyst_spawn *request = child->request;
    child->runs = 1;
    if (classic) {
        pid_t pid = __clone(run_child, (char *)stack + STACK_SIZE, CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | SIGCHLD, child,
            pidfd, NULL, &child->runs);
        return pid < 0 ? -errno : pid;
    }
    struct clone_args args;
    memset(&args, 0, sizeof args);
    args.flags = CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND;
    args.child_tid = (uint64_t)(uintptr_t)&child->runs;
    if (child->first_unneeded > 0) args.flags |= CLONE_FILES;
    if (request->cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)request->cgroup;
    }
    args.pidfd = (uint64_t)(uintptr_t)pidfd;
    args.exit_signal = SIGCHLD;
    args.stack = (uint64_t)(uintptr_t)stack;
    args.stack_size = STACK_SIZE;
    return clone3_on_stack(&args, run_child, child);
}

// Its pid when it has executed its program or given up, or -errno.
static long start(struct child *child, void *stack, int *pidfd, int classic) {
    long pid = clone_child(child, stack, pidfd, classic);
    if (pid > 0 && await_release(child, pid)) {
        errno = 0;
        catalyst_fail(child, CATALYST_STEP_STOPPED, 0);
    }
    return pid;
}

int catalyst_spawn(const struct catalyst_spawn *request, struct catalyst_spawned *result) {
    // One stack for all spawns of a thread: the parent sleeps while the child uses it.
    static __thread void *stack;
    if (!stack) {
        void *mapped = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        stack = mapped == MAP_FAILED ? NULL : mapped;
    }
    *result = (struct catalyst_spawned){.pid = -1, .pidfd = -1};
    struct catalyst_spawn effective = *request;
    struct child child = {
        .request = &effective, .result = result, .ignored = ignored_signals(), .executable = -1,
    };
    if (!stack) { catalyst_fail(&child, CATALYST_STEP_CLONE, 0); return -1; }

    // No handler of ours may run in the child, on the child's small stack.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int pidfd = -1;
    if (!request->classic && !cannot_leave_descriptors) child.first_unneeded = first_unneeded(request);
    long pid = start(&child, stack, &pidfd, request->classic);
    if (pid > 0 && child.first_unneeded > 0 && cannot_leave_descriptors) {
        while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR) {}
        close(pidfd);
        result->step = CATALYST_STEP_NONE;
        child.first_unneeded = 0;
        pid = start(&child, stack, &pidfd, 0);
    }
    // ENOSYS: before 5.3, or a sandbox. EINVAL: no CLONE_CLEAR_SIGHAND (5.5) or no CLONE_INTO_CGROUP (5.7).
    if (!request->classic && (pid == -ENOSYS || pid == -EPERM || pid == -EINVAL || pid == -E2BIG)) {
        effective.classic = 1;
        child.first_unneeded = 0;
        pid = start(&child, stack, &pidfd, 1);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);

    if (pid < 0) {
        errno = (int)-pid;
        catalyst_fail(&child, CATALYST_STEP_CLONE, 0);
        return -1;
    }
    if (result->step != CATALYST_STEP_NONE) {
        // It has exited: nobody but us may wait for it, and nobody must learn its pid.
        while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR) {}
        if (pidfd >= 0) close(pidfd);
        return -1;
    }
    result->pid = (pid_t)pid;
    result->pidfd = pidfd;
    return 0;
}
