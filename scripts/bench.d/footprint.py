"""What it takes: while nothing happens, with many services, and to ask."""
import os, statistics, time
import processes
from stage import NINE, Agent, CannotMeasure, Limit, free_ports, http, nine, service
from table import mb, ms, quantile

IDLE_RSS, IDLE_PSS, IDLE_PSS_BOTH, IDLE_CPU = 10, 7, 16, 0.002
SCALE_SECONDS, SCALE_RSS, SCALE_COLLECTOR = 1.2, 17, 48
# More than this between the cost of one service at 300 and at 1,000 is no longer linear.
LINEAR = 1.5
# The agent looks at its memory each 10 s.
SETTLING = 12
STATUS_MS = 6


def idle(stage, table, quick):
    seconds = 15 if quick else 60
    services = nine(stage, "--say")
    table.title(f"Idle with the nine (HTTP probes every 30 s, json-file logs; {seconds} s after settling)")
    bare = [f"limit-{name}" for name in NINE]
    with Limit(stage, [stage.command(name) for name in bare]) as limit, Agent(stage, services) as agent:
        stage.hear_all("ready", NINE, 30)
        agent.wait_until_healthy()
        time.sleep(5 if quick else 35)
        roles = {"catalystd": agent.pid, "collector": agent.collector}
        before = {role: processes.activity(pid) for role, pid in roles.items()}
        time.sleep(seconds)
        spent = {role: processes.activity(pid) for role, pid in roles.items()}
        memory = {role: processes.memory(pid) for role, pid in roles.items()}
        reference = processes.memory(limit.process.pid)
    memory["both"] = [sum(pair) for pair in zip(*memory.values())]
    shares = {}
    for role in roles:
        shares[role] = (spent[role][0] - before[role][0]) / 1e9 / seconds
    shares["both"] = sum(shares.values())
    budgets = {("catalystd", 0): IDLE_RSS, ("catalystd", 1): IDLE_PSS, ("both", 1): IDLE_PSS_BOTH}
    for role, kilobytes in memory.items():
        for index, kind in enumerate(("RSS", "PSS", "USS")):
            budget = budgets.get((role, index))
            table.row(f"{role} {kind}", mb(kilobytes[index]), f"limit {mb(reference[index])}", "",
                      f"{budget} MB" if budget else "", kilobytes[index] <= budget * 1024 if budget else None)
    for role, share in shares.items():
        is_all = role == "both"
        table.row(f"{role} CPU, of a core", f"{share:.3%}", "", "",
                  f"{IDLE_CPU:.1%}" if is_all else "", share <= IDLE_CPU if is_all else None)
    for role in roles:
        table.row(f"{role} wakeups, a minute", f"{(spent[role][1] - before[role][1]) * 60 / seconds:.0f}")


def scale(stage, table, quick):
    sizes = (100, 300) if quick else (100, 300, 1000)
    table.title("Many services (sleepers; from launch until the last one's main)")
    kept = {size: sleepers(stage, table, size) for size in sizes}
    growth(table, kept, {"start": "ms", "RSS": "KB"})
    table.title("Many probes (each service asked by HTTP every second)")
    kept = {size: probed(stage, table, size, 10 if quick else 20) for size in sizes}
    growth(table, kept, {"RSS": "KB", "CPU": "us/s"})


def sleepers(stage, table, size):
    names = [f"sleeper-{index}" for index in range(size)]
    bare = [f"limit-{name}" for name in names]
    with Limit(stage, [stage.command(name) for name in bare]) as limit:
        fastest = max(stage.hear_all("start", bare, 60).values()) - limit.launched
    stage.forget()
    with Agent(stage, {name: service(stage.command(name)) for name in names}) as agent:
        taken = max(stage.hear_all("start", names, 120).values()) - agent.launched
        time.sleep(SETTLING)
        rss, peak = processes.memory(agent.pid)[0], processes.peak(agent.pid)
    is_full = size == 1000
    table.row(f"{size:,}: all up", ms(taken, 0), f"limit {ms(fastest, 0)}", f"{taken / fastest:.1f}x",
              f"{SCALE_SECONDS} s" if is_full else "", taken <= SCALE_SECONDS * 1e9 if is_full else None)
    table.row(f"{size:,}: catalystd RSS", mb(rss), f"peak {mb(peak)}", "", f"{SCALE_RSS} MB" if is_full else "",
              rss <= SCALE_RSS * 1024 if is_full else None)
    return {"start": taken / 1e6, "RSS": rss}


def probed(stage, table, size, seconds):
    base = free_ports(size)
    services = {}
    for index in range(size):
        name = f"probed-{index}"
        services[name] = service(stage.command(name, "--ports", base + index, 1), check=http(base + index, "1s", "1s"))
    stage.forget()
    with Agent(stage, services) as agent:
        stage.hear_all("start", services, 120)
        agent.wait_until_healthy(120)
        time.sleep(SETTLING)
        pids = {"catalystd": agent.pid, "collector": agent.collector}
        before = {role: processes.activity(pid)[0] for role, pid in pids.items()}
        time.sleep(seconds)
        shares = {role: (processes.activity(pid)[0] - before[role]) / 1e9 / seconds for role, pid in pids.items()}
        memory = {role: processes.memory(pid)[0] for role, pid in pids.items()}
        if agent.status().get("state") != "healthy":
            table.note(f"{size:,}: not all are healthy under these probes")
    is_full = size == 1000
    table.row(f"{size:,}: collector RSS", mb(memory["collector"]), "", "", f"{SCALE_COLLECTOR} MB" if is_full else "",
              memory["collector"] <= SCALE_COLLECTOR * 1024 if is_full else None)
    table.row(f"{size:,}: catalystd RSS", mb(memory["catalystd"]))
    for role, share in shares.items():
        table.row(f"{size:,}: {role} CPU", f"{share:.1%}", "", f"{share / size * 1e6:.0f} us")
    return {"RSS": sum(memory.values()), "CPU": sum(shares.values()) * 1e6}


def growth(table, kept, units):
    """What one service more costs, between the sizes."""
    sizes = sorted(kept)
    if len(sizes) < 3:
        return
    for what, unit in units.items():
        low, high = [(kept[b][what] - kept[a][what]) / (b - a) for a, b in zip(sizes, sizes[1:])]
        if low <= 0:
            table.note(f"{what}: no growth from {sizes[0]} to {sizes[1]} to compare with, the machine is too busy")
            continue
        table.row(f"{what}, one service more", f"{high:.2f} {unit}", f"before {low:.2f} {unit}",
                  f"{high / low:.2f}x", f"{LINEAR}x", high <= low * LINEAR)


def status(stage, table, quick):
    runs = 20 if quick else 100
    services = nine(stage)
    table.title(f"catalystctl status of the nine (wall, {runs} runs)")
    stage.pin()
    with Agent(stage, services) as agent:
        stage.hear_all("ready", NINE, 30)
        agent.wait_until_healthy()
        os.environ["CATALYST_SOCKET"] = str(agent.socket)
        command = [str(stage.programs / "catalystctl"), "status"]
        ours, limits = [], []
        for _ in range(runs):
            limits.append(wall(stage.command("")[:1]))
            ours.append(wall(command))
    stage.unpin()
    p50, limit = statistics.median(ours), statistics.median(limits)
    table.row("p50", ms(p50), f"fork+exec {ms(limit)}", f"{p50 / limit:.1f}x",
              f"{STATUS_MS} ms", p50 <= STATUS_MS * 1e6)
    table.row("p99", ms(quantile(ours, 0.99)), f"fork+exec {ms(quantile(limits, 0.99))}")


def wall(command):
    started = time.perf_counter_ns()
    actions = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_RDWR, 0) for number in (0, 1, 2)]
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, ended = os.waitpid(pid, 0)
    if os.waitstatus_to_exitcode(ended) != 0:
        raise CannotMeasure(f"{' '.join(command)} failed")
    return time.perf_counter_ns() - started
