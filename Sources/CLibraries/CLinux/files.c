// Calls about files and about our own rank that Glibc's module lacks.
#define _GNU_SOURCE
#include "include/CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

// Nobody can change it any more, us included.
enum { ALL_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

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

int catalyst_sealed_memory(const char *name, const void *bytes, size_t size) {
    int memory = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (memory < 0) return -1;
    for (size_t written = 0; written < size;) {
        ssize_t count = write(memory, (const char *)bytes + written, size - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) { close(memory); return -1; }
        written += (size_t)count;
    }
    if (fcntl(memory, F_ADD_SEALS, ALL_SEALS) < 0) { close(memory); return -1; }
    return memory;
}

int catalyst_is_sealed(int memory) {
    int seals = fcntl(memory, F_GET_SEALS);
    return seals >= 0 && (seals & ALL_SEALS) == ALL_SEALS;
}

void catalyst_order_stores(void) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }
