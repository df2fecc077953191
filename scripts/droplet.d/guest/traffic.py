#!/usr/bin/env python3
"""Asks URLs in turn, each with a new connection, until a file is there; then says how many failed.
Its first line comes after the first answer.

Usage: traffic.py STOP-FILE SECONDS-BETWEEN URL…
"""
import os, ssl, sys, time, urllib.error, urllib.request

stop, pause, urls = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
trusting = ssl.create_default_context()
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
asked, failures = 0, {}
while not os.path.exists(stop):
    url = urls[asked % len(urls)]
    asked += 1
    try:
        urllib.request.urlopen(url, timeout=30, context=trusting if url.startswith("https") else None).read()
    except urllib.error.HTTPError as problem:
        failures.setdefault(f"{url}: {problem.code}", []).append(asked)
    except OSError as problem:
        failures.setdefault(f"{url}: {getattr(problem, 'reason', problem)}", []).append(asked)
    if asked == 1:
        print("asking", flush=True)
    time.sleep(pause)
print(f"{sum(map(len, failures.values()))} failed of {asked}", *(f"({len(times)}x {words})" for words, times
                                                                in failures.items()))
