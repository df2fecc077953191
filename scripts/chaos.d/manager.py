"""Starts catalystd again whenever it died, as systemd does: notify socket, fd store, RestartSec=100ms."""
import os, select, signal, socket, subprocess, threading, time

RESTART_PAUSE = 0.1


class Manager:
    """`command` is run from `start` to `stop`; `deaths` tells when each died and the next was ready."""

    def __init__(self, command, folder, environment):
        self.command, self.environment = [str(word) for word in command], environment
        self.words = open(folder / "words", "ab")
        self.path = str(folder / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.store, self.deaths, self.failures = [], [], []
        self.ready = threading.Event()
        self.is_stopping = False
        self.may_spawn = threading.Event()
        self.may_spawn.set()
        self.process = None

    def start(self):
        self.spawn()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.ready.wait(60)

    @property
    def pid(self):
        return self.process.pid

    def kill(self, number=signal.SIGKILL):
        try:
            self.process.send_signal(number)
        except ProcessLookupError:
            pass

    def stop(self):
        self.is_stopping = True
        self.kill(signal.SIGCONT)
        self.kill(signal.SIGTERM)
        self.thread.join(90)
        return self.process.poll()

    def spawn(self):
        names = ":".join(name for name, _ in self.store)
        environment = {**self.environment, "NOTIFY_SOCKET": self.path, "WATCHDOG_USEC": "20000000"}
        command = self.command
        if self.store:
            environment |= {"LISTEN_FDS": str(len(self.store)), "LISTEN_FDNAMES": names}
            # The pid is known in the child only.
            command = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command]
        files = [os.dup(descriptor) for _, descriptor in self.store]
        high = max([*files, 2]) + 1
        actions = [(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
        actions += [(os.POSIX_SPAWN_DUP2, self.words.fileno(), number) for number in (1, 2)]
        actions += [(os.POSIX_SPAWN_DUP2, file, high + index) for index, file in enumerate(files)]
        actions += [(os.POSIX_SPAWN_DUP2, high + index, 3 + index) for index in range(len(files))]
        pid = os.posix_spawn(command[0], command, environment, file_actions=actions, setsid=True)
        for file in files:
            os.close(file)
        self.process = Spawned(pid)

    def run(self):
        while True:
            select.select([self.socket], [], [], 0.005)
            self.hear()
            if self.process.poll() is None:
                continue
            self.hear()
            if self.is_stopping:
                return
            if self.process.returncode >= 0:
                self.failures.append(f"catalystd ended with code {self.process.returncode}")
            died = time.monotonic()
            self.ready.clear()
            self.deaths.append([died, None])
            time.sleep(RESTART_PAUSE)
            self.may_spawn.wait()
            self.hear()
            self.spawn()

    def hear(self):
        while select.select([self.socket], [], [], 0)[0]:
            text, descriptors, _, _ = socket.recv_fds(self.socket, 4096, 8)
            lines = dict(line.split("=", 1) for line in text.decode().split("\n") if "=" in line)
            name = lines.get("FDNAME")
            if "FDSTORE" in lines:
                self.store += [(name, descriptor) for descriptor in descriptors]
            if "FDSTOREREMOVE" in lines:
                for _, descriptor in (entry for entry in self.store if entry[0] == name):
                    os.close(descriptor)
                self.store = [entry for entry in self.store if entry[0] != name]
            if lines.get("READY") == "1":
                if self.deaths and self.deaths[-1][1] is None:
                    self.deaths[-1][1] = time.monotonic()
                self.ready.set()


class Spawned:
    """Of subprocess.Popen what is needed here."""

    def __init__(self, pid):
        self.pid, self.returncode, self.lock = pid, None, threading.Lock()

    def poll(self):
        with self.lock:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)
