"""The partition pass: one partition's ledger records through the pure core, to rows of scores and alerts' bytes."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from detectors import core as science
from detectors.books.party import unpack
from detectors.contracts.configuration import Configuration
from detectors.contracts.events import ConfigurationChange, Event, Origin, Profile, Transaction
from detectors.contracts.learning import Learning
from detectors.core import Outputs
from detectors.memory.frozen_state import QUARANTINE
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import local_date, to_us
from streams.errors import LedgerError
from streams.ledger import envelope
from streams.monitor.core import MONITOR, MonitorCore
from streams.partition.alert_records import alert_outputs
from streams.testbed import ledger_files
from streams.testbed.ledger_files import LedgerRecord
from streams.testbed.score_columns import MOST_REASONS, ScoreRow
from streams.version import code_version

_EPOCH = date(1970, 1, 1).toordinal()
OUTCOMES = ("applied", "duplicate", "conflict", "redelivered", "configuration", "refused")

Clock = Callable[[], float]
# What takes the place of a configuration of the ledger.
Change = Callable[[Configuration], Configuration]


class Step(NamedTuple):
    """A ledger record that was applied, and what came of it."""

    event: Event
    origin: Origin
    outputs: Outputs


class PartitionFigures(msgspec.Struct, kw_only=True):
    """What came of one partition. `state_bytes` are those of a snapshot's sections at the end.

    `held_back` counts payments that the models did not learn from, by what became of them (frozen_state.py).
    """

    partition: int
    outcomes: dict[str, int]
    transactions: int = 0
    scored: int = 0
    alerts: int = 0
    parties: int = 0
    state_bytes: int = 0
    held_back: dict[str, int] = {}


@contextmanager
def quiet_collector() -> Iterator[None]:
    """The garbage collector as in a worker (streams/worker.py): what lives already is left alone, cycles seldom sought.

    Failure prevented: 10-20 us an event for walking modules and configuration.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class PartitionPass:
    """Applies the records of one partition in order.

    `sections` is the state before the first record (None: a new state), `judged_from` the first offset whose outputs
    count: what stands before it is learned from only. `change` makes of each configuration in the ledger the one that
    takes its place.
    `clock` (seconds) measures `apply_seconds`, the calls of the core alone, where it is given.
    Raises `SnapshotError` for sections that are no state of this partition.
    """

    def __init__(
        self,
        partition: int,
        *,
        sections: list[tuple[str, bytes]] | None = None,
        judged_from: int = 0,
        change: Change | None = None,
        clock: Clock | None = None,
    ) -> None:
        core = MonitorCore(code_version())
        self.partition, self._judged_from, self._clock = partition, judged_from, clock
        self.state: PartitionState = core.new(partition) if sections is None else core.thaw(partition, sections)
        self._change = change
        self.outcomes: Counter[str] = Counter()
        self.apply_seconds = 0.0
        # the quarantine's counters as they stood before the first record that counts
        self._held_before = self._held()
        # what the partition told all others and nobody has taken yet
        self.told: list[Learning] = []
        self._profiles = {
            token: (facts.as_of_us, facts.size, facts.region)
            for token, packed in self.state.parties.items()
            if (facts := unpack(packed).facts) is not None
        }

    def apply(self, records: Sequence[LedgerRecord]) -> tuple[list[ScoreRow], list[bytes]]:
        """Rows and alerts of the records, in their order. Raises `LedgerError` with the place of one that cannot be.

        After an error the pass must not be used further.
        """
        rows: list[ScoreRow] = []
        alerts: list[bytes] = []
        for step in self._applied([self._decoded(record) for record in records]):
            self._take(step, rows, alerts)
        return rows, alerts

    def _decoded(self, record: LedgerRecord) -> tuple[Event, Origin]:
        event, origin = envelope.decode_record(
            record.value, record.headers, record.offset, record.timestamp, self.partition
        )
        if self._change is not None and isinstance(event, ConfigurationChange):
            changed = self._change(event.configuration)
            # challengers change nothing that is judged, and the changed set may be the same as one of theirs
            changed = msgspec.structs.replace(changed, challengers=msgspec.UNSET, promotion=msgspec.UNSET)
            return ConfigurationChange(configuration=changed), origin
        return event, origin

    def _applied(self, decoded: list[tuple[Event, Origin]]) -> Iterator[Step]:
        """What came of the records. Lots of them between two looks at the clock, which would cost as much as a rate.

        Rows and alerts are made under the configuration of their own time, so a lot ends before another one.
        """
        lot: list[tuple[Event, Origin]] = []
        for pair in decoded:
            if isinstance(pair[0], ConfigurationChange):
                yield from self._lot(lot)
                lot = []
            lot.append(pair)
        yield from self._lot(lot)

    def _lot(self, lot: list[tuple[Event, Origin]]) -> list[Step]:
        state, steps = self.state, []
        began = self._clock() if self._clock is not None else 0.0
        for event, origin in lot:
            try:
                steps.append(Step(event, origin, science.apply(state, event, origin)))
            except Exception as fault:
                raise LedgerError(
                    f"a record cannot be applied: {fault!r}",
                    got=f"partition {self.partition}, offset {origin.offset}",
                    expected="an event that this version of fxwatch can apply",
                    todo="report it: what the door admits the core must be able to apply",
                ) from fault
            if origin.offset < self._judged_from:
                self._held_before = self._held()
        if self._clock is not None:
            self.apply_seconds += self._clock() - began
        return steps

    def _take(self, step: Step, rows: list[ScoreRow], alerts: list[bytes]) -> None:
        event, origin, outputs = step
        self.told += outputs.told
        if isinstance(event, Profile) and outputs.outcome == "applied":
            self._learn_profile(event)
        if origin.offset < self._judged_from:
            return
        self.outcomes[outputs.outcome] += 1
        raised = (alert_outputs(alert, (), origin, self.partition, agent=MONITOR.name)[0] for alert in outputs.alerts)
        alerts += [one.value or b"" for one in raised]
        if isinstance(event, Transaction) and outputs.assessed is not None:
            rows.append(self._row(event, step))

    def _learn_profile(self, event: Profile) -> None:
        """Keep what rows show of a party's newest profile, as the core keeps its facts."""
        at_us = to_us(event.as_of)
        known = self._profile_of(event.party, event.previous)
        if known is None or at_us >= known[0]:
            self._profiles[event.party] = at_us, event.size, event.region

    def _profile_of(self, token: str, previous: dict[str, str]) -> tuple[int, str | None, str | None] | None:
        found = self._profiles.get(token)
        if found is None and token in previous:
            # during a key overlap: known under the earlier name
            found = self._profiles.get(previous[token])
        return found

    def _row(self, event: Transaction, step: Step) -> ScoreRow:
        assessed, effective = step.outputs.assessed, self.state.effective
        assert assessed is not None
        assert effective is not None
        at_us, scored = to_us(event.event_time), assessed.scored
        profile = self._profile_of(event.party, event.previous)
        _, size, region = profile or (0, None, None)
        # a payment may also take back alerts, and time that passes with it may raise others
        own = [
            one.alert_id
            for one in step.outputs.alerts
            if one.trigger_event_id == event.event_id and one.status != "retracted"
        ]
        return ScoreRow(
            self.partition,
            step.origin.offset,
            event.event_id,
            at_us,
            local_date(at_us, effective.zone).toordinal() - _EPOCH,
            event.party,
            step.outputs.judged_as or event.party_type,
            size,
            region,
            event.institution,
            event.direction,
            event.channel,
            event.counterparty,
            event.counterparty_country,
            event.currency,
            event.purpose,
            event.evidence,
            event.status,
            assessed.usd,
            assessed.deal_deviation_bp,
            step.origin.history,
            scored is not None,
            assessed.score,
            None if scored is None else scored.rank,
            assessed.fired,
            () if scored is None else scored.contributions[:MOST_REASONS],
            {} if scored is None else scored.members,
            own[0] if own else None,
        )

    def take_told(self) -> list[Learning]:
        """What the partition told all others since the last time."""
        told, self.told = self.told, []
        return told

    def finish(self, end: int = 0) -> PartitionFigures:
        """The partition's figures; `end` is the ledger offset that the replay ends before (skips may stand there)."""
        self.state.next = max(self.state.next, end)
        sections = self.state.freeze().sections()
        return PartitionFigures(
            partition=self.partition,
            outcomes=dict(self.outcomes),
            parties=len(self.state.parties),
            state_bytes=sum(len(packed) for _, packed in sections),
            held_back={name: count - self._held_before[name] for name, count in self._held().items()},
        )

    def _held(self) -> dict[str, int]:
        counters = self.state.counters
        return {name.removeprefix("quarantine_"): counters[name] for name in QUARANTINE}


def open_pass(
    directory: Path, partition: int, *, judged_from: int = 0, change: Change | None = None, clock: Clock | None = None
) -> PartitionPass:
    """The pass of a result's partition, in the state that its ledger file begins from."""
    sections = ledger_files.read_start(directory, partition)
    return PartitionPass(partition, sections=sections, judged_from=judged_from, change=change, clock=clock)
