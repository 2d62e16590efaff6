"""What one partition tells all others of what it learned; ingest broadcasts each record into every ledger partition.

Every type has the field `type`, as events do, and the union only grows: a kind is only ever added, and a field only
with a default, because the ledger is kept for ever. The records hold counts and numbers: no identifier, no token and no
money of a named party.
"""

from datetime import date
from typing import Annotated

import msgspec

# What Kafka can number; a record told takes an offset, so no partition can tell more.
_LARGEST_PARTITION, _LARGEST_OFFSET = 2**31 - 1, 2**63 - 1
# Failure prevented: a sum of counts from a damaged record that no integer of 64 bits holds.
_LARGEST_COUNT = 2**40

# 31 December 9999, as Python counts days.
LAST_DAY = date.max.toordinal()

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
_Whole = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST_COUNT)]

# of an alert or a lesson
_Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
_Short = Annotated[str, msgspec.Meta(max_length=64)]

# Inputs of a lesson are whole numbers of this part: whole numbers add up to the same sum in any order.
INPUT_PART = 256


class Lesson(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="lesson"):
    """What an officer's verdict on an alert teaches, and which earlier lessons it takes back.

    `lesson` (32 hex digits) follows from the alert, the officer, the verdict and its date, so the same verdict is the
    same lesson wherever it is told. `takes_back` names lessons that count as if they had never been: the officer's own
    earlier one, or one of another officer that gave way. `confirmed` is None where the verdict teaches nothing
    (withdrawn, inconclusive, duplicate) and the record only takes back.

    `officer` is the number of the officer (memory/officers.py), `case_id` the alert's case, `lead` its first typology,
    or `anomaly` for an alert of the models alone; `segment` the party's, as the models see it. `inputs` are the named
    numbers that the alert was raised on, in parts of `INPUT_PART` (detectors/learning/inputs.py); no identifier is
    among them. `selected` (0-1) is the probability with which the alert was chosen (`Selection.probability`).
    `decided_us` is the time of the verdict, as far as its Kafka timestamp bears it out. `detectors` is the fingerprint
    of the detector set that raised the alert.
    """

    lesson: _Id
    alert_id: _Id
    case_id: _Short
    officer: int
    lead: _Short
    segment: _Short
    confirmed: bool | None
    inputs: Annotated[dict[_Name, int], msgspec.Meta(max_length=128)] = {}
    selected: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 1.0
    decided_us: int
    detectors: _Short
    takes_back: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=2)] = ()


class ScoreCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="score_counts"):
    """How many scores of each bin a partition saw since it told last.

    `segments` maps a segment (party type and direction) to bins and counts in turn: (bin, count, bin, count), bins
    rising. Which score falls into which bin is the calibration's rule (detectors/ranking/calibration.py). `detectors`
    is the fingerprint of the detector set whose scores they are: those of another one do not compare.

    All were seen on one local day of the partition's clock, `day` (1 is 1 January of year 1). `measured` maps a segment
    and a measure (detectors/memory/day_measures.py) to how many payments had it, the sum of its parts and the sum of
    their squares. Records of before either have day 0 and measure nothing.
    """

    segments: dict[_Name, tuple[_Whole, ...]]
    detectors: _Name
    day: Annotated[int, msgspec.Meta(ge=0, le=LAST_DAY)] = 0
    measured: dict[_Name, dict[_Name, tuple[_Whole, _Whole, _Whole]]] = {}


class Mean(msgspec.Struct, frozen=True, kw_only=True):
    """A mean as whole numbers: of so many payments on so many days, the sum of a measure's parts."""

    payments: int
    days: int
    total: int


class StreamDrift(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="drift"):
    """A change of what payments are like, for operators: it changes no score.

    Of a `segment` (party type and direction) the mean of a `measure` was `before` until the local date `since`, and is
    `after` from then on; `text` says it in English. `detectors` is the fingerprint of the detector set in force.
    """

    segment: _Name
    measure: _Name
    since: date
    before: Mean
    after: Mean
    text: Annotated[str, msgspec.Meta(max_length=500)]
    detectors: _Name


class DeskCopies(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="desk_copies"):
    """Desks that have a ceiling and got a statistical alert of this partition.

    `day` is the local day of the partition's clock, as Python's ordinal of a date (1 = 0001-01-01).
    """

    day: Annotated[int, msgspec.Meta(ge=1, le=LAST_DAY)]
    desks: Annotated[tuple[_Name, ...], msgspec.Meta(min_length=1, max_length=64)]


Told = ScoreCounts | Lesson | StreamDrift | DeskCopies


class Learning(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="learning"):
    """One record of `fx.learning.v1`, and the event of its ledger records.

    `partition` is the ledger partition that tells, `number` counts what it told, from 1 and over all kinds. What comes
    with a number at or below the last one heard of that partition was applied before.
    """

    partition: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST_PARTITION)]
    number: Annotated[int, msgspec.Meta(ge=1, le=_LARGEST_OFFSET)]
    told: Told
