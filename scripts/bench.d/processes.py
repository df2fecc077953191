"""What /proc says of memory and activity."""
import os


def children(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        return [int(child) for task in tasks for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def program(pid):
    try:
        return open(f"/proc/{pid}/comm").read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def memory(pid):
    """RSS, PSS and USS in KB."""
    sums = {}
    for line in open(f"/proc/{pid}/smaps_rollup").readlines()[1:]:
        key, value = line.split(":")
        sums[key] = int(value.split()[0])
    return sums["Rss"], sums["Pss"], sums["Private_Clean"] + sums["Private_Dirty"]


def peak(pid):
    """The largest RSS so far, in KB."""
    return next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))


def activity(pid):
    """Nanoseconds on a CPU, and how often it was woken, all threads together. Of threads that live."""
    spent = woken = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            spent += int(open(f"/proc/{pid}/task/{task}/schedstat").read().split()[0])
            status = open(f"/proc/{pid}/task/{task}/status")
            woken += next(int(line.split()[1]) for line in status if line.startswith("voluntary"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return spent, woken
