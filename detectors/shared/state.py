"""Everything learned of one partition of `fx.legs.v1`: the monitor's kind of state, with nodes in the place of parties.

It has no models. Its gate counts legs, not records (detectors/memory/marks.py).
"""

from collections.abc import Iterable, Iterator
from typing import ClassVar, Self

import msgspec

from detectors.memory.frozen_state import STATE_SCHEMA, Frozen
from detectors.memory.marks import LegGate
from detectors.memory.sections import cut, joined
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import DAY_US

TOPIC = "fx.legs.v1"
# A change of the monitor's layout changes this one too; the last two digits count its own changes.
SHARED_SCHEMA = STATE_SCHEMA * 100 + 1
# The rules look back on 90 days, and a leg may be 35 days late (`engine.lateness_days`).
KEPT_DAYS = 90
IDLE_DAYS = KEPT_DAYS + 35
_MARKS = "leg marks"


class SharedState(PartitionState):
    """The state of one partition of legs; `parties` are its nodes by the shared thing's name, packed."""

    scores: ClassVar[bool] = False
    idle_days: ClassVar[int] = IDLE_DAYS

    def __init__(self, partition: int, ledger_topic: str = TOPIC) -> None:
        super().__init__(partition, ledger_topic)
        self.gate = LegGate()

    @classmethod
    def new(cls, partition: int, ledger_topic: str = TOPIC) -> Self:
        """A state that has applied nothing."""
        return cls(partition, ledger_topic)

    @property
    def kept_since_us(self) -> int:
        """Payments before it are forgotten: no window of the rules reaches them, however late the next leg is."""
        late_us = 0 if self.effective is None else self.effective.lateness_us
        return 0 if self.watermark_us is None else self.watermark_us - KEPT_DAYS * DAY_US - late_us

    def freezing(self) -> tuple[Frozen, Iterator[None]]:
        """As of the monitor's state, and the gate."""
        frozen = SharedFrozen(self)
        return frozen, frozen.fill(self)

    @classmethod
    def thaw(cls, sections: Iterable[tuple[str, bytes]]) -> Self:
        """The state behind a snapshot's sections. Raises `ValueError` for what is no such state."""
        kept = list(sections)
        state = super().thaw(kept)
        packed = dict(joined(kept)).get(_MARKS)
        if packed is None:
            raise ValueError(f"a snapshot lacks its section {_MARKS}; to do: replay")
        kind = list[tuple[str, int, str, int, int]]
        for topic, partition, topic_id, offset, number in msgspec.msgpack.decode(packed, type=kind):
            state.gate.marks[topic, partition, topic_id] = (offset, number)
        return state


class SharedFrozen(Frozen):
    """A snapshot in the making."""

    def __init__(self, state: SharedState) -> None:
        super().__init__(state)
        self._gate = [(*source, *position) for source, position in state.gate.marks.items()]

    def sections(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) pieces of at most 256 KiB, always the same for the same state."""
        yield from super().sections()
        yield from cut(_MARKS, msgspec.msgpack.encode(self._gate))
