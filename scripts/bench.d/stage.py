"""What a measurement runs: the stand-ins, the limit, and catalystd; and what it hears of them."""
import ctypes, json, os, pathlib, shutil, signal, socket, struct, subprocess, tempfile, time
import processes

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# The nine, and what each waits for.
NINE = {
    "redis": (), "news": ("redis",), "orchestration": ("redis",), "scanner": ("news",), "pattern": ("redis",),
    "technical": ("redis",), "risk-manager": ("redis",), "trading": ("scanner", "pattern", "technical"),
    "reporting": ("trading",),
}


class CannotMeasure(Exception):
    pass


class Stage:
    """Programs, a folder that goes away, and the socket to which stand-ins report."""

    def __init__(self, programs):
        self.programs = programs
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="catalyst-bench-"))
        # Services may run as somebody else, and report all the same.
        self.folder.chmod(0o755)
        self.path = str(self.folder / "bench.sock")
        self.hearing = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.hearing.bind(self.path)
        self.hearing.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.pids = {}
        self.pins = []
        for name in ("service", "limit", "pump"):
            self.compile(name)

    def compile(self, name):
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is None:
            raise CannotMeasure("there is no C compiler: install gcc")
        command = [compiler, "-O2", "-static", "-o", str(self.folder / name), str(HERE / f"{name}.c")]
        if subprocess.run(command).returncode:
            raise CannotMeasure(f"cannot compile {name}.c (a static program needs libc6-dev)")

    def command(self, name, *flags):
        return [str(self.folder / "service"), self.path, name, *map(str, flags)]

    def hear(self, seconds):
        """The next report as (event, name, time, further numbers); None: there was none."""
        self.hearing.settimeout(max(seconds, 0.001))
        try:
            text, ancillary, _, _ = self.hearing.recvmsg(256, socket.CMSG_SPACE(12))
        except TimeoutError:
            return None
        event, name, at, *more = text.decode().split()
        if event == "start":
            self.pids[name] = struct.unpack("iII", ancillary[0][2])[0]
        return event, name, int(at), [int(number) for number in more]

    def hear_all(self, event, names, seconds):
        """The time of each one's first such report."""
        times, end = {}, time.monotonic() + seconds
        while len(times) < len(names):
            heard = self.hear(min(1, end - time.monotonic()))
            if heard and heard[0] == event and heard[1] in names:
                times.setdefault(heard[1], heard[2])
            if time.monotonic() > end:
                raise CannotMeasure(f"{len(times)} of {len(names)} services told '{event}' in {seconds} s")
        return times

    def forget(self):
        while self.hear(0.001):
            pass

    def pin(self):
        """Locks what is started into the page cache: a machine that drops cold pages would measure its disk."""
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + 3 * [ctypes.c_int] + [ctypes.c_long]
        libc.munmap.argtypes = libc.mlock.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
        for path in self.files():
            with open(path, "rb") as file:
                size = os.path.getsize(path)
                address = libc.mmap(None, size, 1, 1, file.fileno(), 0)
            if address in (None, 2**64 - 1):
                continue
            if libc.mlock(address, size):
                print(f"  ({os.path.basename(path)} is not pinned: {os.strerror(ctypes.get_errno())})")
            self.pins.append((libc, address, size))

    def files(self):
        ours = [self.programs / name for name in ("catalystd", "catalyst-collector", "catalystctl")]
        listed = [subprocess.run(["ldd", path], capture_output=True, text=True).stdout for path in ours]
        libraries = {word for word in " ".join(listed).split() if word.startswith("/")}
        return {os.path.realpath(path) for path in [*ours, *libraries, self.folder / "service"]}

    def unpin(self):
        """Pinned pages are shared with us, which would spoil PSS and USS."""
        for libc, address, size in self.pins:
            libc.munmap(address, size)
        self.pins = []

    def close(self):
        self.unpin()
        self.hearing.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Limit:
    """The bare fork, exec and wait loop, with stand-ins of its own."""

    def __init__(self, stage, commands):
        file = stage.folder / "limit.commands"
        file.write_text("".join("\t".join(command) + "\n" for command in commands))
        self.launched = time.monotonic_ns()
        self.process = subprocess.Popen([stage.folder / "limit", file])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


class Agent:
    """catalystd with a stack of these services, until the end of the block."""

    def __init__(self, stage, services, **settings):
        self.stage = stage
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=stage.folder, prefix="agent-"))
        # Many hang at once here, and none is to wait for the brake.
        settings = {"brake": {"restarts": 1000, "window": "1m"}, "metrics": "off", "database": "off", **settings}
        # JSON is YAML.
        stack = {"name": "bench", "services": services, "x-catalyst": settings}
        (self.folder / "stack.yaml").write_text(json.dumps(stack))
        # As on a real system, what does not outlive a boot is in memory.
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.runtime = pathlib.Path(tempfile.mkdtemp(dir=memory, prefix="catalyst-bench-"))
        self.socket = self.runtime / "control.sock"
        self.words = open(self.folder / "words", "wb")
        command = [stage.programs / "catalystd", "--stack", self.folder / "stack.yaml"]
        command += ["--state", self.folder / "state", "--socket", self.socket]
        self.launched = time.monotonic_ns()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.words, stderr=self.words)

    @property
    def pid(self):
        return self.process.pid

    @property
    def collector(self):
        found = [pid for pid in processes.children(self.pid) if processes.program(pid) == "catalyst-collec"]
        if not found:
            raise CannotMeasure("catalystd has no collector")
        return found[0]

    def status(self):
        command = [self.stage.programs / "catalystctl", "--socket", self.socket, "status", "--json"]
        return json.loads(subprocess.run(command, capture_output=True).stdout or "{}")

    def wait_until_healthy(self, seconds=60):
        end = time.monotonic() + seconds
        while self.status().get("state") != "healthy":
            # A stand-in whose report nobody takes waits.
            self.stage.forget()
            if time.monotonic() > end:
                raise CannotMeasure(f"not healthy in {seconds} s")
            time.sleep(0.2)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            print((self.folder / "words").read_text()[-2000:])
        self.end()
        self.words.close()
        for folder in (self.folder, self.runtime):
            shutil.rmtree(folder, ignore_errors=True)

    def end(self):
        """In order; what it kept stays until the end of the block."""
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            print("  (catalystd did not stop in 30 s: killed)")
            self.process.kill()
            self.process.wait()


def service(command, *, needs=(), check=None, logging=None):
    """One service of a stack file. The first restart after a second of health is at once."""
    spec = {"command": command, "restart": "always", "x-catalyst": {"backoff": {"reset_after": "1s"}}}
    if needs:
        spec["depends_on"] = {name: {"condition": "service_healthy"} for name in needs}
    if check:
        spec["healthcheck"] = check
    if logging:
        spec["logging"] = logging
    return spec


def nine(stage, *flags):
    """The nine with HTTP probes, on ports of their own."""
    base, services = free_ports(len(NINE)), {}
    for index, (name, needs) in enumerate(NINE.items()):
        command = stage.command(name, "--ports", base + index, 1, *flags)
        services[name] = service(command, needs=needs, check=http(base + index))
    return services


def http(port, interval="30s", timeout="10s", retries=3):
    test = ["HTTP", f"http://127.0.0.1:{port}/health"]
    return {"test": test, "interval": interval, "timeout": timeout, "retries": retries, "start_period": "40s"}


def free_ports(count):
    """The first of `count` neighbouring ports of 127.0.0.1 that are free, below those that the kernel deals out."""
    for first in range(12_000, 31_000, 500):
        try:
            for port in range(first, first + count):
                with socket.socket() as tried:
                    tried.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise CannotMeasure(f"there are no {count} free ports in a row")
