"""How fast a service's output gets into rotated files, beside `cat > file`."""
import os, statistics, subprocess, time
import processes
from stage import Agent, CannotMeasure, service
from table import mb

BUDGETS = {"local": 0.7, "json-file": 0.3}


def pump(stage, table, quick):
    total = 200_000_000 if quick else 1_000_000_000
    runs = 2 if quick else 3
    table.title(f"Log pump ({total // 1_000_000:,} MB of 100-byte lines, files of 50 MB, {runs} runs)")
    rates = {"cat": [], **{driver: [] for driver in BUDGETS}}
    peaks, landed = {}, {}
    for _ in range(runs):
        rates["cat"].append(cat(stage, total))
        for driver in BUDGETS:
            rate, landed[driver], peaks[driver] = logged(stage, driver, total)
            rates[driver].append(rate)
    reference = statistics.median(rates["cat"])
    for driver, budget in BUDGETS.items():
        rate = statistics.median(rates[driver])
        table.row(driver, f"{rate:,.0f} MB/s", f"cat {reference:,.0f} MB/s", f"{rate / reference:.2f}x",
                  f"{budget}x", rate / reference >= budget)
        missing = total // 100 - landed[driver]
        table.row(f"{driver}, lines sent and landed", f"{landed[driver]:,}", "", f"-{missing:,}", "-0", missing == 0)
        table.row(f"{driver}, catalystd's peak RSS", mb(peaks[driver]))


def cat(stage, total):
    """MB/s into one file, through a pipe."""
    os.sync()
    path = stage.folder / "cat.out"
    with open(path, "wb") as file:
        reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file)
        writer = subprocess.Popen([stage.folder / "pump", stage.path, "cat", str(total)], stdout=reader.stdin)
        rate = pumped(stage, "cat")
        writer.kill()
        writer.wait()
        reader.stdin.close()
        reader.wait()
    path.unlink()
    return rate


def pumped(stage, name):
    """The clock stops when the last write is in the pipe."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        heard = stage.hear(1)
        if heard and heard[:2] == ("pumped", name):
            sent, started = heard[3]
            return sent / ((heard[2] - started) / 1e9) / 1e6
    raise CannotMeasure(f"{name} did not take the lines in 300 s")


def logged(stage, driver, total):
    os.sync()
    command = [str(stage.folder / "pump"), stage.path, driver, str(total)]
    logging = {"driver": driver, "options": {"max-size": "50m", "max-file": "100", "compress": "false"}}
    with Agent(stage, {"pump": service(command, logging=logging)}) as agent:
        rate = pumped(stage, driver)
        lines = landed(agent.folder / "state" / "logs", total // 100)
        peak = processes.peak(agent.pid)
    return rate, lines, peak


def landed(folder, expected):
    """Lines in the files, once they do not grow any more."""
    sizes, end = None, time.monotonic() + 30
    while time.monotonic() < end:
        before, sizes = sizes, {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}
        if sizes == before:
            break
        time.sleep(0.5)
    return sum(marks(path) for path in sizes)


def marks(path):
    count = 0
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"#")
    return count
