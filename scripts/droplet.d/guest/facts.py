#!/usr/bin/env python3
"""Facts about the stack of this machine, from catalystctl's JSON, in words for a script.

Usage: facts.py pids                 a line for each service: name, pid
       facts.py healthy              "9 of 9"
       facts.py order SINCE          starts since then (seconds since 1970): each after all it needs was well?
       facts.py remembered SINCE    how many events and alerts are older; fails where there are none
       facts.py changed BEFORE AFTER which services' pids differ, in two outputs of `pids`
"""
import datetime, json, subprocess, sys


def ask(*arguments):
    said = subprocess.run(["catalystctl", *arguments, "--json"], capture_output=True, text=True, timeout=30)
    return [json.loads(line) for line in said.stdout.splitlines() if line.startswith("{")]


def services():
    return next((line["services"] for line in ask("status") if "services" in line), [])


def pids():
    return "\n".join(f"{service['name']} {service.get('pid', '-')}" for service in services())


def healthy():
    found = services()
    return f"{sum(service['health'] == 'healthy' for service in found)} of {len(found)}"


def seconds(time):
    if isinstance(time, (int, float)):
        return time
    return datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def order(since):
    needs = {service["name"]: [needed["service"] if isinstance(needed, dict) else needed
                               for needed in service["dependencies"]]
             for service in ask("config", "show")[0]["services"]}
    started, well = {}, {}
    for line in ask("events", "--since", "10m"):
        event = line.get("event", {})
        name, time = event.get("service"), seconds(event.get("time", 0))
        if name is None or time < since:
            continue
        if event["kind"] == "started":
            started.setdefault(name, event["id"])
        elif event["kind"] in ("healthy", "degraded"):
            well.setdefault(name, event["id"])
    missing = sorted(set(needs) - set(started))
    if missing:
        sys.exit(f"no start is known of {', '.join(missing)}")
    for name, needed in needs.items():
        for other in needed:
            if well.get(other, 1 << 62) > started[name]:
                sys.exit(f"{name} was started before {other} was well")
    return " ".join(sorted(started, key=started.get))


def remembered(since):
    events = sum(seconds(line["event"]["time"]) < since for line in ask("events", "--since", "1d") if "event" in line)
    alerts = sum(seconds(line["alert"]["alert"]["since"]) < since for line in ask("alerts", "list", "--all")
                 if "alert" in line)
    if not events or not alerts:
        sys.exit(f"{events} events and {alerts} alerts are older")
    return f"{events} events and {alerts} alerts"


def changed(before, after):
    before, after = ({line.split()[0]: line.split()[1] for line in text.splitlines()} for text in (before, after))
    return " ".join(sorted(name for name in before | after if before.get(name) != after.get(name)))


match sys.argv[1:]:
    case ["pids"]:
        print(pids())
    case ["healthy"]:
        print(healthy())
    case ["order", since]:
        print(order(float(since)))
    case ["remembered", since]:
        print(remembered(float(since)))
    case ["changed", before, after]:
        print(changed(before, after))
    case _:
        sys.exit(__doc__)
