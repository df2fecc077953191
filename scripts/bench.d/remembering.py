"""What it costs to measure the services, and to remember what was measured."""
import shutil, sqlite3, statistics, time
from stage import Agent, CannotMeasure, nine, service

INTERVAL = 10
# Resolution: seconds between rows, and how long they are kept.
RAW, MINUTE, HOUR = 0, 1, 2
ROWS = {RAW: (10, 3600), MINUTE: (60, 7 * 86_400), HOUR: (3600, 400 * 86_400)}
DAY = 86_400


def measure(stage, table, quick):
    table.title(f"Samples (the collector's CPU for one sampling; one each {INTERVAL} s)")
    ledger = stage.folder / "ledger.sqlite"
    samplings = 1 if quick else 3
    sample_cost(stage, table, nine(stage), samplings, keep=ledger)
    many = {f"sleeper-{index}": service(stage.command(f"sleeper-{index}")) for index in range(100)}
    sample_cost(stage, table, many, samplings)
    size(table, ledger)


def sample_cost(stage, table, services, samplings, keep=None):
    with Agent(stage, services) as agent:
        costs, end = [], time.monotonic() + 60 + INTERVAL * samplings
        # The first is dearer than all others: nothing is in a cache.
        while len(costs) < samplings + 1:
            time.sleep(1)
            stage.forget()
            readings = agent.status().get("host", {}).get("readings", {})
            cost = readings.get("@agent", {}).get("sampling-cost")
            if cost is not None and cost not in costs:
                costs.append(cost)
            if time.monotonic() > end:
                raise CannotMeasure(f"{len(costs)} samplings in {60 + INTERVAL * samplings} s")
        agent.end()
        if keep:
            shutil.copy(agent.folder / "state/ledger.sqlite", keep)
    stage.forget()
    cost, count = statistics.median(costs[1:]), len(services)
    table.row(f"{count}: one service", f"{cost / count * 1e6:.0f} us", f"all {cost * 1e3:.2f} ms",
              f"{cost / INTERVAL:.4%}")


def size(table, path):
    """Fills the ledger as years would: rows of each subject as the agent wrote them, in the order of time."""
    with sqlite3.connect(path) as ledger:
        blobs = dict(ledger.execute("SELECT subject, measures FROM measurements WHERE resolution = ?", [MINUTE]))
        raws = dict(ledger.execute("SELECT subject, measures FROM measurements WHERE resolution = ?", [RAW]))
        ledger.execute("DELETE FROM measurements")
        ledger.commit()
        ledger.execute("VACUUM")
        empty = pages(ledger)
        end = ROWS[HOUR][1]
        counts = dict.fromkeys(ROWS, 0)
        for hour in range(0, end, 3600):
            for kind, (step, kept) in ROWS.items():
                rows = raws if kind == RAW else blobs
                if hour < end - kept:
                    continue
                times = range(hour, hour + 3600, step)
                ledger.executemany("INSERT INTO measurements VALUES (?, ?, ?, ?)", (
                    (kind, time * 10**9, subject, blob) for time in times for subject, blob in rows.items()))
                counts[kind] += len(times) * len(rows)
        ledger.commit()
        full = pages(ledger)
    a_row = (full - empty) / sum(counts.values())
    a_day = len(blobs) * sum(DAY / ROWS[kind][0] for kind in (MINUTE, HOUR)) * a_row
    table.title(f"Ledger of the nine ({len(blobs)} subjects; without events and alerts, which are bounded by number)")
    table.row("a row, with its share of pages", f"{a_row:.0f} bytes", f"{sum(counts.values()):,} rows")
    table.row("a day, minute and hour rows", f"{a_day / 1e6:.2f} MB")
    table.row("when the oldest rows go", f"{full / 1e6:.1f} MB", f"empty {empty / 1e3:.0f} KB")
    table.note("Computed: the rows it wrote, repeated: raw for an hour, minutes for 7 days, hours for 400 days.")


def pages(ledger):
    return ledger.execute("PRAGMA page_count").fetchone()[0] * ledger.execute("PRAGMA page_size").fetchone()[0]
