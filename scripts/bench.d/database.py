"""A PostgreSQL of a measurement's own, on loopback, run by an ordinary user: it refuses root."""
import glob, os, pathlib, signal, socket, subprocess, time


class NoDatabase(Exception):
    pass


class Database:
    def __init__(self, folder):
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
        if not found:
            raise NoDatabase("PostgreSQL's server is not installed: apt-get install postgresql")
        self.programs = pathlib.Path(found[-1]).parent
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.user = []
        if os.geteuid() == 0:
            self.user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chown(self.folder, 65534, 65534)
            for parent in self.folder.parents:
                if parent.stat().st_uid == 0 and parent.stat().st_mode & 0o005 != 0o005:
                    parent.chmod(parent.stat().st_mode | 0o055)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port = listener.getsockname()[1]
        self.url = f"postgresql://catalyst@127.0.0.1:{self.port}/postgres"
        command = [*self.user, self.programs / "initdb", "-D", self.folder / "data", "-U", "catalyst"]
        subprocess.run([*command, "--auth=trust", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self):
        command = [*self.user, self.programs / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", ""]
        self.server = subprocess.Popen([*command, "-c", "listen_addresses=127.0.0.1"], cwd="/",
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while self.query("SELECT 1").returncode:
            if time.monotonic() > end:
                raise NoDatabase("PostgreSQL does not start")
            time.sleep(0.1)

    def stop(self):
        """At once: connections break."""
        self.server.send_signal(signal.SIGQUIT)
        self.server.wait(30)

    def query(self, statement):
        return subprocess.run(["psql", "-XAtq", "-d", self.url, "-c", statement], capture_output=True, text=True)

    def value(self, statement):
        answer = self.query(statement)
        if answer.returncode:
            raise NoDatabase(f"'{statement}': {answer.stderr}")
        return answer.stdout.strip()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.server.poll() is None:
            self.stop()
