"""Does an alert follow from the ledger? Its state is rebuilt, its trigger applied again, and the bytes compared.

So are the entries of supervisors' lists, where all is rescored.

Read only: no transactional producer is started (it would fence a worker), nothing is committed, no keys are needed.
"""

import time
from bisect import bisect_right
from collections.abc import AsyncIterator, Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import groupby
from typing import Any, Literal, NamedTuple

import msgspec
from aiokafka.errors import KafkaError

from detectors.contracts.alert import Position, Versions
from detectors.contracts.screens import Screened
from detectors.memory.state import PartitionState
from streams.errors import AlertNotFoundError, BrokerUnavailableError
from streams.kafka import agent_names, topic_reader, topics
from streams.kafka.denied import choose_error
from streams.learning_agents import LEARNING
from streams.ledger.progress import Progress
from streams.partition.alert_records import may_take_alerts
from streams.partition.outputs import Output
from streams.partition.rebuild import Begun, begin, replay
from streams.proofs.first_difference import AlertDifference, Shown, find_first_difference, leave_out_sentences
from streams.settings import Settings
from streams.version import code_version, versions

DESK_TOPICS = "fx.alerts.*.v1"
# out_of_reach: neither proven nor disproven, because the ledger does not reach back to what the alert follows from
Verdict = Literal["reproduced", "other_release", "differs", "out_of_reach"]
Triggers = dict[int, "Trigger"]


class Named(msgspec.Struct, frozen=True):
    """What must be known of a published alert before it is compared; its other fields are left alone."""

    alert_id: str
    position: Position
    versions: Versions


class Trigger(NamedTuple):
    """Everything published of one ledger record: the alert that names it, and all records by topic."""

    named: Named
    records: dict[str, list[Shown]]


class PublishedAlerts(NamedTuple):
    """Published alerts by partition and trigger, and records that are no alerts at all (topic[partition]@offset).

    `triggers` are of the monitor's, `of_legs` of the shared agent's alerts, whose positions are of the legs.
    """

    triggers: dict[int, Triggers]
    unreadable: list[str]
    of_legs: dict[int, Triggers]

    def of(self, agent: str) -> dict[int, Triggers]:
        """Those of one agent, by its name."""
        return self.of_legs if agent == agent_names.SHARED else self.triggers


class Rescored(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one alert.

    `snapshot` is the ledger position of the snapshot used (None: the ledger from its start), `refused` why newer ones
    were not; `replayed` counts the records applied before the trigger since the snapshot, or since the
    alert before it when all are rescored; `seconds` includes the reading (an equal share of it, then). `reason` says
    what is missing for an alert out of reach. `reworded`: an alert of another release comes out the same but for its
    sentences, too. `agent` is the one that raised it: for the shared agent, `offset` and `snapshot` are of the legs.
    """

    alert_id: str
    partition: int
    offset: int
    verdict: Verdict
    difference: AlertDifference | None
    topics: tuple[str, ...]
    snapshot: int | None
    refused: tuple[str, ...] = ()
    replayed: int = 0
    seconds: float = 0.0
    reason: str = ""
    reworded: bool = False
    versions: Versions
    today: Versions
    agent: str = agent_names.MONITOR


def gather(settings: Settings, alert_id: str | None = None) -> PublishedAlerts:
    """Published alerts and their desk copies (read_committed): all, or those of one id.

    Raises `AlertNotFoundError` when there is none of that id, and what the reader raises.
    """
    with topics.connect(settings) as admin:
        there = admin.list_topics()
        desks = sorted(name for name in there if fnmatchcase(name, DESK_TOPICS) and name != topics.ALERTS)
    found = PublishedAlerts({}, [], {})
    with topic_reader.Reader(settings, [topics.ALERTS]) as reader:
        _take(reader, found, alert_id)
    held = found.triggers.keys() | found.of_legs.keys()
    if alert_id is not None and not held:
        raise AlertNotFoundError(
            "no alert of this id is on fx.alerts.v1",
            got=alert_id,
            expected="the field alert_id of a published alert",
            todo="see `fxwatch alerts follow --from-beginning`; an alert of a run that is being "
            "committed is seen a moment later",
        )
    if desks:
        with topic_reader.Reader(settings, desks, None if alert_id is None else set(held)) as reader:
            _take(reader, found, alert_id)
    # a cluster of an earlier release has no lists
    if alert_id is None and topics.SCREENS in there:
        with topic_reader.Reader(settings, [topics.SCREENS]) as reader:
            _take(reader, found, None)
    return found


def _take(reader: topic_reader.Reader, found: PublishedAlerts, alert_id: str | None) -> None:
    for tp, records in reader.read_to_end():
        for record in records:
            if alert_id is not None and alert_id.encode() not in (record.value or b""):
                continue
            try:
                named = _named(tp.topic, record)
            except msgspec.DecodeError:
                found.unreadable.append(f"{tp.topic}[{tp.partition}]@{record.offset}")
                continue
            if alert_id is None or named.alert_id == alert_id:
                shown = Shown(tp.partition, record.key, record.value, tuple(record.headers), record.timestamp)
                of_agent = found.of_legs if named.position.topic == topics.LEGS else found.triggers
                place = of_agent.setdefault(named.position.partition, {})
                trigger = place.setdefault(named.position.offset, Trigger(named, {}))
                trigger.records.setdefault(tp.topic, []).append(shown)


def _named(topic: str, record: Any) -> Named:
    """Which alert it is; an entry of a supervisor's list is named by its key. Raises `msgspec.DecodeError`."""
    if topic != topics.SCREENS:
        return msgspec.json.decode(record.value or b"", type=Named)
    entry = msgspec.json.decode(record.value or b"", type=Screened)
    return Named(entry.key, entry.position, entry.versions)


class Rescorer:
    """Rescores an agent's alerts of one cluster. `cold`: from its topic alone, without snapshots."""

    def __init__(self, settings: Settings, *, cold: bool = False, agent: str = agent_names.MONITOR) -> None:
        self._cold, self._partitions = cold, settings.effective.engine.partitions
        self._today = versions(settings.effective)
        self._identity, make_core = LEARNING[agent]
        self._core = make_core(code_version())
        self._log = self._identity.open_log(settings)
        self.unpublished: list[tuple[int, int, str]] = []

    async def rescore_partition(self, number: int, triggers: Triggers) -> AsyncIterator[Rescored]:
        """Every alert of one partition, in ledger order, in one pass.

        Each is rebuilt from the newest snapshot at or below it that can be used, or from the state of the alerts before
        it, whichever is nearer. One whose record, or what leads to it, left the ledger is out of reach, and the others
        are rescored all the same. Alerts that the passed ledger gives and nobody published go to `unpublished`:
        (partition, offset, id). Raises `LedgerError`, `BrokerUnavailableError`.
        """
        try:
            async for rescored in self._partition(number, triggers):
                yield rescored
        except KafkaError as fault:
            raise choose_error(
                BrokerUnavailableError("the alerts cannot be rescored", got=repr(fault)), fault
            ) from fault

    async def _partition(self, number: int, triggers: Triggers) -> AsyncIterator[Rescored]:
        log, core, place = self._log, self._core, self._identity.place(number)
        if not 0 <= number < self._partitions:
            for one in self._not_replayed(triggers, 0, 0):
                yield one
            return
        progress = await log.progress(place)
        first, end, _ = await log.bounds(place)
        for one in self._not_replayed(triggers, first, end):
            yield one
        held = [offset for offset in sorted(triggers) if first <= offset < end]
        published_by = {offset: triggers[offset].named.versions.code for offset in held}
        begun: Begun[PartitionState] | None = None
        for group in self._groups(held, progress):
            began = time.monotonic()
            nearer = await begin(
                log,
                core,
                place,
                progress,
                stop=group[0],
                cold=self._cold,
                above=-1 if begun is None else begun.state.next,
            )
            if begun is None or nearer.snapshot is not None:
                begun = nearer
            if begun.state.next < first:
                reason = f"the ledger begins at offset {first}, and no snapshot from there to the alert can be used"
                for offset in group:
                    yield self._out_of_reach(triggers[offset], reason, nearer.refused)
                begun = None
                continue
            start, outputs = begun.state.next, {}
            async for at, found in replay(
                log, core, place, progress, begun.state, group[-1] + 1, published_by=published_by
            ):
                outputs[at] = found
                self._note_unpublished(number, at, [] if at in triggers or at >= progress.next else found)
            seconds = (time.monotonic() - began) / len(group)
            for offset in group:
                yield self._compare(
                    triggers[offset],
                    outputs.get(offset, []),
                    seconds=seconds,
                    snapshot=begun.snapshot,
                    replayed=offset - start,
                    refused=nearer.refused,
                )
                start = offset + 1

    def _not_replayed(self, triggers: Triggers, first: int, end: int) -> Iterator[Rescored]:
        """Alerts whose record is not in the ledger: never was (a forgery), or not any more."""
        for offset, trigger in sorted(triggers.items()):
            if not 0 <= offset < end:
                yield self._compare(trigger, [])
            elif offset < first:
                yield self._out_of_reach(trigger, f"the ledger begins at offset {first}")

    def _groups(self, offsets: list[int], progress: Progress) -> list[list[int]]:
        """Offsets that have the same snapshots below them, so that one replay serves them all."""
        positions = [] if self._cold else sorted(pointer.next for pointer in progress.snapshots.values())
        return [list(group) for _, group in groupby(offsets, lambda offset: bisect_right(positions, offset))]

    def _note_unpublished(self, partition: int, offset: int, outputs: Iterable[Output]) -> None:
        for output in outputs:
            if output.topic == topics.ALERTS:
                named = msgspec.json.decode(output.value or b"", type=Named)
                self.unpublished.append((partition, offset, named.alert_id))

    def _out_of_reach(self, trigger: Trigger, reason: str, refused: tuple[str, ...] = ()) -> Rescored:
        named = trigger.named
        return Rescored(
            alert_id=named.alert_id,
            partition=named.position.partition,
            offset=named.position.offset,
            verdict="out_of_reach",
            difference=None,
            topics=tuple(sorted(trigger.records)),
            snapshot=None,
            refused=refused,
            reason=reason,
            versions=named.versions,
            today=self._today,
            agent=self._identity.name,
        )

    def _compare(
        self,
        trigger: Trigger,
        outputs: Iterable[Output],
        *,
        seconds: float = 0.0,
        snapshot: int | None = None,
        replayed: int = 0,
        refused: tuple[str, ...] = (),
    ) -> Rescored:
        named = trigger.named
        rebuilt: dict[str, list[Shown]] = {}
        for one in outputs:
            if may_take_alerts(one.topic) or one.topic in trigger.records:
                shown = Shown(one.partition, one.key, one.value, tuple(one.headers), one.timestamp_ms)
                rebuilt.setdefault(one.topic, []).append(shown)
        difference = find_first_difference(trigger.records, rebuilt, topics.ALERTS)
        same_release = named.versions.code == self._today.code
        reworded = False
        if difference is not None and not same_release:
            silent = find_first_difference(
                leave_out_sentences(trigger.records), leave_out_sentences(rebuilt), topics.ALERTS
            )
            reworded, difference = silent is None, silent
        verdict: Verdict = "differs" if difference else "reproduced" if same_release else "other_release"
        return Rescored(
            alert_id=named.alert_id,
            partition=named.position.partition,
            offset=named.position.offset,
            verdict=verdict,
            difference=difference,
            topics=tuple(sorted(trigger.records)),
            snapshot=snapshot,
            refused=refused,
            replayed=replayed,
            seconds=round(seconds, 3),
            reworded=reworded,
            versions=named.versions,
            today=self._today,
            agent=self._identity.name,
        )


def find_differing_versions(rescored: Rescored) -> dict[str, Any]:
    """Of code, config, detectors and rules those that are others today: (the alert's, today's)."""
    then, now = msgspec.structs.asdict(rescored.versions), msgspec.structs.asdict(rescored.today)
    return {name: (then[name], now[name]) for name in then if then[name] != now[name]}
