"""What must not change while code is made faster: the ledger's bytes, the alerts' bytes and the learned state.

`python -m tests.bench.golden` prints one line a stream; run it before and after. Equal lines mean byte-equal ledger,
legs, dead letters, outputs (alerts, their copies, notices) and state digests of all partitions, over 20 000 events
with resends, conflicts and bad records, and with a save and load in the middle.
"""

import hashlib
import sys
from typing import NamedTuple

from detectors.contracts.configuration import Configuration
from streams.monitor.core import MonitorCore
from streams.settings import overlay_configuration
from tests.bench.workload import CONFIGURATION, Stored, ingested, records, stored


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


def golden(events: int, seed: int, configuration: Configuration = CONFIGURATION) -> Result:
    """The result of one stream."""
    written = ingested(stored(records(events, seed, bad_share=0.02)), configuration)
    ledger = hashlib.sha256()
    for part in (*written.ledger, written.legs, written.dead):
        for record in part:
            ledger.update(repr(record).encode())
    return Result(ledger.hexdigest()[:16], *replayed(written.ledger))


def main() -> None:
    """Print the result of two streams, and of one whose models are warm early, so that statistical alerts come too."""
    for events, seed in ((int(sys.argv[1]) if len(sys.argv) > 1 else 20_000, 1), (5_000, 2)):
        print(events, seed, golden(events, seed))
    warm = {
        "warm_up": 30,
        "calibration_window": 60,
        "daily_budget": 2000.0,
        "rank_ceiling": 1.0,
        "most_by_chance": 1e9,
        "exploration": 0.1,
    }
    print("warm", golden(8_000, 3, overlay_configuration({"detectors": warm})))


if __name__ == "__main__":
    main()
