"""What happens to an alert: how soon it is safe, and known; how fast a backlog is carried; what remembering takes."""
import json, os, socket, subprocess, time
import remembering
from database import Database, NoDatabase
from hearing import Client, Journal, times
from stage import ROOT, Agent, CannotMeasure, nine
from table import ms, quantile

BUDGETS_MS = {"durable": 10, "journald": 20, "Postgres": 100}
BATCH = 500
APART = 0.02


def alerts(stage, table, quick):
    try:
        database = Database(stage.folder / "postgres")
        with database:
            migrate(stage, database)
            delays(stage, table, database, 60 if quick else 300)
            drain(stage, table, database, 2000 if quick else 20_000)
    except NoDatabase as reason:
        raise CannotMeasure(reason) from None
    remembering.measure(stage, table, quick)


def migrate(stage, database):
    command = [stage.programs / "catalystctl", "db", "migrate", "--sql", ROOT / "sql"]
    done = subprocess.run(command, env={**os.environ, "DATABASE_URL": database.url}, capture_output=True, text=True)
    if done.returncode:
        raise CannotMeasure(f"cannot migrate: {done.stdout}{done.stderr}")


def delays(stage, table, database, count):
    table.title(f"Alert raised to … ({count} test alerts under the nine, {APART * 1000:.0f} ms apart)")
    others = {"Postgres": Client(database.url)}
    try:
        others["journald"] = Journal()
    except CannotMeasure as reason:
        table.note(f"journald: {reason}")
    others["Postgres"].value("LISTEN catalyst_alerts")
    taken = {name: [] for name in ("durable", *others)}
    limits = {"durable": [], "Postgres": []}
    reference = Client(database.url)
    reference.value("CREATE TABLE reference (number integer)")
    try:
        with Agent(stage, nine(stage), database=database.url) as agent:
            agent.wait_until_healthy()
            times(agent, count, others)
            for number in range(count):
                for name, nanoseconds in times(agent, number, others).items():
                    taken[name].append(nanoseconds)
                limits["durable"].append(clocked(lambda: fsync(agent.folder / "fsync")))
                limits["Postgres"].append(clocked(lambda: reference.value("INSERT INTO reference VALUES (1)")))
                time.sleep(APART)
    finally:
        for client in (*others.values(), reference):
            client.close()
    words = {"durable": "fsync", "Postgres": "INSERT"}
    for name, nanoseconds in sorted(taken.items(), key=lambda pair: list(BUDGETS_MS).index(pair[0])):
        for share, budget in ((0.5, None), (0.99, BUDGETS_MS[name])):
            mine, limit = quantile(nanoseconds, share), quantile(limits.get(name, [0]), share)
            table.row(f"{name}, p{share * 100:.0f}", ms(mine), f"{words[name]} {ms(limit)}" if limit else "",
                      f"{mine / limit:.1f}x" if limit else "", f"{budget} ms" if budget else "",
                      mine <= budget * 1e6 if budget else None)
    table.note("A real alert is found at most 1 s after its cause, at once where an event brings it.")
    if "journald" in taken:
        table.note("journald: a socket of ours in its place.")


def clocked(act):
    began = time.monotonic_ns()
    act()
    return time.monotonic_ns() - began


def fsync(path):
    """What no ledger can do without: one page, on the disk."""
    with open(path, "ab", buffering=0) as file:
        file.write(bytes(4096))
        os.fsync(file.fileno())


def drain(stage, table, database, count):
    table.title(f"Outbox ({count:,} alerts raised while Postgres is stopped)")
    statement = "SELECT count(*) FROM ops.alert_events WHERE message LIKE 'test drain %'"
    with Agent(stage, nine(stage), database=database.url) as agent:
        agent.wait_until_healthy()
        database.stop()
        began = time.monotonic()
        for first in range(0, count, BATCH):
            ask(agent, {"command": "test-alert", "count": min(BATCH, count - first), "batch": "drain", "first": first})
        table.row("raised and durable", f"{count / (time.monotonic() - began):,.0f} /s")
        database.start()
        back = time.monotonic()
        client, arrived = Client(database.url), 0
        while arrived < count:
            time.sleep(0.05)
            arrived = int(client.value(statement))
            if time.monotonic() - back > 600:
                raise CannotMeasure(f"{arrived:,} of {count:,} alerts arrived in 600 s")
        taken = time.monotonic() - back
        carrying = float(client.value(
            "SELECT extract(epoch FROM max(arrived) - min(arrived)) FROM ops.alert_events"
            " WHERE message LIKE 'test drain %'"))
        client.close()
    reference = {kind: count / seconds for kind, seconds in references(stage, database).items()}
    rate = count / carrying
    for index, (kind, limit) in enumerate(reference.items()):
        table.row("carried" if index == 0 else "", f"{rate:,.0f} /s" if index == 0 else "",
                  f"{kind} {limit:,.0f} /s", f"{rate / limit:.2f}x")
    table.row("all there after its return", f"{taken:.1f} s", f"first {taken - carrying:.1f} s")


def references(stage, database):
    """Seconds for the same rows, in one transaction, without a ledger, a trigger, or ops.alerts."""
    rows, inserts = stage.folder / "rows", stage.folder / "inserts.sql"
    where = "FROM ops.alert_events AS event WHERE message LIKE 'test drain %'"
    rows.write_text(database.value(f"COPY (SELECT event.* {where}) TO STDOUT") + "\n")
    inserts.write_text("BEGIN;\n" + database.value(
        f"SELECT format('INSERT INTO inserted SELECT (%L::ops.alert_events).*;', event) {where}") + "\nCOMMIT;\n")
    for name in ("copied", "inserted"):
        database.value(f"CREATE TABLE {name} (LIKE ops.alert_events INCLUDING INDEXES)")
    return {
        "COPY": psql_seconds(database, "-c", f"\\copy copied from '{rows}'"),
        "INSERT": psql_seconds(database, "-f", inserts),
    }


def psql_seconds(database, *arguments):
    command = ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database.url, *arguments]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise CannotMeasure(f"psql: {done.stderr}")
    return time.monotonic() - began


def ask(agent, request):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(str(agent.socket))
        client.sendall(json.dumps(request).encode() + b"\n")
        reply = json.loads(client.makefile("rb").readline())
        if reply.get("error"):
            raise CannotMeasure(f"the agent refuses {request['command']}: {reply}")
