"""What learning from verdicts does to a desk's hit rate: the same alerts, opened in several orders, day by day.

Each day the desk opens so many alerts of that day. The simulated investigator (investigator.py) answers days later; the
ranker has learned what was answered before the day began. Each way of ordering has its own desk, its own verdicts and
its own ranker, so that what it never opens teaches it nothing.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import floor
from typing import Literal, NamedTuple

import msgspec

from detectors.contracts.learning import Lesson
from detectors.learning.entity_risk import faded_verdicts
from detectors.learning.inputs import CONFIRMED, REFUTED, inputs_of
from detectors.learning.ranker import Ranker
from detectors.testbed.investigator import answer, lot

# `desk`: the most severe first, of equal ones the newest, as `fxwatch alerts list` shows them. `score`: the highest
# first. `rate`: the hit rate of the alert's lead. `logistic`: the ranker without what officers decided of the party.
# `entity`: with it. `explored`: and a part of each day's places by lot. `best`: the true ones first, which nobody can.
Order = Literal["desk", "score", "rate", "logistic", "entity", "explored", "best"]
ORDERS: tuple[Order, ...] = ("desk", "score", "rate", "logistic", "entity", "explored", "best")
# DETECTION, "Alert volume": 5 to 10 % of the budget
EXPLORED_SHARE = 0.08
_PARTY = (CONFIRMED, REFUTED)
# the lead of an alert of the models alone
ANOMALY = "anomaly"


class JudgedAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with what it was raised on, and whether it is `true`.

    `day` is the local day (ordinal) on which it was raised, `at_us` the time, `severity` 0 = the mildest, `selected`
    the probability with which it was chosen. `inputs` are None where the party's record keeps them no more.
    """

    alert_id: str
    case_id: str
    party: str
    day: int
    at_us: int
    lead: str
    severity: int
    score: float
    selected: float
    inputs: dict[str, int] | None
    true: bool


class DeskDay(NamedTuple):
    """One day of a desk: alerts raised, opened, and true among the opened; verdicts known when it began."""

    day: int
    raised: int
    opened: int
    true: int
    verdicts: int


class ToldChance(NamedTuple):
    """A probability that the ranker gave to an alert that was opened, what the investigator said, and what was true."""

    probability: float
    confirmed: bool
    true: bool


class GivenVerdict(NamedTuple):
    """A verdict of the simulated investigator: the alert, its party, what was said, and when (us)."""

    alert_id: str
    party: str
    confirmed: bool
    at_us: int


class Course(NamedTuple):
    """What came of one order: its days, what the ranker said of the alerts that were opened, and all verdicts."""

    days: list[DeskDay]
    told: list[ToldChance]
    given: list[GivenVerdict]


class _Verdict(NamedTuple):
    """A verdict that is to come."""

    at_us: int
    alert_id: str
    raised: JudgedAlert
    confirmed: bool
    selected: float
    inputs: dict[str, int]


class OpeningDesk:
    """One desk that opens alerts in one order and learns from its own verdicts."""

    def __init__(self, order: Order, a_day: int, seed: int) -> None:
        self._order, self._a_day, self._seed = order, a_day, seed
        self._ranker = Ranker()
        self._coming: list[tuple[int, str, _Verdict]] = []
        self._verdicts: defaultdict[str, list[tuple[bytes, str, int]]] = defaultdict(list)
        self._given = 0
        self.course = Course([], [], [])

    def work(self, day: int, alerts: Sequence[JudgedAlert]) -> None:
        """Open a day's alerts, after learning what was answered before it."""
        begun = min(one.at_us for one in alerts)
        self._hear(begun)
        seen = [self._seen(one) for one in alerts]
        queue = sorted(seen, key=lambda each: each[0], reverse=True)
        opened = self._opened(queue)
        for (_, one, inputs, chance), selected in opened:
            said = answer(one.alert_id, true=one.true, seed=self._seed)
            verdict = _Verdict(one.at_us + said.after_us, one.alert_id, one, said.confirmed, selected, inputs)
            heappush(self._coming, (verdict.at_us, verdict.alert_id, verdict))
            self.course.given.append(GivenVerdict(one.alert_id, one.party, said.confirmed, verdict.at_us))
            if chance is not None:
                self.course.told.append(ToldChance(chance, said.confirmed, one.true))
        true = sum(each[1].true for each, _ in opened)
        self.course.days.append(DeskDay(day, len(alerts), len(opened), true, self._given))

    def _seen(self, one: JudgedAlert) -> tuple[tuple[float, float, float], JudgedAlert, dict[str, int], float | None]:
        """An alert with its place in the queue, its inputs for this desk, and the ranker's word."""
        inputs = self._inputs(one)
        chance = self._ranker.chance(one.lead, inputs)
        probability = None if chance is None else chance.probability
        if self._order == "best":
            first = float(one.true)
        elif self._order == "score":
            first = one.score
        elif self._order == "desk" or probability is None:
            first = 0.0
        else:
            first = probability
        return (first, float(one.severity), float(one.at_us)), one, inputs, probability

    def _inputs(self, one: JudgedAlert) -> dict[str, int]:
        """The inputs as this desk knows them: its own verdicts about the party, or none."""
        if self._order == "rate" or one.inputs is None:
            return {}
        inputs = {name: value for name, value in one.inputs.items() if name not in _PARTY}
        if self._order in {"entity", "explored"}:
            past = faded_verdicts(self._verdicts[one.party], one.at_us)
            inputs |= {name: value for name, value in inputs_of({}, None, [], 0, past).items() if name in _PARTY}
        return inputs

    def _opened(
        self, queue: list[tuple[tuple[float, float, float], JudgedAlert, dict[str, int], float | None]]
    ) -> list[tuple[tuple[tuple[float, float, float], JudgedAlert, dict[str, int], float | None], float]]:
        """The alerts opened, each with the probability that it would be."""
        if self._order != "explored" or len(queue) <= self._a_day:
            return [(each, 1.0) for each in queue[: self._a_day]]
        by_lot = max(1, floor(self._a_day * EXPLORED_SHARE))
        first, rest = queue[: self._a_day - by_lot], queue[self._a_day - by_lot :]
        drawn = sorted(rest, key=lambda each: lot(each[1].alert_id, self._seed))[:by_lot]
        return [(each, 1.0) for each in first] + [(each, by_lot / len(rest)) for each in drawn]

    def _hear(self, until_us: int) -> None:
        while self._coming and self._coming[0][0] <= until_us:
            verdict = heappop(self._coming)[2]
            self._given += 1
            said = "confirmed" if verdict.confirmed else "refuted"
            alert = bytes.fromhex(verdict.alert_id)
            self._verdicts[verdict.raised.party].append((alert, said, verdict.at_us))
            self._ranker.learn(_lesson(verdict))


def _lesson(verdict: _Verdict) -> Lesson:
    one = verdict.raised
    return Lesson(
        lesson=hashlib.blake2b(verdict.alert_id.encode(), digest_size=16).hexdigest(),
        alert_id=verdict.alert_id,
        case_id=one.case_id,
        officer=1,
        lead=one.lead,
        segment="",
        confirmed=verdict.confirmed,
        inputs=verdict.inputs,
        selected=verdict.selected * one.selected,
        decided_us=verdict.at_us,
        detectors="",
    )


def course_of(alerts: Iterable[JudgedAlert], order: Order, a_day: int, seed: int) -> Course:
    """What comes of opening `a_day` alerts a day in this order. Cost: some 10 ms a day of the stream."""
    days: defaultdict[int, list[JudgedAlert]] = defaultdict(list)
    for one in alerts:
        days[one.day].append(one)
    desk = OpeningDesk(order, a_day, seed)
    for day in sorted(days):
        desk.work(day, days[day])
    return desk.course


# Stages by verdicts known in the desk's own order, so that all orders are judged on the same days.
STAGES = (0, 200, 1000)


class Stage(NamedTuple):
    """Opened alerts, and true ones among them, on days that began with so many verdicts, and fewer than the next."""

    verdicts: int
    days: int
    opened: int
    true: int

    @property
    def precision(self) -> float | None:
        """Share of the opened alerts that were true."""
        return self.true / self.opened if self.opened else None


def days_by_stage(course: Course, reference: Course) -> dict[int, list[DeskDay]]:
    """The course's days by how many verdicts the reference knew at least on each of them, in the order of `STAGES`."""
    found: dict[int, list[DeskDay]] = {}
    for least, most in pairwise((*STAGES, None)):
        assert least is not None
        found[least] = [
            day
            for day, known in zip(course.days, reference.days, strict=True)
            if known.verdicts >= least and (most is None or known.verdicts < most)
        ]
    return found


def stages_of(course: Course, reference: Course) -> list[Stage]:
    """What was opened in each stage, and how much of it was true."""
    return [
        Stage(least, len(days), sum(day.opened for day in days), sum(day.true for day in days))
        for least, days in days_by_stage(course, reference).items()
    ]
