"""What a ledger comes to by the pure core alone: what real workers must have published, learned and counted."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from streams.contracts.record_headers import RawHeaders
from streams.kafka import topics
from streams.ledger import envelope
from streams.monitor.core import MonitorCore
from streams.partition.outputs import Output
from streams.proofs.state_digest import count_learned
from streams.shared.core import SharedCore
from streams.version import code_version

# for a Kafka timestamp that the broker gives: retention goes by that, and nobody reads it
BROKERS = -1
STAMPED_BY_BROKER = frozenset({topics.NOTICES, topics.LEARNING})
# by which an alert says that the shared agent raised it
SHARED_SOURCE = ("ce_source", b"/fxwatch/shared")


class Seen(NamedTuple):
    """A record as a reader gets it, without its offset: aborted transactions take offsets too."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    timestamp_ms: int


class Replay(NamedTuple):
    """What one ledger comes to by the pure core alone, without Kafka, crashes or snapshots.

    `outputs`: by (topic, partition) what must be published, in order. `outcomes`: per (ledger partition, source place)
    what became of the record. `counters`, `learned`, `digests`: by ledger partition. `without_rate`: ids of the events
    scored without one.
    """

    outputs: dict[tuple[str, int], list[Seen]]
    outcomes: dict[tuple[str, int, int], set[str]]
    counters: dict[int, dict[str, int]]
    learned: dict[int, dict[str, int]]
    digests: dict[int, str]
    without_rate: set[str]


def replay_of(ledger: Iterable[tuple[Any, Any]], partitions: int) -> Replay:
    """Apply a ledger, as (partition, record) in order, by the pure core alone, outputs unmuted."""
    core = MonitorCore(code_version())
    states = {number: core.new(number) for number in range(partitions)}
    found = Replay({}, {}, {}, {}, {}, set())
    for tp, record in ledger:
        state = states[tp.partition]
        before = dict(state.counters)
        for output in core.apply(state, tp.partition, record, muted=False):
            found.outputs.setdefault((output.topic, output.partition), []).append(seen(output))
        source = source_place(record.headers)
        if source is not None:
            names = ("applied", "duplicates", "conflicts", "redelivered", "refused")
            outcome = next(name for name in names if state.counters[name] != before.get(name, 0))
            if outcome != "redelivered":
                found.outcomes.setdefault(source, set()).add(outcome)
        if state.counters["rate_missing"] != before.get("rate_missing", 0):
            event, _ = envelope.decode_record(record.value, record.headers, record.offset, record.timestamp)
            found.without_rate.add(event.event_id)
    for number, state in states.items():
        found.counters[number] = dict(state.counters)
        found.learned[number] = count_learned(state)
        found.digests[number] = state.freeze().digest()
    return found


class LegsReplay(NamedTuple):
    """What the legs come to by the pure core of the shared agent alone; fields as in `Replay`.

    `trails` are the legs that legs must have made, by the partition of the cause and their own, in order.
    """

    outputs: dict[tuple[str, int], list[Seen]]
    counters: dict[int, dict[str, int]]
    digests: dict[int, str]
    nodes: int
    trails: dict[tuple[int, int], list[Seen]]


def replay_of_legs(legs: Iterable[tuple[Any, Any]], partitions: int) -> LegsReplay:
    """Apply the legs, as (partition, record) in order, outputs unmuted."""
    core = SharedCore(code_version())
    states = {number: core.new(number) for number in range(partitions)}
    outputs: dict[tuple[str, int], list[Seen]] = {}
    trails: dict[tuple[int, int], list[Seen]] = {}
    for tp, record in legs:
        for output in core.apply(states[tp.partition], tp.partition, record, muted=False):
            if output.topic == topics.LEGS:
                trails.setdefault((tp.partition, output.partition), []).append(seen(output))
            else:
                outputs.setdefault((output.topic, output.partition), []).append(seen(output))
    return LegsReplay(
        outputs,
        {number: dict(state.counters) for number, state in states.items()},
        {number: state.freeze().digest() for number, state in states.items()},
        sum(len(state.parties) for state in states.values()),
        trails,
    )


def trails_of(legs: Iterable[tuple[Any, Any]]) -> dict[tuple[int, int], list[Seen]]:
    """The trails that stand among the legs, each once, as `LegsReplay` has them."""
    found: dict[tuple[int, int], list[Seen]] = {}
    known: set[tuple[int, int, int, int]] = set()
    for tp, record in legs:
        told = envelope.told_source(record.headers)
        if told is None or told.topic != topics.LEGS.encode():
            continue
        cause = int(told.partition)
        if (cause, tp.partition, told.offset, told.number) not in known:
            known.add((cause, tp.partition, told.offset, told.number))
            one = Seen(record.key, record.value, tuple(record.headers), record.timestamp)
            found.setdefault((cause, tp.partition), []).append(one)
    return found


def source_place(headers: RawHeaders) -> tuple[str, int, int] | None:
    """The input record that a ledger record came from; None for the configuration that `topics apply` wrote."""
    told = envelope.told_source(headers)
    return None if told is None else (told.topic.decode(), int(told.partition), told.offset)


def seen(output: Output) -> Seen:
    stamp = BROKERS if output.topic in STAMPED_BY_BROKER else output.timestamp_ms
    return Seen(output.key, output.value, tuple(output.headers), stamp)
