"""What users notice of rolling: every request is counted, by what became of it."""
import itertools, os, signal, socket, statistics, time
import processes
from eight import EIGHT, Eight, Loop, Releases
from stage import CannotMeasure, free_ports
from table import mb, quantile
from traffic import FAILURES, Nginx, Traffic, hammer, need_tools, wrk

# New connections that must have been answered while all were rolled ten times (twice, to try it).
REQUESTS, REQUESTS_QUICK = 100_000, 10_000
# A request that lasts longer than an old instance is left alone.
SLOW = "/slow?seconds=0.8"
REST = 5


def rollout(stage, table, quick):
    need_tools()
    stage.compile("hammer")
    rolls = 2 if quick else 10
    for kind in ("uvicorn", "standin"):
        table.title(f"Rolling eight services under load ({kind}, {rolls} times all, a soak of 0.5 s each)")
        canary(stage, table, kind, rolls, REQUESTS_QUICK if quick else REQUESTS)
    rolls = 1 if quick else 3
    for listens in (False, True):
        way = "with `listen`" if listens else "they bind their ports"
        table.title(f"The same, stop-first ({way}, uvicorn, {rolls} times all)")
        stop_first(stage, table, rolls, listens)
    table.title(f"The same apps, killed and started by a loop, as Compose does it ({rolls} times all)")
    loop(stage, table, rolls)
    kills = 10 if quick else 40
    table.title(f"SIGKILL of one instance a second (uvicorn, {kills} kills)")
    killing(stage, table, kills)
    table.title("Deploys of eight: a good one, and such as turn bad in the scanner's soak and go back (uvicorn)")
    deploys(stage, table, 1 if quick else 2)


def canary(stage, table, kind, rolls, wanted):
    with Eight(stage, kind) as eight:
        first = free_ports(2)
        with Nginx(stage, eight.ports[-1], first, first + 1) as nginx:
            with Traffic(**everyone(stage, eight, nginx)) as quiet:
                time.sleep(REST)
            with Traffic(**everyone(stage, eight, nginx)) as traffic:
                begun = time.monotonic()
                for _ in range(rolls):
                    eight.roll("restart")
                taken = time.monotonic() - begun
            failures(table, traffic.counts)
            complaints(table, traffic.counts, nginx)
        fresh = sum(traffic.counts[name]["requests"] for name in ("direct", "nginx"))
        table.row("new connections, in all", f"{fresh:,}", "", "", f"{wanted:,}", fresh >= wanted)
        latency(table, "direct", traffic.counts["direct"], quiet.counts["direct"])
        latency(table, "nginx", traffic.counts["nginx"], quiet.counts["nginx"])
        times(table, eight, taken / rolls)
        memory(table, eight)


def everyone(stage, eight, nginx):
    return {
        "direct": hammer(stage, "close", eight.ports, threads=8, pause=2),
        "slow": hammer(stage, "close", eight.ports, threads=4, pause=50, path=SLOW),
        "kept": hammer(stage, "keep", eight.ports, threads=2, pause=10),
        "nginx": wrk(stage, nginx.new, connections=4, pause=4),
        "nginx kept": wrk(stage, nginx.kept, connections=2, pause=10),
        "nginx kept, POST": wrk(stage, nginx.kept, connections=2, pause=10, method="POST", path="/mcp"),
    }


ROWS = {
    "direct": "new connection each",
    "slow": "the same, 0.8 s each",
    "kept": "kept, by HTTP's rules",
    "nginx": "nginx, new to the service",
    "nginx kept": "nginx, kept to the service",
    "nginx kept, POST": "nginx, kept, POST",
}


def failures(table, counts, budgets=("direct", "slow", "kept", "nginx", "nginx kept")):
    """A POST on a connection that the service closes is nobody's to repeat, so it has no budget."""
    for name, count in counts.items():
        has_budget = name in budgets
        table.row(ROWS[name], f"{count['failed']:,} failed", f"of {count['requests']:,}", kinds(count),
                  "0" if has_budget else "", count["failed"] == 0 if has_budget else None)
    if "kept" in counts:
        kept = counts["kept"]
        table.note(f"of those kept, {kept['reopened']:,} were opened again, {kept['retried']:,} requests sent again")


def kinds(count):
    return " ".join(f"{count[kind]}x{kind}" for kind in (*FAILURES, "write") if count.get(kind))


def complaints(table, counts, nginx=None):
    for name, count in counts.items():
        for line in count["complaints"][:5]:
            table.note(f"({name}: {line})")
    if nginx and any(counts[name]["failed"] for name in counts if name.startswith("nginx")):
        for line in nginx.complaints()[-3:]:
            table.note(f"(nginx: {line})")


def latency(table, name, count, quiet=None):
    for key in ("p50", "p99", "max"):
        beside = f"at rest {count_ms(quiet, key)}" if quiet else ""
        table.row(f"{ROWS[name]}, {key}", count_ms(count, key), beside)


def count_ms(count, key):
    return f"{count[key] / 1000:,.1f} ms"


def times(table, eight, whole):
    table.row("a service rolled, p50, max", f"{statistics.median(eight.times):.2f} s", f"max {max(eight.times):.2f} s")
    table.row("a rollout of eight", f"{whole:.1f} s")


def memory(table, eight):
    rss, pss, _ = eight.kilobytes
    table.row("catalystd RSS, PSS", mb(rss), f"{mb(pss)}", f"peak {mb(processes.peak(eight.agent.pid))}")


def stop_first(stage, table, rolls, listens):
    with Eight(stage, "uvicorn", listens=listens, order="stop-first") as eight:
        with Traffic(direct=hammer(stage, "close", eight.ports), kept=hammer(stage, "keep", eight.ports)) as traffic:
            for _ in range(rolls):
                eight.roll("restart")
        failures(table, traffic.counts, ())
        direct = traffic.counts["direct"]
        if listens:
            table.row("refused", f"{direct['refused']:,}", "", "", "0", direct["refused"] == 0)
        gaps(table, direct)
        times(table, eight, sum(eight.times) / rolls)


def gaps(table, count):
    table.row("longest answer", count_ms(count, "max"))
    table.row("longest time without an answer", count_ms(count, "gap"))


def loop(stage, table, rolls):
    with Loop(stage) as apps:
        wait_for(apps.ports)
        with Traffic(direct=hammer(stage, "close", apps.ports), kept=hammer(stage, "keep", apps.ports)) as traffic:
            for _ in range(rolls):
                apps.roll()
                wait_for(apps.ports)
    failures(table, traffic.counts, ())
    gaps(table, traffic.counts["direct"])


def wait_for(ports, seconds=30):
    end = time.monotonic() + seconds
    for port in ports:
        while True:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end:
                raise CannotMeasure(f"nobody listens on 127.0.0.1:{port}")
            time.sleep(0.02)


def killing(stage, table, kills):
    with Eight(stage, "uvicorn") as eight:
        clients = {"direct": hammer(stage, "close", eight.ports), "kept": hammer(stage, "keep", eight.ports)}
        with Traffic(**clients) as traffic:
            for name in itertools.islice(itertools.cycle(EIGHT), kills):
                pid = eight.pids()[name]
                if pid:
                    os.kill(pid, signal.SIGKILL)
                time.sleep(1)
            eight.agent.wait_until_healthy()
    failures(table, traffic.counts, ())
    complaints(table, traffic.counts)
    direct = traffic.counts["direct"]
    table.row("refused", f"{direct['refused']:,}", "", "", "0", direct["refused"] == 0)
    table.row("broken for each kill", f"{direct['failed'] / kills:.2f}")
    gaps(table, direct)


def deploys(stage, table, bad):
    releases = Releases(stage)
    settings = {"releases": {"directory": str(releases.root), "space": "100MB"}}
    (releases.root / "current").symlink_to(releases.source())
    with Eight(stage, "uvicorn", directory=releases.root / "current", soak="2s", **settings) as eight:
        with Traffic(direct=hammer(stage, "close", eight.ports)) as traffic:
            eight.roll("deploy", releases.source())
        deployed(table, "a good release", traffic.counts, ("direct",))
        for fault in ({"unhealthy": 0.8}, {"crash": 0.8}):
            with Traffic(direct=hammer(stage, "close", eight.ports)) as traffic:
                for _ in range(bad):
                    undone = eight.roll("deploy", releases.source(scanner=fault), succeeds=False)
            check_undone(undone)
            # Who is being answered by what dies is not saved by anything.
            budgets = ("direct",) if "unhealthy" in fault else ()
            deployed(table, f"its scanner {undone['failure']['reason']}", traffic.counts, budgets)


def deployed(table, words, counts, budgets):
    table.note(f"{words}:")
    failures(table, counts, budgets)
    complaints(table, counts)
    table.row("longest answer", count_ms(counts["direct"], "max"))


def check_undone(rollout):
    """All that came before the scanner, and the scanner, are what they were."""
    phases = {step["service"]: step["phase"] for step in rollout["steps"]}
    turn = list(phases).index("scanner")
    expected = {name: "rolled-back" if list(phases).index(name) <= turn else "skipped" for name in phases}
    if phases != expected:
        raise CannotMeasure(f"the failed deploy ended with {phases}")
