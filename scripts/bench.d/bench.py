"""Measures catalyst beside the physical limit in the same run. `scripts/bench --help` says how to ask."""
import argparse, gc, os, pathlib, platform, sys, time
from alerts import alerts
from footprint import idle, scale, status
from latency import cold, crash, hang
from pump import pump
from rollout import rollout
from stage import CannotMeasure, Stage
from table import Table

MEASUREMENTS = {f.__name__: f for f in (crash, cold, hang, idle, scale, pump, status, alerts, rollout)}


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", nargs="*", default="all", choices=[*MEASUREMENTS, "all"])
    parser.add_argument("--quick", action="store_true", help="fewer and smaller: to see that it works")
    parser.add_argument("--programs", type=pathlib.Path, required=True, metavar="DIRECTORY",
                        help="where catalystd and its like are (default: .build/release)")
    return parser.parse_args()


def main():
    asked = arguments()
    chosen = MEASUREMENTS if "all" in asked.what else asked.what
    # A collection in the wrong moment would be measured.
    gc.disable()
    table = Table()
    load = os.getloadavg()[0]
    print(f"catalyst, {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores, Linux {platform.release()}, load {load:.2f}")
    if load > 0.5:
        print("The machine is busy: read the limits first, and compare ratios only.")
    stage = Stage(asked.programs.resolve())
    try:
        for name in chosen:
            MEASUREMENTS[name](stage, table, asked.quick)
    finally:
        stage.close()
    table.end()


try:
    main()
except CannotMeasure as reason:
    sys.exit(f"bench: cannot measure: {reason}")
except KeyboardInterrupt:
    sys.exit(130)
