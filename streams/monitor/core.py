"""The monitor's science behind the interface that a partition drives. The science itself is `detectors.core.apply`."""

import time
from typing import Any

import msgspec

from detectors import core as science
from detectors.contracts.configuration import Configuration, Stoppable
from detectors.contracts.events import ConfigurationChange, Event, Origin, Transaction
from detectors.contracts.learning import Learning, StreamDrift
from detectors.contracts.open_items import ItemNews
from detectors.contracts.screens import Screened
from detectors.contracts.shadow import Shadow
from detectors.memory.frozen_state import QUARANTINE, STATE_SCHEMA
from detectors.memory.state import PartitionState
from detectors.values.institution_code import institution_code
from streams.kafka import agent_names, topics
from streams.ledger import envelope
from streams.ledger.snapshot_format import Section
from streams.log import logs
from streams.monitor.tally import Tally
from streams.operations.sender_words import words
from streams.operations.stops_told import describe_stops
from streams.partition.agent_identity import AgentIdentity
from streams.partition.alert_records import alert_outputs
from streams.partition.core_steps import cannot_apply, notice_outputs, reject_unreadable, thaw_state
from streams.partition.outputs import Output
from streams.settings import overlay_configuration

MONITOR = AgentIdentity(name=agent_names.MONITOR, input_topic=topics.LEDGER, state_schema=STATE_SCHEMA)

logger = logs.get_logger(__name__)
_encode = msgspec.json.Encoder().encode


class MonitorCore:
    """`detectors.core` as a partition's core: decode, apply, and the records to publish."""

    def __init__(self, code_version: str, tally: Tally | None = None) -> None:
        self._code = code_version
        self.tally = tally if tally is not None else Tally()

    def new(self, partition: int) -> PartitionState:
        """State before the first ledger record."""
        state = PartitionState.new(partition, topics.LEDGER)
        state.code_version, state.fallback = self._code, overlay_configuration({})
        return state

    def thaw(self, partition: int, sections: list[Section]) -> PartitionState:
        """State from a snapshot's sections. Raises `SnapshotError` for whatever they hold that is no such state."""
        state = thaw_state(PartitionState, MONITOR, partition, sections)
        state.code_version = self._code
        self.tally.ruling = state.configuration
        return state

    def skip(self, state: PartitionState, offset: int) -> None:
        """Leave a ledger record out: only the position moves."""
        state.next = offset + 1

    def apply(self, state: PartitionState, partition: int, record: Any, *, muted: bool) -> list[Output]:
        """Decode and apply one ledger record; the outputs are empty while muted.

        Raises `LedgerError` for a record that cannot be read or applied; a state that raised must not be used further.
        """
        tally, began = self.tally, time.perf_counter()
        event, origin = _decoded(record, partition)
        decoded = time.perf_counter()
        stops = {} if state.configuration is None else state.configuration.stops
        watermark, parties, forgotten = state.watermark, len(state.parties), state.counters["parties_forgotten"]
        quarantine = [state.counters[name] for name in QUARANTINE]
        try:
            step = science.apply(state, event, origin)
        except Exception as fault:
            raise cannot_apply(fault, MONITOR, partition, record.offset) from fault
        tally.apply_seconds += time.perf_counter() - decoded
        tally.decode_seconds += decoded - began
        self._count(origin, step)
        if not muted:  # else it was counted when its outputs were published: a replay is no news to an alerting rule
            forgotten = state.counters["parties_forgotten"] - forgotten
            # where there is no room for more a new one takes the place of another
            new = isinstance(event, Transaction) and len(state.parties) + forgotten > parties
            self._count_news(event, origin, step, watermark, new_party=new)
            tally.forgotten += forgotten
            tally.count_quarantine(quarantine, state.counters)
            tally.count_snoozes(step)
            tally.count_learning(event, step)
            tally.count_shadow(step)
            if step.rate is not None and partition == 0:  # a rate comes to every partition
                tally.rates[step.rate] += 1
        if isinstance(event, ConfigurationChange):
            tally.ruling = state.configuration
            if partition == 0 and not muted:  # it comes to every partition
                _tell_stops(stops, state.configuration)
        for why in step.faults:
            logger.error(
                "partition %d, offset %d: a configuration is refused, the former one stays: %s",
                partition,
                record.offset,
                why,
                agent=MONITOR.name,
                partition=partition,
                offset=record.offset,
                code="configuration.refused",
            )
        if muted:
            tally.outcomes["muted"] += 1
            return []
        outputs: list[Output] = []
        for one in step.raised:
            tally.alerts.append((one.alert, origin.timestamp_ms))
            outputs += alert_outputs(one.alert, one.desks, origin, partition, agent=MONITOR.name)
        outputs += (item_output(one, origin, partition) for one in step.items)
        outputs += (screen_output(one, origin, partition) for one in step.screened)
        outputs += (learning_output(one, origin, partition) for one in step.told)
        outputs += (shadow_output(one, origin, partition) for one in step.shadow)
        if isinstance(event, Learning) and step.heard == "applied":
            _tell_drift(event, partition, record.offset)
        return [*outputs, *notice_outputs(step, record, origin, partition)]

    def _count(self, origin: Origin, step: science.Outputs) -> None:
        """Add what became of a record to the tally, whether it is new or replayed."""
        tally = self.tally
        tally.outcomes["applied" if step.outcome == "configuration" else step.outcome] += 1
        if step.displaced:
            tally.outcomes["displaced"] += 1
        if origin.history and step.outcome == "applied":
            tally.outcomes["history"] += 1

    def _count_news(
        self, event: Event, origin: Origin, step: science.Outputs, watermark: float | None, *, new_party: bool
    ) -> None:
        """Add a payment to the tally; `watermark` is the partition's clock before it, seconds since 1970."""
        if not isinstance(event, Transaction):
            return
        if new_party:
            self.tally.said["new_party", institution_code(event.institution)] += 1
        if step.outcome == "applied":
            self._count_payment(event, origin, step, watermark)

    def _count_payment(
        self, event: Transaction, origin: Origin, step: science.Outputs, watermark: float | None
    ) -> None:
        tally = self.tally
        scored = None if step.assessed is None else step.assessed.scored
        if scored is not None:
            tally.late.append(max(0.0, (watermark or 0.0) - event.event_time.timestamp()))
            for detector, score in scored.members.items():
                tally.scores.setdefault(detector, []).append(score)
        institution = institution_code(event.institution)
        if step.late:
            tally.outcomes["late"] += 1
            tally.said["late", institution] += 1
        if step.rate_missing:
            tally.rate_missing += 1
            tally.said["rate_missing", institution] += 1
        tally.folded += step.folded
        for word in words(event, origin):
            tally.said[word, institution] += 1
        if step.type_differs:
            tally.outcomes["type_differs"] += 1
            tally.said["type_differs", institution] += 1
        if step.join is not None:
            tally.joins[step.join, institution] += 1


def _tell_drift(heard: Learning, partition: int, offset: int) -> None:
    """Say in the log what changed, once: when the record of it has come back to the partition that told it.

    So the line names the record's place in the ledger, where it stays.
    """
    if isinstance(heard.told, StreamDrift) and partition == heard.partition:
        see, place = f"fxwatch ledger show {partition}:{offset}", {"partition": partition, "offset": offset}
        logger.warning("drift: %s; see: %s", heard.told.text, see, agent=MONITOR.name, code="drift", **place)


def _tell_stops(before: dict[Stoppable, str], ruling: Configuration | None) -> None:
    """Say in the log what a configuration has stopped, and what goes on by it."""
    if ruling is None:
        return
    for line in describe_stops(ruling):
        logger.warning("from here on %s", line)
    for what in before.keys() - ruling.stops.keys():
        logger.warning("from here on %s go on: their stop was taken back", what)


def _decoded(record: Any, partition: int) -> tuple[Event, Origin]:
    reject_unreadable(record)
    return envelope.decode_record(record.value, record.headers, record.offset, record.timestamp, partition)


def item_output(news: ItemNews, origin: Origin, partition: int) -> Output:
    """What became of an open item, for `fx.openitems.v1`; one that is open no more has no value."""
    value = None if news.now is None else _encode(news.now)
    return Output(topics.OPEN_ITEMS, partition, news.item.encode(), value, [], origin.timestamp_ms)


def screen_output(entry: Screened, origin: Origin, partition: int) -> Output:
    """An entry of a supervisor's list, for `fx.screens.v1`."""
    return Output(topics.SCREENS, partition, entry.key.encode(), _encode(entry), [], origin.timestamp_ms)


def learning_output(told: Learning, origin: Origin, partition: int) -> Output:
    """What the partition tells all others, for `fx.learning.v1`, where it stands in the partition of its own number."""
    return Output(topics.LEARNING, partition, b"%d" % partition, _encode(told), [], origin.timestamp_ms)


def shadow_output(one: Shadow, origin: Origin, partition: int) -> Output:
    """What a challenger would have alerted, for `fx.shadow.v1`."""
    return Output(topics.SHADOW, partition, one.party.encode(), _encode(one), [], origin.timestamp_ms)
