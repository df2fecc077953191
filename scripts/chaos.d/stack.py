"""The nine under chaos: redis-server, eight stand-ins with sockets of the agent's own, PostgreSQL, and who asks them."""
import json, os, pathlib, shutil, signal, socket, subprocess, threading, time
from database import Database
from disk import Disk
from manager import Manager
from stage import HERE, NINE, ROOT, CannotMeasure, free_ports

LISTENING = [name for name in NINE if name != "redis"]
HEALTH = {"interval": "1s", "timeout": "1s", "retries": 3, "start_period": "20s", "start_interval": "100ms"}


class Stack:
    """Begins as nine healthy services, ends with nothing left."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        self.socket = str(folder / "run/control.sock")
        (folder / "run").mkdir()
        (folder / "state").mkdir()
        self.disk = Disk(folder / "state")
        first = free_ports(9)
        self.ports = {name: first + index for index, name in enumerate(NINE)}
        self.database = Database(folder / "postgres")
        self.database.start()
        environment = {**os.environ, "DATABASE_URL": self.database.url}
        migrated = subprocess.run([programs / "catalystctl", "db", "migrate", "--sql", ROOT / "sql"],
                                  env=environment, capture_output=True, text=True)
        if migrated.returncode:
            raise CannotMeasure(f"cannot migrate: {migrated.stdout}{migrated.stderr}")
        (folder / "stack.yaml").write_text(json.dumps(self.file()))
        command = [programs / "catalystd", "--stack", folder / "stack.yaml", "--state", folder / "state"]
        self.manager = Manager([*command, "--socket", self.socket], folder, dict(os.environ))
        self.manager.start()

    def file(self):
        services = {name: self.service(name, needs) for name, needs in NINE.items()}
        # Beside them one that counts: each line of its log must be there once.
        count = "i=0; while :; do i=$((i+1)); echo line $i; sleep 0.005; done".replace("$", "$$")
        services["counter"] = {"command": ["/bin/sh", "-c", count], "logging": {"options": {"max-size": "100m"}}}
        alerts = {"on_alert": ["/bin/sh", "-c", f"cat >>{self.folder}/told; echo >>{self.folder}/told"],
                  # What the machine has to do beside this is not the stack's trouble.
                  "rules": {"ledger-failing": {"hold": "2s"}, "log-flood": {"hold": "2s"},
                            "cpu-high": "off", "memory-high": "off"}}
        settings = {"database": self.database.url, "metrics": "off", "rollout": {"soak": "300ms"},
                    "brake": {"restarts": 1000, "window": "1m"}, "alerts": alerts}
        return {"name": "chaos", "services": services, "x-catalyst": settings}

    def service(self, name, needs):
        port = self.ports[name]
        spec = {"depends_on": {other: {"condition": "service_healthy"} for other in needs},
                "deploy": {"restart_policy": {"condition": "any"}}, "logging": {"driver": "json-file"}}
        own = {"backoff": {"reset_after": "1s", "max": "1s"}}
        if name == "redis":
            spec["command"] = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                               "--dir", str(self.folder / "run")]
            spec["healthcheck"] = {"test": ["REDIS", f"redis://127.0.0.1:{port}/0"], **HEALTH}
        else:
            spec["command"] = [str(self.programs / "catalyst-standin"), "--name", name, "--fd", "3"]
            spec["healthcheck"] = {"test": ["HTTP", f"http://127.0.0.1:{port}/health"], **HEALTH}
            own |= {"listen": f"127.0.0.1:{port}", "drain": "200ms"}
        return spec | {"x-catalyst": own}

    def ask(self, request, patience=10):
        """The lines of the answer, the last one last; empty: there is no agent, or it died meanwhile."""
        lines = []
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(patience)
                client.connect(self.socket)
                client.sendall(json.dumps(request).encode() + b"\n")
                for line in client.makefile("rb"):
                    lines.append(json.loads(line))
                    if lines[-1].get("last"):
                        return lines
        except (OSError, ValueError):
            pass
        return []

    def status(self):
        lines = self.ask({"command": "status"})
        return lines[-1].get("status") if lines else None

    def services(self):
        return {each["name"]: each for each in (self.status() or {}).get("services", [])}

    def is_well(self):
        status = self.status()
        return bool(status) and status["state"] == "healthy"

    def wait_until_well(self, seconds):
        """How long it took; None: it did not come about."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if self.is_well():
                return time.monotonic() - begin
            time.sleep(0.05)
        return None

    def ctl(self, *words):
        environment = {**os.environ, "CATALYST_SOCKET": self.socket}
        return subprocess.run([self.programs / "catalystctl", *words], env=environment, capture_output=True, text=True)

    def stop(self):
        code = self.manager.stop()
        self.database.__exit__()
        self.disk.leave()
        return code


class Mains:
    """Looks all along who is the main process of which service: sessions' leaders that carry an instance's mark."""

    def __init__(self, folder):
        self.doubles = []
        # Other agents may run beside it.
        self.prefix = next((folder / "run").glob("instances-*.json")).stem.partition("-")[2] + "."
        self.is_over = threading.Event()
        self.rolling = set()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_over.wait(0.1):
            self.look()

    def look(self):
        now, found = time.monotonic(), {}
        for name in os.listdir("/proc"):
            if name.isdigit() and (mark := self.mark(name)):
                service, _, number = mark.removeprefix(self.prefix).rpartition(".")
                if service in NINE:
                    found.setdefault(service, {})[number.partition("-")[0]] = name
        for service, instances in found.items():
            # While one takes the other's place there are two, and moments after.
            if len(instances) > (2 if service in self.rolling else 1):
                self.doubles.append((now, service, dict(instances)))

    def mark(self, pid):
        try:
            fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
            if fields[0] == "Z" or fields[3] != pid:
                return None
            for entry in open(f"/proc/{pid}/environ", "rb").read().split(b"\0"):
                if entry.startswith(f"CATALYST_INSTANCE={self.prefix}".encode()):
                    return entry.split(b"=", 1)[1].decode()
        except (OSError, IndexError):
            pass
        return None

    def stop(self):
        self.is_over.set()
        self.thread.join()


def compile_hammer(folder):
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise CannotMeasure("there is no C compiler: install gcc")
    target = folder / "hammer"
    subprocess.run([compiler, "-O2", "-pthread", "-o", target, HERE / "hammer.c"], check=True)
    return target
