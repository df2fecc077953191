"""One course of chaos: what is done to the stack, and what must hold in the end."""
import json, os, re, signal, statistics, subprocess, threading, time, urllib.request
from faults import Faults
from stack import LISTENING, Mains, Stack, compile_hammer
from stage import NINE, CannotMeasure
from traffic import Client

# Healthy again after the last fault: a hang of a dependency and of its dependents, one after the other.
BOUND = 90
LINE = re.compile(r"line (\d+)$")
DROPPED = re.compile(r"catalystd: (\d+) bytes of output were dropped here")
DISKS = {"fill disk", "read only disk"}


class Course:
    def __init__(self, programs, folder, chance):
        self.chance, self.folder = chance, folder
        self.stack = Stack(programs, folder)
        self.broken, self.held, self.measured, self.times = [], 0, {}, {}
        self.raised, self.recoveries = 0, []
        self.is_over = threading.Event()
        self.hammer = self.mains = None

    def __enter__(self):
        if self.stack.wait_until_well(60) is None:
            self.__exit__()
            raise CannotMeasure(f"the nine do not become healthy: {self.words()}")
        ports = [self.stack.ports[name] for name in LISTENING]
        self.hammer = Client([compile_hammer(self.folder), "close", 2, 5, "GET", "/", *ports])
        self.mains = Mains(self.folder)
        self.began = time.monotonic()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        if self.hammer:
            self.hammer.stop()
        if self.mains:
            self.mains.stop()
        if self.stack:
            self.stack.stop()
            self.stack = None

    def words(self):
        return (self.folder / "words").read_text(errors="replace")[-3000:]

    def kills(self, count):
        """SIGKILL at random moments, while services are rolled and alerts are raised."""
        before = {name: each["restarts"] for name, each in self.stack.services().items()}
        others = [threading.Thread(target=each, daemon=True) for each in (self.roll, self.alert)]
        for other in others:
            other.start()
        for number in range(count):
            # Also while the one before is still taking over.
            time.sleep(self.chance.choice((0.02, 0.2, 1)) * self.chance.random())
            self.strike()
            if number % 4 == 0:
                self.recover()
        self.is_over.set()
        for other in others:
            other.join(120)
        self.settle()
        after = {name: each["restarts"] for name, each in self.stack.services().items()}
        self.expect("no service is restarted by it", after == before, f"restarts were {before}, are {after}")
        self.measured["agent killed"] = f"{count} times"
        times = sorted(self.recoveries)
        if times:
            p50, p99 = (times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.99))
            self.measured["death to adopted and probing"] = (
                f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms, max {times[-1] * 1000:.0f} ms ({len(times)})")
            self.expect("probing again within a second (p99)", p99 < 1, f"p99 {p99:.2f} s")
        self.requests_expected(0)

    def strike(self):
        manager = self.stack.manager
        deadline = time.monotonic() + 60
        while manager.process.poll() is not None:
            if time.monotonic() > deadline:
                raise CannotMeasure(f"no agent comes back: {self.words()}")
            time.sleep(0.001)
        self.struck = time.monotonic()
        manager.kill()

    def recover(self):
        """Until all have been asked by the new agent."""
        while time.monotonic() - self.struck < 60:
            services = self.stack.services()
            if services and all(services.get(name, {}).get("latency") for name in LISTENING):
                self.recoveries.append(time.monotonic() - self.struck)
                return
            time.sleep(0.005)
        self.expect("the agent comes back", False, self.words())

    def roll(self):
        """One service after another is replaced, as the operator would."""
        while not self.is_over.is_set():
            name = self.chance.choice(LISTENING)
            self.mains.rolling.add(name)
            self.stack.ctl("restart", name)
            self.wait_for_rollout()
            self.is_over.wait(0.3)
            self.mains.rolling.discard(name)

    def wait_for_rollout(self):
        """A rollout goes on under the next agent, which has to begin first."""
        quiet = 0
        for _ in range(600):
            status = self.stack.status()
            isQuiet = status and status["services"] and not status.get("host", {}).get("rollout")
            quiet = quiet + 1 if isQuiet else 0
            if quiet == 5:
                return
            time.sleep(0.1)

    def alert(self):
        """Each is asked for until it is acknowledged."""
        while not self.is_over.is_set():
            request = {"command": "test-alert", "count": 5, "batch": "chaos", "first": self.raised}
            while not (answer := self.stack.ask(request)) or answer[-1].get("error"):
                time.sleep(0.02)
            self.raised += 5
            self.is_over.wait(0.2)

    def faults(self, seconds, only=None):
        faults = Faults(self, only)
        alerts = threading.Thread(target=self.alert, daemon=True)
        alerts.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            faults.strike()
        self.is_over.set()
        alerts.join(120)
        self.settle()
        self.times = faults.times
        self.requests_expected(None)

    def settle(self):
        took = self.stack.wait_until_well(BOUND)
        self.expect("all nine are healthy in the end", took is not None, json.dumps(self.stack.status())[:2000])
        if took is not None:
            self.measured["healthy after the end"] = f"{took:.1f} s"

    def requests_expected(self, failures):
        counts = self.hammer.end()
        self.hammer = None
        asked = counts["requests"]
        self.measured["requests"] = f"{asked:,}, {counts['failed']} failed, longest {counts.get('max', 0) / 1000:.0f} ms"
        if failures is not None:
            self.expect("no request fails", counts["failed"] <= failures and asked > 0, json.dumps(counts)[:600])
        elif asked:
            self.measured["availability"] = f"{100 * (1 - counts['failed'] / asked):.4f} % of requests"

    def expect(self, what, holds, words=""):
        if holds:
            self.held += 1
        else:
            self.broken.append(f"{what}: {words}" if words else what)

    def judge(self):
        self.mains.stop()
        self.expect("never two of a service", not self.mains.doubles, str(self.mains.doubles[:3]))
        self.expect("the agent never gives up", not self.stack.manager.failures, str(self.stack.manager.failures))
        self.judge_alerts()
        self.judge_log()
        code = self.stack.stop()
        self.expect("it stops in order", code == 0, f"code {code}")
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and self.mains.mark(pid)]
        self.expect("nothing is left behind", not left, str(left))
        self.stack = None
        faults = {kind: [len(pairs)] + [pick(pairs, place) for place in (0, 1) for pick in (middle, largest)]
                  for kind, pairs in self.times.items()}
        load, processors = os.getloadavg()[1], os.cpu_count()
        self.measured["seconds"] = f"{time.monotonic() - self.began:.0f} (load {load:.1f} on {processors} processors)"
        return {"broken": self.broken, "held": self.held, "measured": self.measured, "faults": faults}

    def judge_alerts(self):
        """Once in the ledger, once in the database, at most once at the notifier."""
        database = self.stack.database
        wanted = [f"test chaos {number}" for number in range(self.raised)]
        deadline, rows = time.monotonic() + 60, []
        while time.monotonic() < deadline and len(rows) < len(wanted):
            rows = database.value(
                "SELECT message FROM ops.alert_events WHERE rule = 'test' ORDER BY arrival").splitlines()
            time.sleep(0.2)
        self.expect("each alert is in the database once", sorted(rows) == sorted(wanted),
                    f"{len(rows)} of {len(wanted)}, {len(set(rows))} different")
        doubled = database.value("SELECT count(*) - count(DISTINCT id) FROM ops.alert_events")
        self.expect("no alert's event is there twice", doubled == "0", doubled)
        opened = self.wait_for_alerts(BOUND)
        self.expect("no alert stays open", not opened, "; ".join(opened))
        told = self.told()
        self.expect("who is to be told is told once", len(told) == len(set(told)) and len(told) >= self.raised,
                    f"{len(told)} times, of {len(set(told))} events, with {self.raised} tests among them")
        self.measured["alerts"] = f"{self.raised} raised; the command was told {len(told)} events"

    def wait_for_alerts(self, seconds):
        """The ones that are still open then; some are held open for a while."""
        deadline = time.monotonic() + seconds
        while True:
            lines = self.stack.ask({"command": "alerts", "all": True}, 60)
            opened = [line["alert"]["alert"] for line in lines if "alert" in line]
            opened = [f"{each['rule']} {each['subject']}: {each['summary']}" for each in opened if each["state"] == "firing"]
            if lines and not opened or time.monotonic() > deadline:
                return opened if lines else ["nobody answers"]
            time.sleep(0.2)

    def told(self):
        try:
            lines = (self.folder / "told").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [str(json.loads(line).get("id")) + json.loads(line).get("kind", "") for line in lines if line.strip()]

    def judge_log(self):
        """Each line once; what a sick disk did not take is counted where it is missing, to the byte."""
        lines = self.stack.ask({"command": "logs", "services": ["counter"], "tail": 10_000_000}, 120)
        expected, dropped, lost, odd, gaps = 1, 0, 0, [], []
        for text in (line["log"]["text"] for line in lines if "log" in line):
            if note := DROPPED.match(text):
                dropped += int(note[1])
            elif number := LINE.match(text):
                found = int(number[1])
                missing = sum(len(f"line {each}\n") for each in range(expected, found))
                if found < expected or missing != dropped:
                    gaps.append((expected, found, missing, dropped))
                lost += max(0, found - expected)
                expected, dropped = found + 1, 0
            else:
                odd.append(text)
        self.expect("each line of log is there once, or counted as dropped", expected > 1 and not gaps and not odd,
                    f"to {expected}, {len(gaps)} gaps (expected, found, bytes missing, told): {gaps[:5]} {odd[:3]}")
        self.expect("only a sick disk drops lines", not lost or self.times.keys() & DISKS, f"{lost} lines")
        self.measured["lines of log"] = f"{expected - 1:,}" + (f", {lost:,} dropped and counted" if lost else "")


def middle(pairs, place):
    known = [pair[place] for pair in pairs if pair[place] is not None]
    return statistics.median(known) if known else None


def largest(pairs, place):
    return max((pair[place] for pair in pairs if pair[place] is not None), default=None)
