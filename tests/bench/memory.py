"""Where a monitor's memory goes over a long ledger: `python -m tests.bench.memory --records 600000`.

All partitions of one process, records as ingest writes them (decoded, applied, outputs made), a snapshot of every
partition at each checkpoint, as a worker saves it. The parties are fixed and their payments evenly spread over
`--days` of event time, so that whatever must end by the law's windows (435 days) has ended well before the last
checkpoint: what still grows then, grows without bound. Printed at each checkpoint: resident memory, and the bytes of
the saved state by its parts.
"""

import argparse
import ctypes
import gc
import hashlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from detectors.contracts.events import ConfigurationChange, Rate, Source, Transaction
from detectors.memory.state import PartitionState
from streams.kafka import topics
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from streams.settings import overlay_configuration
from tests.bench.workload import Stored

CONFIGURATION = overlay_configuration({})
PARTITIONS = CONFIGURATION.engine.partitions
START = datetime(2024, 1, 2, tzinfo=UTC)
_CURRENCIES = {"USD": 1400.0, "JPY": 9.4, "EUR": 1520.0, "CNY": 195.0}
_COUNTRIES = ("US", "VN", "JP", "CN", "PH", "DE")
_PURPOSES = ("40101", "20101", "10101", "30201", None)
_CHANNELS = ("branch", "web", "app", "small_remitter")


def digest(text: str) -> str:
    """32 hex digits, the same in every run."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def parties(count: int, partitions: int) -> list[tuple[str, int]]:
    """(token, partition) of each party."""
    made = []
    for number in range(count):
        name = digest(f"party {number}")
        made.append((f"k1.{name[:3]}.{name}", int(name[:3], 16) % partitions))
    return made


def events(
    records: int, days: int, people: int, partitions: int = PARTITIONS
) -> Iterator[tuple[int, Rate | Transaction]]:
    """(partition, event): payments of `people` parties evenly over `days`, and each day's rates for every partition."""
    draw = random.Random(1)
    known = parties(people, partitions)
    step = timedelta(days=days) / records
    day = None
    for number in range(records):
        at = START + number * step
        if at.date() != day:
            day = at.date()
            for rate in _rates(at, draw):
                yield from ((partition, rate) for partition in range(partitions))
        token, partition = known[draw.randrange(people)]
        yield partition, _payment(number, at, token, draw)


def _rates(at: datetime, draw: random.Random) -> Iterator[Rate]:
    for base, mid in _CURRENCIES.items():
        name = f"{base}/KRW@{at.isoformat()}"
        yield Rate(
            event_id=name,
            identity=digest(name),
            body=digest(name + "b"),
            base=base,
            quote="KRW",
            mid=f"{mid * draw.uniform(0.99, 1.01):.4f}",
            rate_time=at,
        )


def _payment(number: int, at: datetime, token: str, draw: random.Random) -> Transaction:
    payee = digest(f"payee of {token} {draw.randrange(8)}")
    small = draw.random() < 0.97  # as most people's payments are
    amount = draw.lognormvariate(6.5, 1.0) if small else draw.uniform(20_000, 90_000)
    return Transaction(
        event_id=f"E{number}",
        identity=digest(f"identity {number}"),
        body=digest(f"body {number}"),
        event_time=at,
        direction="out",
        payment_id=f"P{number}",
        party=token,
        party_type="person",
        counterparty=f"k1.{payee[:3]}.{payee}",
        counterparty_country=draw.choice(_COUNTRIES),
        institution=f"BANK{draw.randrange(12)}",
        branch=f"{draw.randrange(40)}",
        channel=draw.choice(_CHANNELS),
        amount=f"{amount:.2f}",
        currency=draw.choice(tuple(_CURRENCIES)),
        purpose=draw.choice(_PURPOSES),
        evidence="none" if small else "shown",
    )


class Monitor:
    """All partitions' states of one process, fed as a worker feeds them."""

    def __init__(self, partitions: int = PARTITIONS, **tables: Any) -> None:
        self.core = MonitorCore("bench")
        self.states: list[PartitionState] = [self.core.new(number) for number in range(partitions)]
        self._sources: Counter[int] = Counter()
        tables["engine"] = {"partitions": partitions} | tables.get("engine", {})
        change = ConfigurationChange(configuration=overlay_configuration(tables))
        key, value, headers = envelope.first_configuration(change)
        for number in range(partitions):
            self._apply(number, key, value, headers, 0)
        self.alerts = 0

    def _apply(self, partition: int, key: bytes, value: bytes, headers: Any, timestamp: int) -> int:
        state = self.states[partition]
        record = Stored(topics.LEDGER, partition, state.next, timestamp, key, value, tuple(headers))
        return len(self.core.apply(state, partition, record, muted=False))

    def feed(self, partition: int, event: Rate | Transaction) -> None:
        """Write the event as ingest does, and apply it."""
        topic = topics.RATES if isinstance(event, Rate) else topics.TRANSACTIONS
        kind = b"rate" if isinstance(event, Rate) else b"transaction"
        offset = self._sources[partition]
        self._sources[partition] += 1
        commitment = b"k1:" + digest(f"{offset}").encode() * 2
        headers = envelope.envelope(
            Source(topic, partition, offset), commitment, kind, topic_id=b"AAAAAAAAAAAAAAAAAAAAAA"
        )
        value = envelope.encode(event)
        at = event.rate_time if isinstance(event, Rate) else event.event_time
        self.alerts += self._apply(partition, b"k", value, envelope.checked(headers, value), int(at.timestamp() * 1000))
        if offset % 256 == 0:
            self.core.tally.__init__()  # type: ignore[misc]  # a worker shows and empties it after each run

    def saved(self) -> Counter[str]:
        """Bytes of the snapshots of all partitions, by part of the state."""
        found: Counter[str] = Counter()
        for state in self.states:
            for name, packed in state.freeze().sections():
                found[name.split("#")[0].split("/")[0]] += len(packed)
        return found


def resident() -> float:
    """Resident memory of this process now, MB."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096 / 1e6


class _Malloc(ctypes.Structure):
    """glibc's struct mallinfo2."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in [
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        ]
    )


def allocated() -> tuple[float, float]:
    """MB that the C library has handed out, and MB that it holds free (fragments); pieces over 512 bytes, mostly."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Malloc
    found = mallinfo()
    return (found.uordblks + found.hblkhd) / 1e6, found.fordblks / 1e6


def main() -> None:
    """Run and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--records", type=int, default=600_000)
    asked.add_argument("--days", type=int, default=1300)
    asked.add_argument("--parties", type=int, default=2_000)
    asked.add_argument("--checkpoints", type=int, default=12)
    asked.add_argument("--fingerprints", type=int, default=CONFIGURATION.engine.fingerprints)
    given = asked.parse_args()
    monitor, began = Monitor(engine={"fingerprints": given.fingerprints}), time.process_time()
    every = given.records // given.checkpoints
    paid = 0
    for partition, event in events(given.records, given.days, given.parties):
        monitor.feed(partition, event)
        paid += isinstance(event, Transaction)
        if isinstance(event, Transaction) and paid % every == 0:
            parts = monitor.saved()
            gc.collect()
            applied = sum(state.next for state in monitor.states)
            shown = " ".join(f"{name}={size / 1e6:.2f}" for name, size in sorted(parts.items()))
            days = (event.event_time - START).days
            spent = time.process_time() - began
            used, fragments = allocated()
            print(
                f"day {days} applied {applied} rss {resident():.0f} MB (malloc {used:.0f} used, "
                f"{fragments:.0f} free) alerts {monitor.alerts} "
                f"objects {len(gc.get_objects())} cpu {spent:.0f} s: {shown}",
                flush=True,
            )


if __name__ == "__main__":
    main()
