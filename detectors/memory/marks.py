"""The gate: what ingest wrote again is not counted again.

Ingest sends each input partition in order, and begins anew at an earlier record after a crash. So a partition of ledger
or legs holds the records of each input partition in order, with stretches that come again; what is at or below the
highest position counted is such a repetition, and nothing else can be.

The position of a ledger record is its source's offset. Of one record several legs may stand in one partition (an
account and its owner, say), so the position of a leg is (offset, number of the leg).
"""

from typing import TypeVar

from detectors.contracts.events import Source

# Input topic, partition, topic id (empty: not told).
Mark = tuple[str, int, str]
LegPosition = tuple[int, int]
P = TypeVar("P", int, LegPosition)

# Topics of one name whose marks are kept, the newest ones: a worker that was slow may still write what it read of the
# one before, and memory must not grow with topics that were ever deleted.
MOST_TOPICS = 8
_NOTHING: LegPosition = (-1, -1)


def find_mark(marks: dict[Mark, P], source: Source, topic_id: str) -> Mark:
    """The key of the mark that counts the records of this source; lets go of the oldest where there are too many.

    Failure prevented: an input topic deleted and created again begins at offset 0, below its predecessor's mark, and
    all its records would pass as redelivered. A record that does not tell its topic's id (earlier releases wrote none)
    is taken as one of the newest topic known, and a mark without an id as that of the first topic that tells its own.
    """
    mark = (source.topic, source.partition, topic_id)
    if mark in marks:
        return mark
    known = [one for one in marks if one[:2] == mark[:2]]
    if not topic_id:
        return known[-1] if known else mark
    if known and not known[0][2]:
        marks[mark] = marks.pop(known[0])
    elif len(known) >= MOST_TOPICS:
        del marks[known[0]]
    return mark


class LegGate:
    """The gate of an agent that reads legs: `marks` are the positions of the last leg counted."""

    def __init__(self, marks: dict[Mark, LegPosition] | None = None) -> None:
        self.marks: dict[Mark, LegPosition] = {} if marks is None else marks

    def enter(self, source: Source, topic_id: str, number: int) -> bool:
        """Whether a leg is new; then it is counted. `number` is the leg's within its record, from 0. 1 us."""
        mark = find_mark(self.marks, source, topic_id)
        position = (source.offset, number)
        if position <= self.marks.get(mark, _NOTHING):
            return False
        self.marks[mark] = position
        return True
