"""An investigator in place of a real one: answers from the truth, days later, and is wrong now and then; seeded."""

import hashlib
from typing import NamedTuple

from detectors.values.legal_calendar import DAY_US

# One verdict in twenty is wrong, and each takes one to seven days (our assumption of a desk).
WRONG = 0.05
LEAST_DAYS, MOST_DAYS = 1.0, 7.0
_BITS = 32


class SimulatedVerdict(NamedTuple):
    """The verdict on an alert, and how long (us) after it was opened the verdict is given."""

    confirmed: bool
    after_us: int


def answer(alert_id: str, *, true: bool, seed: int) -> SimulatedVerdict:
    """What the investigator says of an alert that is `true` or not: the same for the same seed and alert."""
    digest = hashlib.blake2b(f"{seed}|{alert_id}".encode(), digest_size=8).digest()
    wrong, late = (int.from_bytes(digest[part : part + 4]) / float(1 << _BITS) for part in (0, 4))
    days = LEAST_DAYS + late * (MOST_DAYS - LEAST_DAYS)
    return SimulatedVerdict(true != (wrong < WRONG), round(days * DAY_US))


def lot(name: str, seed: int) -> float:
    """A number from 0 to under 1 that follows from seed and name alone."""
    digest = hashlib.blake2b(f"lot|{seed}|{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4]) / float(1 << _BITS)
