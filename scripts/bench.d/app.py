"""A service as plain as they come, for `uvicorn app:app --fd 3`: it has the stand-in's paths."""
import asyncio, datetime, json, os, pathlib, time

NAME = os.environ.get("NAME", "app")
# What is wrong with this release: {"scanner": {"unhealthy": 0.5}}, seconds after it was first asked; or "crash".
FAULTS = pathlib.Path(__file__).with_name("faults.json")
FAULT = json.loads(FAULTS.read_text()).get(NAME, {}) if FAULTS.exists() else {}
asked = []


def health():
    asked[:] = asked or [time.monotonic()]
    age = time.monotonic() - asked[0]
    if age >= FAULT.get("crash", float("inf")):
        os._exit(1)
    is_well = age < FAULT.get("unhealthy", float("inf"))
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    words = {"status": "healthy" if is_well else "unhealthy", "service": NAME, "version": "1.0.0", "timestamp": now}
    return (200 if is_well else 503), json.dumps(words).encode()


async def answer(scope, receive):
    if scope["path"] == "/health":
        return health()
    if scope["path"] == "/slow":
        await asyncio.sleep(float(scope["query_string"].partition(b"=")[2] or 1))
        return 200, b"{}"
    if scope["path"] == "/mcp":
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        return 200, body
    return 200, b'{"service":"%s"}' % NAME.encode()


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    status, body = await answer(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
