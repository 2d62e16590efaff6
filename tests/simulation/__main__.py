"""Play many schedules: `python -m tests.simulation --core hashing --events 2000 --seeds 0:10000`.

Split a long run over processes by seed range. Exit 1 when a schedule breaks: its seed, what broke and the command that
plays it again are printed, with `--minimise` also the few operations that are enough.
"""

import argparse
import logging
import sys
import time

from tests.simulation.schedule import KINDS, broken, command, minimised
from tests.simulation.sweep import sweep


def main() -> int:
    """Parse the command line and play."""
    logging.disable(logging.CRITICAL)  # thousands of expected warnings
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--core", choices=sorted(KINDS), default="hashing")
    parser.add_argument("--events", type=int, default=2000, help="events a schedule")
    parser.add_argument("--seeds", default="0:100", help="first:last+1")
    parser.add_argument("--minimise", action="store_true")
    chosen = parser.parse_args()
    first, last = map(int, chosen.seeds.split(":"))
    kind = KINDS[chosen.core]
    figures = sweep(kind, range(first, last), chosen.events, progress_seconds=30.0, began=time.perf_counter)
    print(figures, flush=True)
    for seed, what in figures.broken:
        print(f"seed {seed}: {what}\n  {command(kind, seed, chosen.events)}", flush=True)
        if chosen.minimise:
            few = minimised(kind, seed, chosen.events)
            print(f"  {len(few)} operations are enough:", *few, sep="\n    ", flush=True)
            print("  they give:", broken(kind, seed, chosen.events, few), flush=True)
    return 1 if figures.broken else 0


if __name__ == "__main__":
    sys.exit(main())
