// Calls about files and about our own rank that Glibc's module lacks.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int catalyst_sync_file_system(int descriptor) { return syncfs(descriptor); }

ssize_t catalyst_copy_range(int source, int target, size_t bytes) {
    ssize_t copied;
    do copied = copy_file_range(source, NULL, target, NULL, bytes, 0); while (copied < 0 && errno == EINTR);
    return copied;
}

void catalyst_lower_priority(void) {
    enum { WHOLE_PROCESS = 1, IDLE_CLASS = 3, CLASS_SHIFT = 13 };
    setpriority(PRIO_PROCESS, 0, 10);
    syscall(SYS_ioprio_set, WHOLE_PROCESS, 0, IDLE_CLASS << CLASS_SHIFT);
}
