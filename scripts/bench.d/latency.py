"""How soon after: a crash, a start, a hang."""
import os, random, signal, statistics, time
from stage import NINE, Agent, CannotMeasure, Limit, free_ports, http, service
from table import ms, quantile

# A pause below this since the last kill would meet a service that is not forgiven yet.
REST = 2.2
RESTART_BUDGET = 1.5
COLD_BUDGET = 0.01
HANG_BUDGET = 1.1
READY_MS = 300


def crash(stage, table, quick):
    """SIGKILL until the first statement of the new main; the limit's stand-ins are killed in between."""
    kills = 60 if quick else 300
    bare = [f"limit-{name}" for name in NINE]
    table.title(f"Crash to new main ({kills} kills of nine services, SIGKILL until the first statement)")
    stage.pin()
    with Limit(stage, [stage.command(name) for name in bare]):
        stage.hear_all("start", bare, 10)
        with Agent(stage, {name: service(stage.command(name)) for name in NINE}):
            stage.hear_all("start", NINE, 30)
            time.sleep(REST)
            stage.forget()
            ours, limits = restart_times(stage, kills)
    stage.unpin()
    for share, budget in ((0.5, RESTART_BUDGET), (0.9, None), (0.99, None)):
        mine, limit = quantile(ours, share), quantile(limits, share)
        ratio = mine / limit
        words = f"p{share * 100:.0f}"
        table.row(words, ms(mine), f"limit {ms(limit)}", f"{ratio:.2f}x",
                  f"{budget}x" if budget else "", ratio <= budget if budget else None)


def restart_times(stage, kills):
    ours, limits, last = [], [], dict.fromkeys(NINE, 0)
    for index in range(kills):
        name = list(NINE)[index % len(NINE)]
        limits.append(restart_time(stage, f"limit-{name}"))
        time.sleep(max(random.uniform(0.05, 0.3), last[name] + REST - time.monotonic()))
        ours.append(restart_time(stage, name))
        last[name] = time.monotonic()
    return ours, limits


def restart_time(stage, name):
    pid, killed = stage.pids[name], time.monotonic_ns()
    os.kill(pid, signal.SIGKILL)
    return stage.hear_all("start", [name], 15)[name] - killed


def cold(stage, table, quick):
    """Nine services that take 300 ms each, five of them in a row, until the last is ready."""
    path = critical_path() * READY_MS
    runs = 3 if quick else 10
    table.title(f"Cold start of the nine ({READY_MS} ms each, {runs} runs, until the last is ready)")
    stage.pin()
    for kind in ("HTTP", "NOTIFY"):
        first, launch = zip(*(cold_start(stage, kind) for _ in range(runs)))
        over = statistics.median(first) / 1e6 / path - 1
        table.row(f"{kind}, from the first main", ms(statistics.median(first), 1), f"path {path:,} ms",
                  f"{over:+.1%}", f"{COLD_BUDGET:+.0%}", over <= COLD_BUDGET)
        over = statistics.median(launch) / 1e6 / path - 1
        table.row(f"{kind}, from launch", ms(statistics.median(launch), 1), f"path {path:,} ms",
                  f"{over:+.1%}")
    stage.unpin()


def critical_path():
    length = {}
    for name, needs in NINE.items():
        length[name] = 1 + max((length[need] for need in needs), default=0)
    return max(length.values())


def cold_start(stage, kind):
    base = free_ports(len(NINE))
    services = {}
    for index, (name, needs) in enumerate(NINE.items()):
        flags = ["--ports", base + index, 1] if kind == "HTTP" else ["--notify"]
        check = http(base + index) if kind == "HTTP" else {"test": ["NOTIFY"], "interval": "30s"}
        command = stage.command(name, "--ready-ms", READY_MS, *flags)
        services[name] = service(command, needs=needs, check=check)
    started, ready = {}, {}
    stage.forget()
    with Agent(stage, services) as agent:
        end = time.monotonic() + 30
        while len(ready) < len(NINE):
            heard = stage.hear(1)
            if heard:
                (started if heard[0] == "start" else ready).setdefault(heard[1], heard[2])
            if time.monotonic() > end:
                raise CannotMeasure(f"only {', '.join(ready)} became ready")
    for name, needs in NINE.items():
        if any(started[name] < ready[need] for need in needs):
            raise CannotMeasure(f"'{name}' was started before what it needs")
    last = max(ready.values())
    return last - min(started.values()), last - agent.launched


def hang(stage, table, quick):
    """SIGSTOP, at any moment between two probes, until the new main; the bound is interval x retries + timeout."""
    rules = [(1.0, 1.0, 3), (1.0, 1.0, 1), (0.5, 0.25, 2)]
    rounds = 1 if quick else 4
    base = free_ports(len(NINE))
    services, bounds = {}, {}
    for index in range(len(NINE)):
        interval, timeout, retries = rules[index % len(rules)]
        name = f"hang-{index}"
        bounds[name] = interval * retries + timeout
        command = stage.command(name, "--ports", base + index, 1)
        services[name] = service(command, check=http(base + index, f"{interval}s", f"{timeout}s", retries))
    table.title(f"Hang found and replaced ({3 * rounds} each, SIGSTOP until the new main)")
    stage.pin()
    with Agent(stage, services) as agent:
        stage.hear_all("ready", services, 30)
        taken = {name: [] for name in services}
        for _ in range(rounds):
            agent.wait_until_healthy()
            time.sleep(REST)
            for name, time_taken in hang_times(stage, services).items():
                taken[name].append(time_taken)
    stage.unpin()
    for interval, timeout, retries in rules:
        bound = interval * retries + timeout
        times = [time for name in services if bounds[name] == bound for time in taken[name]]
        worst = max(times) / 1e9
        table.row(f"{interval:g} s x {retries} + {timeout:g} s, slowest", f"{worst:.2f} s", f"bound {bound:g} s",
                  f"{worst / bound:.2f}x", f"{HANG_BUDGET}x", worst <= bound * HANG_BUDGET)
        table.row(f"{interval:g} s x {retries} + {timeout:g} s, p50", f"{statistics.median(times) / 1e9:.2f} s")


def hang_times(stage, services):
    stopped = {}
    stage.forget()
    for name in services:
        time.sleep(random.uniform(0, 0.25))
        stopped[name] = time.monotonic_ns()
        os.kill(stage.pids[name], signal.SIGSTOP)
    # What was replaced while others were still being stopped waits in the socket.
    replaced = stage.hear_all("start", services, 60)
    return {name: replaced[name] - stopped[name] for name in services}
