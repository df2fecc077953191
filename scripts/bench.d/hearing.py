"""Who is told of alerts, and notes when: a client that listens to PostgreSQL, and a journald of our own."""
import ctypes, json, os, pathlib, re, select, socket, time
from stage import CannotMeasure

JOURNAL = pathlib.Path("/run/systemd/journal")
NEW_MOUNTS, PRIVATE = 0x20000, 0x44000


class Client:
    """A connection to PostgreSQL that stays, by libpq: psql would measure its own start."""

    class Notification(ctypes.Structure):
        _fields_ = [("channel", ctypes.c_char_p), ("pid", ctypes.c_int), ("payload", ctypes.c_char_p)]

    def __init__(self, url):
        try:
            self.pq = ctypes.CDLL("libpq.so.5")
        except OSError:
            raise CannotMeasure("there is no libpq: install libpq5") from None
        for name in ("PQconnectdb", "PQexec", "PQgetvalue", "PQerrorMessage"):
            getattr(self.pq, name).restype = ctypes.c_void_p
        self.pq.PQnotifies.restype = ctypes.POINTER(self.Notification)
        self.connection = ctypes.c_void_p(self.pq.PQconnectdb(url.encode()))
        if self.pq.PQstatus(self.connection):
            raise CannotMeasure(f"PostgreSQL: {self.words('PQerrorMessage', self.connection)}")

    def words(self, function, *arguments):
        found = getattr(self.pq, function)(*arguments)
        return ctypes.string_at(found).decode() if found else ""

    def value(self, statement):
        """The first value of the first row."""
        result = ctypes.c_void_p(self.pq.PQexec(self.connection, statement.encode()))
        failure = self.pq.PQresultStatus(result) not in (1, 2)
        rows = self.pq.PQntuples(result)
        value = self.words("PQgetvalue", result, 0, 0) if rows else ""
        self.pq.PQclear(result)
        if failure:
            raise CannotMeasure(f"'{statement}': {self.words('PQerrorMessage', self.connection)}")
        return value

    def fileno(self):
        return self.pq.PQsocket(self.connection)

    def heard(self):
        """The numbers of the test alerts that were notified of."""
        numbers = []
        self.pq.PQconsumeInput(self.connection)
        while notification := self.pq.PQnotifies(self.connection):
            told = json.loads(notification.contents.payload)
            if told["rule"] == "test":
                numbers.append(int(told["message"].rsplit(" ", 1)[1]))
            self.pq.PQfreemem(notification)
        return numbers

    def close(self):
        self.pq.PQfinish(self.connection)


class Journal:
    """Stands where journald does, in mounts of this process and its children alone: what the agent sends is noted
    when it arrives. A real journald would not tell that moment."""

    def __init__(self):
        if os.geteuid():
            raise CannotMeasure("only root can stand in for journald")
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.place = next(path for path in (JOURNAL, *JOURNAL.parents) if path.is_dir())
        self.check(self.libc.unshare(NEW_MOUNTS))
        self.check(self.libc.mount(b"none", b"/", None, ctypes.c_ulong(PRIVATE), None))
        self.check(self.libc.mount(b"none", bytes(self.place), b"tmpfs", ctypes.c_ulong(0), None))
        JOURNAL.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(JOURNAL / "socket"))

    def check(self, result):
        if result:
            raise CannotMeasure(f"cannot stand in for journald: {os.strerror(ctypes.get_errno())}")

    def fileno(self):
        return self.socket.fileno()

    def heard(self):
        datagram = self.socket.recv(1 << 18)
        found = re.search(rb"^MESSAGE=.* (\d+)$", datagram, re.MULTILINE)
        return [int(found[1])] if b"\nCATALYST_RULE=test\n" in datagram else []

    def close(self):
        self.socket.close()
        self.libc.umount2(bytes(self.place), 2)


class Receipt:
    """The agent's word that what was asked for is on disk."""

    def __init__(self, agent, number):
        self.number = number
        self.client = socket.socket(socket.AF_UNIX)
        self.client.connect(str(agent.socket))
        self.request = {"command": "test-alert", "count": 1, "batch": "bench", "first": number}

    def send(self):
        self.client.sendall(json.dumps(self.request).encode() + b"\n")

    def fileno(self):
        return self.client.fileno()

    def heard(self):
        reply = json.loads(self.client.recv(1 << 16) or "{}")
        if reply.get("error") or not reply.get("last"):
            raise CannotMeasure(f"the agent did not raise a test alert: {reply}")
        return [self.number]

    def close(self):
        self.client.close()


def times(agent, number, others):
    """Raises one alert: nanoseconds until each heard of it, by name."""
    receipt = Receipt(agent, number)
    listeners = {"durable": receipt, **others}
    taken, raised, end = {}, time.monotonic_ns(), time.monotonic() + 10
    receipt.send()
    while len(taken) < len(listeners):
        waiting = {name: listener for name, listener in listeners.items() if name not in taken}
        readable = select.select(waiting.values(), (), (), end - time.monotonic())[0]
        now = time.monotonic_ns()
        if not readable:
            raise CannotMeasure(f"alert {number} did not come to {', '.join(waiting)} in 10 s")
        for name, listener in waiting.items():
            if listener in readable and number in listener.heard():
                taken[name] = now - raised
    receipt.close()
    return taken
