"""The lessons that count: each told once, taken back exactly, and bounded, with a share for every officer.

What is kept follows from what was told and taken back, in any order in which a lesson comes before what takes it back.
One taken back leaves its place empty until newer lessons of its officer have pushed it out, so that its going brings
no older one back and takes no newer one away: but for that empty place it never was.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from detectors.contracts.learning import Lesson
from detectors.learning.inputs import clipped, is_allowed
from detectors.learning.logistic import LESSON_PART, MOST_WEIGHT

# Verdicts of a hundred days of a desk that decides 20 a day; twice as many would take 30 ms to learn from at once.
# Those of an officer beyond their share go, the oldest first.
MOST_LESSONS = 2048
# names of inputs and leads that lessons may hold: features, typologies, and room for those of other releases
MOST_NAMES = 256
_ID_BYTES = 16


class KeptLesson(NamedTuple):
    """One lesson as it is kept.

    `alert` and `lead` are numbers of their names; `fold` (0 or 1) is the half that its case belongs to; `weight` is in
    parts of `LESSON_PART`; `inputs` are pairs of a name's number and a value, one after the other.
    """

    alert: bytes
    lead: int
    fold: int
    confirmed: bool
    weight: int
    inputs: tuple[int, ...]


# when it was decided, and its id: officers' lessons are pushed out in this order
_Place = tuple[int, bytes]
_Saved = tuple[int, list[str], list[tuple[int, list[tuple[int, bytes, KeptLesson | None]]]]]


class KeptLessons:
    """The standing lessons of one partition, by officer. Memory: at most 1.5 MB; cost of `take`: 10 us."""

    def __init__(self) -> None:
        # how many lessons an officer may have; it never grows, so that it does not matter who told first
        self._level = MOST_LESSONS
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._officers: dict[int, dict[_Place, KeptLesson | None]] = {}
        self._places: dict[bytes, tuple[int, _Place]] = {}

    def take(self, lesson: Lesson) -> bool:
        """Take a lesson in, and out what it takes back; whether the standing lessons changed.

        One that is known, or older than all that its officer may keep, changes nothing; nor does taking back what is
        not known. Raises `ValueError` for ids that are not 32 hex digits.
        """
        # all ids first: a record that is refused changes nothing
        number, alert, gone = number_of(lesson.lesson), number_of(lesson.alert_id), [*map(number_of, lesson.takes_back)]
        changed = [self._take_back(one) for one in gone]
        taught = lesson.confirmed is not None and self._teach(lesson, number, alert)
        return taught or any(changed)

    def _take_back(self, lesson: bytes) -> bool:
        officer, place = self._places.get(lesson, (0, None))
        if place is None or self._officers[officer][place] is None:
            return False
        self._officers[officer][place] = None
        return True

    def _teach(self, lesson: Lesson, number: bytes, alert: bytes) -> bool:
        own, place = self._officers.setdefault(lesson.officer, {}), (lesson.decided_us, number)
        officer, known = self._places.get(number, (lesson.officer, None))
        if known is not None and self._officers[officer].get(known) is not None:
            return False
        kept = self._kept(lesson, alert)
        if known is not None:
            # it was taken back and is told again
            self._officers[officer][known] = kept
            return True
        own[place], self._places[number] = kept, (lesson.officer, place)
        self._cut(lesson.officer)
        return number in self._places

    def _kept(self, lesson: Lesson, alert: bytes) -> KeptLesson:
        pairs: list[int] = []
        for name, value in sorted(lesson.inputs.items()):
            if value and is_allowed(name) and (named := self._number(name)) is not None:
                pairs += (named, clipped(value))
        weight = min(MOST_WEIGHT, 1.0 / lesson.selected) if lesson.selected > 0.0 else MOST_WEIGHT
        lead = self._number(lesson.lead)
        return KeptLesson(
            alert,
            MOST_NAMES if lead is None else lead,
            sum(lesson.case_id.encode()) & 1,
            bool(lesson.confirmed),
            round(weight * LESSON_PART),
            tuple(pairs),
        )

    def _number(self, name: str) -> int | None:
        """The number that stands for a name; None where there are too many."""
        if name not in self._numbers:
            if len(self._names) >= MOST_NAMES:
                return None
            self._numbers[name] = len(self._names)
            self._names.append(name)
        return self._numbers[name]

    def _cut(self, officer: int) -> None:
        """Let the oldest go of those that have more than their share."""
        self._drop_oldest(officer)
        if len(self._places) <= MOST_LESSONS:
            return
        counts = [len(own) for own in self._officers.values()]
        while sum(min(count, self._level) for count in counts) > MOST_LESSONS:
            self._level -= 1
        for each in list(self._officers):
            self._drop_oldest(each)

    def _drop_oldest(self, officer: int) -> None:
        own = self._officers[officer]
        while len(own) > self._level:
            oldest = min(own)
            del own[oldest], self._places[oldest[1]]
        if not own:
            del self._officers[officer]

    def __iter__(self) -> Iterator[tuple[int, KeptLesson]]:
        """(officer, lesson) of all that stand."""
        for officer, own in self._officers.items():
            for kept in own.values():
                if kept is not None:
                    yield officer, kept

    def name(self, number: int) -> str:
        """The name behind a number of `KeptLesson`."""
        return self._names[number] if number < len(self._names) else ""

    def to_state(self) -> bytes:
        """Everything, in the order in which it came."""
        officers = [
            (officer, [(at, lesson, kept) for (at, lesson), kept in own.items()])
            for officer, own in self._officers.items()
        ]
        return msgspec.msgpack.encode((self._level, self._names, officers))

    @classmethod
    def from_state(cls, packed: bytes) -> "KeptLessons":
        """What `to_state` described. Raises `ValueError` for damaged bytes."""
        found = cls()
        found._level, found._names, officers = msgspec.msgpack.decode(packed, type=_Saved)
        found._numbers = {name: number for number, name in enumerate(found._names)}
        for officer, lessons in officers:
            found._officers[officer] = {(at, lesson): kept for at, lesson, kept in lessons}
            found._places |= {lesson: (officer, (at, lesson)) for at, lesson, _ in lessons}
        return found


def number_of(text: str) -> bytes:
    """The 16 bytes of 32 hex digits. Raises `ValueError` for another text."""
    number = bytes.fromhex(text)
    if len(number) != _ID_BYTES:
        raise ValueError(f"an id of a lesson or alert has another length; got: {text[:40]!r}; expected: 32 hex digits")
    return number
