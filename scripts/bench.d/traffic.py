"""Who asks the services while they are rolled: hammers, wrk, and nginx in front."""
import json, os, pathlib, shutil, signal, socket, subprocess, tempfile, time
from stage import ROOT, CannotMeasure

FAILURES = ("refused", "reset", "closed", "timeout", "status", "other")

# wrk tells its counts itself; its connections are kept, so the pause is what bounds it.
WRK = """
wrk.method = "%s"
if wrk.method == "POST" then
  wrk.body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
  wrk.headers["Content-Type"] = "application/json"
end
function delay() return %d end
function done(summary, latency)
  local e = summary.errors
  local counts = '\\n{"requests": %%d, "refused": %%d, "reset": %%d, "write": %%d, "timeout": %%d, "status": %%d, '
  io.write(string.format(counts, summary.requests + e.connect + e.read + e.write,
    e.connect, e.read, e.write, e.timeout, e.status))
  local times = '"p50": %%d, "p99": %%d, "max": %%d}\\n'
  io.write(string.format(times, latency:percentile(50), latency:percentile(99), latency.max))
end
"""

NGINX = """
daemon off;
worker_processes 1;
pid %(folder)s/pid;
error_log %(folder)s/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path %(folder)s/body;
  proxy_temp_path %(folder)s/proxy;
  fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi;
  scgi_temp_path %(folder)s/scgi;
  proxy_http_version 1.1;
  upstream kept { server 127.0.0.1:%(upstream)d; keepalive 16; }
  server {
    listen 127.0.0.1:%(new)d;
    location / { proxy_pass http://127.0.0.1:%(upstream)d; proxy_set_header Connection close; }
  }
  server {
    listen 127.0.0.1:%(kept)d;
    location / { proxy_pass http://kept; proxy_set_header Connection ""; }
  }
}
"""


class Client:
    """A process that asks until it is told to stop, and then prints its counts as JSON."""

    def __init__(self, command, end=signal.SIGTERM):
        self.end_signal = end
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(list(map(str, command)), text=True, **pipes)

    def end(self):
        self.process.send_signal(self.end_signal)
        try:
            said, complaints = self.process.communicate(timeout=30)
            counts = json.loads(said.strip().rpartition("\n")[2])
        except (subprocess.TimeoutExpired, ValueError):
            raise CannotMeasure(f"'{self.process.args[0]}' did not say what it counted")
        finally:
            self.stop()
        counts["failed"] = sum(counts.get(kind, 0) for kind in (*FAILURES, "write"))
        counts["complaints"] = complaints.splitlines()
        return counts

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def hammer(stage, mode, ports, *, threads=4, pause=2, method="GET", path="/"):
    return Client([stage.folder / "hammer", mode, threads, pause, method, path, *ports])


def wrk(stage, port, *, connections=4, pause=4, method="GET", path="/"):
    script = stage.folder / f"wrk-{method}-{pause}.lua"
    script.write_text(WRK % (method, pause))
    command = [tool("wrk"), "-t1", f"-c{connections}", "-d3600s", "--timeout", "10s", "-s", script]
    return Client([*command, f"http://127.0.0.1:{port}{path}"], signal.SIGINT)


class Traffic:
    """Clients by name, from now to the end of the block; then `counts` is what they found."""

    def __init__(self, **clients):
        self.clients, self.counts = clients, {}

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self.counts = {name: client.end() for name, client in self.clients.items()}
        finally:
            for client in self.clients.values():
                client.stop()


class Nginx:
    """In front of one service: at port `new` it opens a connection for each request, at `kept` it keeps some."""

    def __init__(self, stage, upstream, new, kept):
        self.new, self.kept = new, kept
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=stage.folder, prefix="nginx-"))
        # Its worker is somebody else when we are root.
        self.folder.chmod(0o755)
        names = {"folder": self.folder, "upstream": upstream, "new": new, "kept": kept}
        (self.folder / "nginx.conf").write_text(NGINX % names)
        command = [tool("nginx"), "-e", self.folder / "error.log", "-p", self.folder, "-c", self.folder / "nginx.conf"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not answers(new):
            if self.process.poll() is not None or time.monotonic() > end:
                self.end()
                raise CannotMeasure(f"nginx does not start: {self.complaints()[-1:]}")
            time.sleep(0.05)

    def complaints(self):
        file = self.folder / "error.log"
        return file.read_text().splitlines() if file.exists() else []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


def answers(port):
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def tool(name):
    # An ordinary user's PATH has no sbin.
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def need_tools():
    names = ("wrk", "nginx")
    if not all(map(tool, names)):
        subprocess.run([ROOT / "scripts" / "setup", "bench"])
    for name in names:
        if tool(name) is None:
            raise CannotMeasure(f"there is no {name}: Debian's package '{name}' has it")
