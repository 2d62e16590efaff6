"""What must not change while code is made faster: the ledger's bytes, the alerts' bytes and the learned state.

`python -m tests.bench.golden` prints one line a stream; run it before and after. Equal lines mean byte-equal ledger,
legs, dead letters, outputs (alerts, their copies, notices) and state digests of all partitions, over 20 000 events
with resends, conflicts and bad records, and with a save and load in the middle.
"""

import hashlib
import sys
from typing import NamedTuple

from streams.monitor import MonitorCore
from tests.bench.workload import Stored, ingested, records, stored


class Result(NamedTuple):
    """Hashes (first 16 hex digits) and counts."""

    ledger: str
    outputs: str
    state: str
    alerts: int
    notices: int


def replayed(written: list[list[Stored]], *, reload: bool = True) -> tuple[str, str, int, int]:
    """Hash of outputs, hash of the states' digests, alerts and notices of applying every partition's ledger."""
    outputs, states = hashlib.sha256(), hashlib.sha256()
    alerts = notices = 0
    for number, part in enumerate(written):
        core = MonitorCore("golden")
        state = core.new(number)
        for place, record in enumerate(part):
            if reload and place == len(part) // 2:
                state = core.thaw(number, list(state.freeze().sections()))
            for output in core.apply(state, number, record, muted=False):
                outputs.update(repr(output).encode())
                alerts += output.topic == "fx.alerts.v1"
                notices += output.topic.startswith("fx.notices")
        states.update(state.freeze().digest().encode())
    return outputs.hexdigest()[:16], states.hexdigest()[:16], alerts, notices


def golden(events: int, seed: int) -> Result:
    """The result of one stream."""
    written = ingested(stored(records(events, seed, bad_share=0.02)))
    ledger = hashlib.sha256()
    for part in (*written.ledger, written.legs, written.dead):
        for record in part:
            ledger.update(repr(record).encode())
    return Result(ledger.hexdigest()[:16], *replayed(written.ledger))


def main() -> None:
    """Print the result of two streams."""
    for events, seed in ((int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, 1), (5_000, 2)):
        print(events, seed, golden(events, seed))  # noqa: T201


if __name__ == "__main__":
    main()
