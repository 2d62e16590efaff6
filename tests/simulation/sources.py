"""What senders sent, by source partition, as ledger records; and what must become of each by a plain recount.

The recount knows nothing of `detectors.core`: a fault of the gate, the marks or the fingerprints cannot hide in it.
"""

import random
from collections import Counter
from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import msgspec
import orjson

from detectors.contracts.configuration import Configuration, fingerprint
from detectors.contracts.events import ConfigurationChange
from detectors.contracts.learning import Learning, ScoreCounts
from detectors.memory.state import PartitionState
from streams.contracts.input_record import ArrivedRecord, InputRecord
from streams.contracts.inputs import DISPOSITIONS, RATES, RULES, TRANSACTIONS
from streams.contracts.learning_record import LEARNING
from streams.contracts.record_headers import HISTORY_HEADER
from streams.generator import Simulation
from streams.ingest.door import Admitted, Door
from streams.keys.pseudonyms import parse_keys
from streams.ledger import envelope
from streams.settings import overlay_configuration
from tests.simulation.hashing import WINDOW as HASHING_WINDOW
from tests.support import history

# a tenth of what is sent comes twice, and a third of those with another body
DOUBLED, CONFLICTING = 0.1, 0.33
LATE_DAYS = 60
POOL_EVENTS, POOLS = 3000, 4
# A plain window is recounted. It is large beside the last 50 payments that are sent again, because a full one forgets
# by institution (detectors/values/shares.py), and one with many of them would lose some sooner.
WINDOW = 400
LIGHT: dict[str, dict[str, Any]] = {
    "detectors": {
        "warm_up": 20,
        "calibration_window": 50,
        "daily_budget": 2000.0,
        "rank_ceiling": 1.0,
        "most_by_chance": 1e9,
        "members": {"robust_z": {}, "half_space_trees": {"trees": 3, "height": 4, "window": 40, "first_window": 8}},
    },
    "engine": {"fingerprints": WINDOW},
}


class Written(NamedTuple):
    """One record for a ledger partition, and what the recount needs of it.

    `identity` None: a configuration, never a duplicate. `source` None: not by ingest. `unborne`: a verdict on an alert
    that was never raised.
    """

    partition: int
    key: bytes
    value: bytes
    headers: Any
    timestamp: int
    source: tuple[str, int] | None
    number: int
    identity: Any
    body: Any
    unborne: bool = False


# one source record's ledger records: one, or one a partition for what is broadcast
Sent = list[Written]


class Sources(NamedTuple):
    """All source partitions, each in its own order; what each ledger partition starts with; the duplicates' window."""

    logs: list[list[Sent]]
    first: list[Written]
    window: int


def hashing_sources(draw: random.Random, events: int, partitions: int) -> Sources:
    """Numbers, spread over 3 sources; some broadcast, some doubled, some in conflict."""
    logs: list[list[Sent]] = [[], [], []]
    past: list[tuple[int, int, int]] = []
    for event in range(events):
        source = draw.randrange(3)
        number = len(logs[source]) * 2  # senders' bad records leave holes
        identity, body, partition = event, draw.randrange(1 << 30), draw.randrange(partitions)
        if past and draw.random() < DOUBLED:
            identity, body, partition = draw.choice(past[-100:])
            if draw.random() < CONFLICTING:
                body += 1
        past.append((identity, body, partition))
        targets = range(partitions) if draw.random() < 0.05 else (partition,)
        value = b"%d %d %d %d" % (source, number, identity, body)
        logs[source].append(
            [Written(one, b"k", value, (), event, ("s", source), number, identity, body) for one in targets]
        )
    return Sources(logs, [], HASHING_WINDOW)


# -- the real core ----------------------------------------------------------------------------------------------------


@cache
def _pool(number: int) -> list[InputRecord]:
    """A built-in stream; making it costs more than a short schedule, so a process keeps a few."""
    return list(Simulation(seed=number + 1, events=POOL_EVENTS, residents=40 + 20))


@cache
def light_configuration() -> Configuration:
    """Few trees, a short warm-up and a generous budget: cheap events, many alerts."""
    return overlay_configuration(LIGHT)


@cache
def _keys() -> Any:
    return parse_keys("k1 = " + "1f" * 32 + "\n", "a simulation")


def _shifted(record: InputRecord, days: float, name: str) -> InputRecord:
    """The same payment as another event, at another time."""
    body = orjson.loads(record.value or b"")
    at = datetime.fromisoformat(body["event_time"]) + timedelta(days=days)
    body |= {"event_id": name, "event_time": at.isoformat()}
    return record._replace(value=orjson.dumps(body))


def _conflicting(record: InputRecord) -> InputRecord:
    body = orjson.loads(record.value or b"")
    body["amount"] = f"{float(body['amount']) * 2:.0f}"
    return record._replace(value=orjson.dumps(body))


def _verdict(draw: random.Random, number: int, token: str, at: str) -> InputRecord:
    body = {
        "event_id": f"V{number}",
        "alert_id": f"a{number}",
        "party": token,
        "reason": "checked",
        "decided_at": at,
        "verdict": draw.choice(["confirmed", "refuted", "inconclusive"]),
        "investigator": "I1",
    }
    return InputRecord(DISPOSITIONS, token.encode(), orjson.dumps(body), 0)


def _rules(number: int) -> InputRecord:
    """A change of configuration in mid-stream; the detectors stay, so that learned and scored stay comparable."""
    tables = {**LIGHT, "engine": {**LIGHT["engine"], "case_window_days": 20 + number % 10}}
    body = {"event_id": f"R{number}", "configuration": msgspec.to_builtins(overlay_configuration(tables))}
    return InputRecord(RULES, b"rules", orjson.dumps(body), 0)


@cache
def _detectors() -> str:
    return fingerprint(light_configuration().detectors)


def _told(number: int) -> bytes:
    """What a partition told the others, as the topic's record of this offset; now and then under another set."""
    told = ScoreCounts(
        segments={"person.out": (number % 40, 1 + number % 9)}, detectors=_detectors() if number % 5 else "other"
    )
    return msgspec.json.encode(Learning(partition=0, number=number + 1, told=told))


def _stream(draw: random.Random, events: int) -> list[InputRecord]:
    """A piece of the built-in stream with everything in it that this simulation is about."""
    pool = _pool(draw.randrange(POOLS))
    start = draw.randrange(max(1, len(pool) - events))
    found: list[InputRecord] = []
    past: list[InputRecord] = []
    for record in pool[start : start + events]:
        chance = draw.random()
        if record.topic != TRANSACTIONS:
            found.append(record)
            continue
        past.append(record)
        if chance < DOUBLED:
            again = draw.choice(past[-50:])
            found.append(_conflicting(again) if draw.random() < CONFLICTING else again)
        elif chance < 0.14:
            found.append(_shifted(record, -draw.random() * LATE_DAYS, f"L{len(found)}"))
        elif chance < 0.2:
            found.append(record._replace(headers=(HISTORY_HEADER,)))
        elif chance < 0.23:
            token = _keys().party(orjson.loads(record.value or b"")["party_id"]).token
            found.append(_verdict(draw, len(found), token, orjson.loads(record.value or b"")["event_time"]))
        elif chance < 0.235:
            found.append(_rules(len(found)))
        elif chance < 0.26:
            found.append(InputRecord(LEARNING, b"0", None, record.timestamp_ms))  # `admitted` gives it its number
        else:
            found.append(record)
    for place in range(len(found) - 1):  # out of time order: neighbours, and now and then farther
        other = min(len(found) - 1, place + draw.choice((0, 0, 0, 1, 2, 10)))
        found[place], found[other] = found[other], found[place]
    return found


def admitted(records: Sequence[InputRecord], partitions: int, source_partitions: int = 2) -> list[list[Sent]]:
    """The records through the real door, by source partition; what the door refuses takes a source offset."""
    door = Door(_keys(), partitions, {}, history.ADMISSION)
    logs: dict[tuple[str, int], list[Sent]] = {}
    offsets: Counter[tuple[str, int]] = Counter()
    for record in records:
        # a sender's key decides, so that one party's events keep their order; rates and rules are one partition's
        spread = 1 if record.topic in {RATES, RULES, LEARNING} else source_partitions
        source = (record.topic, sum(record.key or b"") % spread)
        number = offsets[source]
        offsets[source] += 1
        if record.topic == LEARNING:
            record = record._replace(value=_told(number))  # noqa: PLW2901
        answer = door.admit(
            ArrivedRecord(*source, number, record.timestamp_ms, record.key, record.value, record.headers)
        )
        if isinstance(answer, Admitted):
            logs.setdefault(source, []).append(
                [_written(one, source, number, record.timestamp_ms) for one in answer.records]
            )
    return list(logs.values())


def _written(record: Any, source: tuple[str, int], number: int, timestamp: int) -> Written:
    partition, key, value, headers = record
    fields = orjson.loads(value)
    return Written(
        partition,
        key,
        value,
        headers,
        timestamp,
        source,
        number,
        fields.get("identity"),
        fields.get("body"),
        # its alerts are invented: no sender knows the ids of alerts before they are raised
        unborne=fields["type"] == "disposition",
    )


def real_sources(draw: random.Random, events: int, partitions: int) -> Sources:
    """Events through the real door: payments, declarations, rates, profiles, verdicts, rules, history, what is told."""
    key, value, headers = envelope.first_configuration(ConfigurationChange(configuration=light_configuration()))
    first = [Written(one, key, value, headers, 0, None, 0, None, None) for one in range(partitions)]
    return Sources(admitted(_stream(draw, events), partitions), first, WINDOW)


def forged(sections: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """A well-formed state that no ledger ever led to."""
    state = PartitionState.thaw(sections)
    state.counters["applied"] += 1
    return list(state.freeze().sections())


# -- the recount ------------------------------------------------------------------------------------------------------


def recount(written: Sequence[Written], skipped: Container[int], window: int) -> Counter[str]:
    """What becomes of one ledger partition's records, by plain lists: the oracle of duplicates and redeliveries."""
    found: Counter[str] = Counter()
    marks: dict[Any, int] = {}
    recent: dict[str, list[Any]] = {}  # by topic: each kind of event has a window of its own
    bodies: dict[Any, Any] = {}
    for offset, one in enumerate(written):
        if offset in skipped:
            continue
        if one.source is not None and one.number <= marks.get(one.source, -1):
            found["redelivered"] += 1
            continue
        if one.source is not None:
            marks[one.source] = one.number
        if one.identity is None:
            found["applied"] += 1
        elif one.unborne:
            found["refused"] += 1
        elif one.identity in bodies:
            found["duplicates" if bodies[one.identity] == one.body else "conflicts"] += 1
        else:
            found["applied"] += 1
            kind = recent.setdefault(one.source[0] if one.source is not None else "", [])
            kind.append(one.identity)
            bodies[one.identity] = one.body
            if len(kind) > window:
                del bodies[kind.pop(0)]
    return found
