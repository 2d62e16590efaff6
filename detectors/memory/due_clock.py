"""The due clock: the moment up to which a partition holds time to have passed, for deadlines and for what is let go of.

Deadlines of one sender's parties must not pass because another sender's clock is ahead. So time has passed where two
witnesses say so. A witness is an institution that the configuration lists, all other institutions together, the rate
feeds together, or customs. Each says the newest time of its records, up to their Kafka timestamps. The clock stands at
the second newest of these, or at `LONE_US` before the newest where that is later.

* A sender whose clock runs 24 h ahead, Kafka timestamps too, is the newest alone, and counts for 25 hours less.
* A sender that is behind, or silent for weeks, is neither of the two newest, and holds nobody back.
* A sender that is alone, or rates alone in a quiet partition, move time on, 25 hours late.
* Names cost a sender nothing: institutions that nobody listed are one witness, however many they are.

What two witnesses say together is believed. So is a sender more than 25 hours ahead of everybody, by what is beyond
them: brokers refuse Kafka timestamps more than an hour ahead (`message.timestamp.after.max.ms`).
"""

from collections.abc import Callable

import msgspec

from detectors.memory.event_clock import borne_out
from detectors.values.legal_calendar import HOUR_US
from detectors.values.shares import OFFICES

# The door admits 24 hours ahead of the Kafka timestamp, and a broker an hour ahead of its own clock.
LONE_US = 25 * HOUR_US
# No institution has such a name; `shares.OTHERS` and `shares.OFFICES` are the names of the two other witnesses.
RATES = "\0rates"


class DueClock:
    """The newest time of each witness (us since 1970), and the clock, None before the first record; part of the state.

    As many witnesses as institutions are listed, and three more.
    """

    def __init__(self) -> None:
        self.newest: dict[str, int] = {}
        self.passed_us: int | None = None

    def hear(self, witness: str, at_us: int, timestamp_ms: int) -> None:
        """A witness's record of an event time (us) and Kafka timestamp (ms). Cost: 0.3 us, 3 us where it is newer."""
        reading = borne_out(at_us, timestamp_ms)
        if reading <= self.newest.get(witness, reading - 1):
            return
        self.newest[witness] = reading
        order = sorted(self.newest.values())
        now = order[-1] - LONE_US
        if len(order) > 1 and order[-2] > now:
            now = order[-2]
        if self.passed_us is None or now > self.passed_us:
            self.passed_us = now

    def among_others(self, alone_us: int) -> int:
        """The clock where more than one witness ever spoke; `alone_us` where there is nobody else to be harmed."""
        return alone_us if self.passed_us is None or len(self.newest) == 1 else self.passed_us

    def told_until(self) -> tuple[int | None, int | None]:
        """The newest time that customs told of, and that any institution did; None where none ever did."""
        banks = [at_us for name, at_us in self.newest.items() if name not in {RATES, OFFICES}]
        return self.newest.get(OFFICES), max(banks, default=None)

    def keep(self, is_witness: Callable[[str], bool]) -> None:
        """Forget what others said than are witnesses by the configuration in force; the clock stays."""
        self.newest = {name: at_us for name, at_us in self.newest.items() if is_witness(name)}

    def to_state(self) -> bytes:
        """Everything."""
        return msgspec.msgpack.encode((self.newest, self.passed_us))

    @classmethod
    def from_state(cls, packed: bytes) -> "DueClock":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found.newest, found.passed_us = msgspec.msgpack.decode(packed, type=tuple[dict[str, int], int | None])
        return found
