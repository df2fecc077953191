"""The eight HTTP services, as uvicorn apps or stand-ins, under catalystd; and what rolls them."""
import calendar, json, os, pathlib, shutil, subprocess, tempfile, time
import processes
from stage import HERE, ROOT, Agent, CannotMeasure, free_ports, http, service

# As they are rolled: what is needed least comes first. The last is the one behind nginx.
EIGHT = ("reporting", "news", "trading", "risk-manager", "technical", "pattern", "scanner", "orchestration")
DRAIN = "500ms"


class Eight:
    """catalystd with eight services that answer on `ports`, until the end of the block."""

    def __init__(self, stage, kind, *, listens=True, order="start-first", soak="500ms", directory=HERE, **settings):
        self.stage = stage
        base = free_ports(len(EIGHT))
        self.ports = [base + index for index in range(len(EIGHT))]
        services = {}
        for name, port in zip(EIGHT, self.ports):
            command = program(stage, kind, name) + (["--fd", "3"] if listens else ["--port", str(port)])
            services[name] = spec = service(command, check=http(port, "1s", "2s"))
            spec["environment"] = {"NAME": name, "PYTHONDONTWRITEBYTECODE": "1"}
            spec["deploy"] = {"update_config": {"order": order}}
            spec["working_dir"] = str(directory)
            if listens:
                spec["x-catalyst"] |= {"listen": f"127.0.0.1:{port}", "drain": DRAIN}
        rollout = {"order": list(EIGHT), "soak": soak}
        self.agent = Agent(stage, services, rollout=rollout, **settings)
        self.times, self.kilobytes = [], (0, 0, 0)

    def __enter__(self):
        self.agent.__enter__()
        try:
            self.agent.wait_until_healthy()
        except BaseException as error:
            self.agent.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, *reason):
        self.agent.__exit__(*reason)

    def roll(self, *words, succeeds=True):
        """Runs `catalystctl`, such as `restart`, to its end, and returns the rollout as it tells it."""
        command = [self.stage.programs / "catalystctl", *words, "--json"]
        environment = {**os.environ, "CATALYST_SOCKET": str(self.agent.socket)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True)
        lines = ended.stdout.strip().splitlines()
        rollout = json.loads(lines[-1]).get("rollout") if lines else None
        if rollout is None or (ended.returncode == 0) is not succeeds:
            said = rollout.get("message") if rollout else (lines + ended.stderr.strip().splitlines())[-1:]
            raise CannotMeasure(f"'catalystctl {' '.join(map(str, words))}' ended with {ended.returncode}: {said}")
        self.times += [seconds(step) for step in rollout["steps"] if step["phase"] == "done"]
        self.kilobytes = max(self.kilobytes, processes.memory(self.agent.pid))
        return rollout

    def pids(self):
        return {each["name"]: each.get("pid") for each in self.agent.status()["services"]}


def seconds(step):
    begin, end = (time_of(step[key]) for key in ("startedAt", "finishedAt"))
    return end - begin


def time_of(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(f"0.{fraction or 0}")


def program(stage, kind, name):
    if kind == "uvicorn":
        return [python(), "-m", "uvicorn", "app:app"]
    path = stage.programs / "catalyst-standin"
    if not path.exists():
        raise CannotMeasure(f"there is no '{path}': `swift build --product catalyst-standin` makes it")
    return [str(path), "--name", name]


def python():
    """One that has uvicorn: as `scripts/test` makes it, where it is not there yet."""
    folder = ROOT / ".build-python" / "venv"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        install = [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "fastapi", "uvicorn"]
        for command in (["python3", "-m", "venv", folder], install):
            if subprocess.run(command).returncode:
                raise CannotMeasure("cannot install uvicorn: it needs python3-venv and a way to PyPI")
        (folder / "complete").touch()
    return str(folder / "bin" / "python")


class Loop:
    """The same apps without a supervisor: killed and started again, one after another, as Compose does it."""

    def __init__(self, stage):
        base = free_ports(len(EIGHT))
        self.ports = [base + index for index in range(len(EIGHT))]
        self.words = open(stage.folder / "loop", "wb")
        self.running = [self.start(name, port) for name, port in zip(EIGHT, self.ports)]

    def start(self, name, port):
        command = [python(), "-m", "uvicorn", "app:app", "--port", str(port)]
        environment = {**os.environ, "NAME": name, "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(command, cwd=HERE, env=environment, stdout=self.words, stderr=self.words)

    def roll(self):
        for index, (name, port) in enumerate(zip(EIGHT, self.ports)):
            self.running[index].terminate()
            self.running[index].wait()
            self.running[index] = self.start(name, port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            process.kill()
            process.wait()
        self.words.close()


class Releases:
    """A directory for catalystd's releases, with a first one to begin from, and sources to deploy."""

    def __init__(self, stage):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=stage.folder, prefix="releases-"))
        self.root = self.folder / "root"
        self.root.mkdir()
        self.sources = 0

    def source(self, **faults):
        """A directory to deploy: the app, with what is wrong with it."""
        self.sources += 1
        folder = self.folder / f"source-{self.sources}"
        folder.mkdir()
        shutil.copy(HERE / "app.py", folder)
        (folder / "VERSION").write_text(f"1.0.{self.sources}\n")
        (folder / "faults.json").write_text(json.dumps(faults))
        return folder
