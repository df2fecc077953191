"""What may happen to a stack, and how long it takes to be found and mended."""
import os, signal, time, urllib.request
import processes
from stack import LISTENING
from stage import CannotMeasure

# As long as a fault may last before it counts as not mended.
PATIENCE = 90


class Faults:
    def __init__(self, course, only=None):
        self.course, self.stack, self.chance = course, course.stack, course.chance
        self.times = {}
        self.kinds = [self.kill, self.kill, self.terminate, self.hang, self.stop, self.unhealthy, self.leave_children,
                      self.kill_redis, self.stop_redis, self.kill_collector, self.stop_collector,
                      self.kill_agent, self.kill_agent, self.abort_agent, self.hang_agent, self.replace_agent,
                      self.stop_database, self.stall_database, self.roll]
        if self.stack.disk.is_own:
            self.kinds += [self.fill_disk, self.read_only_disk]
        if only:
            self.kinds = [kind for kind in self.kinds if kind.__name__ in only]
            if not self.kinds:
                raise CannotMeasure(f"there are no faults {', '.join(only)} here")

    def strike(self):
        kind = self.chance.choice(self.kinds)
        begin = time.monotonic()
        found = kind()
        deadline = begin + PATIENCE
        took = self.stack.wait_until_well(max(1, deadline - time.monotonic()))
        if took is None:
            self.course.expect(f"{kind.__name__} is mended", False, str(self.stack.status())[:1500])
        mended = time.monotonic() - begin if took is not None else None
        self.times.setdefault(kind.__name__.replace("_", " "), []).append((found, mended))
        time.sleep(self.chance.uniform(0.1, 1.5))

    def victim(self):
        name = self.chance.choice(LISTENING)
        return name, self.stack.services().get(name, {}).get("pid")

    def found(self, name, begin, pid):
        """Until its status is another, or its instance."""
        while time.monotonic() - begin < 30:
            service = self.stack.services().get(name)
            if service and (service.get("pid") != pid or service["state"] != "up" or service["health"] != "healthy"):
                return time.monotonic() - begin
            time.sleep(0.005)
        return None

    def signal(self, number, name=None):
        name, pid = (name, self.stack.services().get(name, {}).get("pid")) if name else self.victim()
        if not pid:
            return None
        begin = time.monotonic()
        os.kill(pid, number)
        return self.found(name, begin, pid)

    def kill(self):
        return self.signal(signal.SIGKILL)

    def terminate(self):
        return self.signal(signal.SIGTERM)

    def stop(self):
        return self.signal(signal.SIGSTOP)

    def kill_redis(self):
        return self.signal(signal.SIGKILL, "redis")

    def stop_redis(self):
        return self.signal(signal.SIGSTOP, "redis")

    def ask_for(self, fault):
        name, pid = self.victim()
        begin = time.monotonic()
        request = urllib.request.Request(f"http://127.0.0.1:{self.stack.ports[name]}/fault/{fault}", method="POST")
        try:
            urllib.request.urlopen(request, timeout=2).read()
        except OSError:
            return None
        return name, begin, pid

    def hang(self):
        asked = self.ask_for("hang")
        return asked and self.found(*asked)

    def unhealthy(self):
        asked = self.ask_for("unhealthy")
        return asked and self.found(*asked)

    def leave_children(self):
        """Children that ignore their session, and then a death."""
        asked = self.ask_for("fork?count=3&setsid=1")
        if asked:
            os.kill(asked[2], signal.SIGKILL)
        return asked and self.found(*asked)

    def collectors(self):
        agent = self.stack.manager.pid
        return [pid for pid in processes.children(agent) if processes.program(pid).startswith("catalyst-coll")]

    def collector(self, number):
        """Until there is another one: the services look well as long as their last verdicts count."""
        before, begin = self.collectors(), time.monotonic()
        for pid in before:
            os.kill(pid, number)
        found = self.wait(lambda: set(self.collectors()) - set(before) and time.monotonic() - begin)
        self.course.expect("a collector that is lost or hangs is replaced", found, f"it is {before} after {PATIENCE} s")
        return found

    def kill_collector(self):
        return self.collector(signal.SIGKILL)

    def stop_collector(self):
        return self.collector(signal.SIGSTOP)

    def kill_agent(self):
        self.course.strike()
        self.course.recover()

    def abort_agent(self):
        self.stack.manager.kill(signal.SIGABRT)
        time.sleep(0.5)

    def hang_agent(self):
        """As its watchdog does it: it hangs, and is killed."""
        self.stack.manager.kill(signal.SIGSTOP)
        time.sleep(self.chance.uniform(0.5, 3))
        self.stack.manager.kill(signal.SIGKILL)
        time.sleep(0.5)

    def replace_agent(self):
        before = self.stack.manager.pid
        ended = self.stack.ctl("agent", "reexec")
        self.course.expect("the agent is replaced in place", ended.returncode == 0 and before == self.stack.manager.pid,
                           ended.stdout + ended.stderr)

    def stop_database(self):
        self.stack.database.stop()
        time.sleep(self.chance.uniform(1, 5))
        self.stack.database.start()

    def stall_database(self):
        server = self.stack.database.server.pid
        for pid in (server, *processes.children(server)):
            os.kill(pid, signal.SIGSTOP)
        time.sleep(self.chance.uniform(1, 5))
        for pid in (server, *processes.children(server)):
            os.kill(pid, signal.SIGCONT)

    def roll(self):
        name = self.chance.choice(LISTENING)
        self.course.mains.rolling.add(name)
        ended = self.stack.ctl("restart", name)
        time.sleep(0.5)
        self.course.mains.rolling.discard(name)
        self.course.expect("a restart succeeds", ended.returncode == 0, ended.stdout[-600:] + ended.stderr[-600:])

    def fill_disk(self):
        """Of ledger and logs, to the last byte."""
        return self.disk(self.stack.disk.fill, self.stack.disk.free)

    def read_only_disk(self):
        """As after an error of the disk: at an agent's beginning, when nothing is open for writing."""
        return self.disk(self.protect, self.stack.disk.unprotect)

    def protect(self):
        manager = self.stack.manager
        manager.may_spawn.clear()
        try:
            manager.kill()
            self.stack.disk.protect()
        finally:
            manager.may_spawn.set()

    def disk(self, spoil, mend):
        """The services do not notice, the operator is told, and it is over when the disk is well."""
        before = self.lives()
        begin = time.monotonic()
        spoil()
        try:
            found = self.wait(lambda: self.ledger_is_failing() and time.monotonic() - begin)
            time.sleep(self.chance.uniform(1, 4))
            after = self.wait(self.lives)
        finally:
            mend()
        self.course.expect("a sick disk is told", found is not None, str(self.stack.status())[:1500])
        self.course.expect("a sick disk touches no service", after == before, f"were {before}, are {after}")
        mended = self.wait(lambda: self.ledger_is_failing() is False)
        self.course.expect("a well disk is used again", mended, str(self.stack.status())[:1500])
        return found

    def lives(self):
        return {name: (each.get("pid"), each["restarts"]) for name, each in self.stack.services().items()}

    def ledger_is_failing(self):
        """None: nobody answers."""
        lines = self.stack.ask({"command": "alerts"})
        alerts = [line["alert"]["alert"] for line in lines if "alert" in line]
        return any(each["rule"] == "ledger-failing" and each["state"] == "firing" for each in alerts) if lines else None

    def wait(self, answer):
        """The first one that is no no."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if said := answer():
                return said
            time.sleep(0.05)
        return None
