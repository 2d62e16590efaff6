"""How much slower this machine computes now than where the bounds in milliseconds were set.

A bound in CPU time is met by a quiet machine and missed by one whose other processes fill its caches and share its
cores: 16 ms became 22 and 25 in full runs of the tests. So what is over a bound is compared with work that never
changes and is done in the same moment: names are counted and sorted, packed and unpacked, columns sorted by numpy.
"""

import msgspec
import numpy as np

from tests.support.own_cpu import own_cpu

# seconds of the reference on the two quiet cores where the bounds were set, 2026-11-29; the least of 200
QUIET_SECONDS = 0.0030
_NAMES = [f"k1.111.{number:032x}" for number in range(4_000)]
_TIMES = np.arange(100_000, dtype="<i8") * 7_919 % 100_003
REPETITIONS = 7
# slower than that, a machine says nothing of a bound in milliseconds, and a test that fails there is right to
MOST = 2.0


def _reference() -> None:
    sums: dict[str, int] = {}
    for number, name in enumerate(_NAMES * 3):
        sums[name] = sums.get(name, 0) + number % 977
    ordered = sorted(sums.items(), key=lambda each: (-each[1], each[0]))
    msgspec.msgpack.decode(msgspec.msgpack.encode(dict(ordered)))
    times = _TIMES[: 4 * len(ordered)]
    times[np.lexsort((np.arange(len(times)), times))].tolist()


def slowness() -> float:
    """Times slower than `QUIET_SECONDS` the reference is now (least of some repetitions), from 1 to `MOST`."""
    seconds = []
    for _ in range(REPETITIONS):
        with own_cpu() as measured:
            _reference()
        seconds.append(measured.seconds)
    return min(MOST, max(1.0, min(seconds) / QUIET_SECONDS))
