"""The disk under ledger and logs: a small one of the run's own, in a mount namespace of its own."""
import os, pathlib, subprocess, sys, time
from stage import CannotMeasure

MARK = "CATALYST_CHAOS_NAMESPACE"
SIZE = "256m"


def enter_namespace():
    """Begins again where mounts are nobody else's; without the right to, it goes on as it is."""
    if MARK in os.environ or reason_against():
        return
    os.environ[MARK] = "own"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])


def reason_against():
    """Why no disk can be mounted here; None: one can."""
    if os.geteuid() != 0:
        return "only root may mount one"
    if os.environ.get(MARK) == "own":
        return None
    try:
        tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "there is no 'unshare': apt-get install util-linux"
    return tried.stderr.strip() if tried.returncode else None


class Disk:
    def __init__(self, folder):
        self.folder, self.ballast = folder, pathlib.Path(folder) / "ballast"
        self.reason = reason_against()
        self.is_own = self.reason is None
        if self.is_own:
            self.mount("-t", "tmpfs", "-o", f"size={SIZE},mode=755", "catalyst-chaos", self.folder)

    def mount(self, *words):
        ended = subprocess.run(["mount", *words], capture_output=True, text=True)
        if ended.returncode:
            raise CannotMeasure(f"cannot mount: {ended.stderr.strip()}")

    def fill(self):
        """To the last byte."""
        file = os.open(self.ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for size in (1 << 20, 4096, 1):
                while True:
                    os.write(file, b"\xaa" * size)
        except OSError as error:
            if error.errno != 28:
                raise
        finally:
            os.close(file)

    def free(self):
        self.ballast.unlink(missing_ok=True)

    def protect(self):
        """Read-only, as soon as nobody has a file of it open for writing."""
        for attempt in range(200):
            try:
                return self.mount("-o", "remount,ro", self.folder)
            except CannotMeasure:
                if attempt == 199:
                    raise
                time.sleep(0.02)

    def unprotect(self):
        self.mount("-o", "remount,rw", self.folder)

    def leave(self):
        if self.is_own:
            subprocess.run(["umount", "--lazy", self.folder], capture_output=True)
