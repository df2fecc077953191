// The child between clone and exec: what the files of the spawn share. Raw system calls only; see spawn.c.
#pragma once
#include "include/CLinux.h"

#include <signal.h>

struct child {
    const struct catalyst_spawn *request;
    struct catalyst_spawned *result;
    const sigset_t *ignored;
    // The parent's descriptors are shared until the child has left all from this one on behind.
    int first_unneeded;
    // Its own descriptor of the program, or -1.
    int executable;
    // A futex: 1 until the child has left the parent's memory.
    int runs;
};

/// Notes errno for the parent; returns the child's exit status.
int catalyst_fail(struct child *child, enum catalyst_step step, int index);

/// What it sees of the file system, and where it may write. As the agent's user, before it becomes its own. 0, or an exit status.
int catalyst_confine_mounts(struct child *child);
/// Landlock: for writes that a mount does not stop. As its own user. 0, or an exit status.
int catalyst_restrict_writes(struct child *child);
/// seccomp: from here on the dangerous calls are refused. 0, or an exit status.
int catalyst_filter_calls(struct child *child);
