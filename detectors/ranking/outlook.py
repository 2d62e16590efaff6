"""When ranks become useful at a volume of payments, how coarse they are now, and what comes by chance. Pure arithmetic.

A new deployment asks when its scores say something. The rules alert from the first payment on; ranks need payments to
compare with. This module says so from the detector set and a few counts, as the budget itself does (budget.py).
"""

from math import ceil
from typing import Literal

import msgspec

from detectors.contracts.configuration import DetectorSet
from detectors.ranking.budget import FASTEST, LEAST_FOR_RANKS
from detectors.ranking.calibration import LEAST_TAIL, WIDER

# More days to wait than a newcomer has patience for: then loading history is worth the work (our judgement).
PATIENCE_DAYS = 3.0
# A warm-up shorter than the calibration's least tail leaves ranks to a guess (calibration.LEAST_TAIL).
LEAST_WARM_UP = LEAST_TAIL

# What may be done. `fewer_partitions`: at the next cluster; `send_payments`: there are none yet.
Advice = Literal["load_history", "fewer_partitions", "lower_warm_up", "wait", "raise_by_chance", "send_payments"]


class Learned(msgspec.Struct, frozen=True, kw_only=True):
    """What partitions have learned: scored payments by partition, and how many the calibration over all counts."""

    partitions: dict[int, int]
    everyone: int


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment can expect of its statistical alerts at a number of payments a day.

    `warm_partitions` of `partitions` rank already; `days_until_all_rank` is until the slowest does (None: never, no
    payment comes). `among`: payments that ranks stand on; `finest_counted`: the smallest share that counting alone can
    tell, 1 / (`among` + 1). `alerting_rank`: the largest rank that alerts at this volume, 0 where none can.
    `needed`: payments after which counting alone reaches it, `most_counted` the most that are ever counted, and
    `days_until_counted` until `needed` (0: now; None: never). `coarse`: ranks that alert rest on a fitted tail today.
    `by_rank_a_day`, `by_lot_a_day`: statistical alerts a day over all partitions that come by chance alone, of
    ordinary payments.
    """

    payments_a_day: float
    partitions: int
    warm_up: int
    warm_partitions: int
    least_learned: int
    days_until_all_rank: float | None
    among: int
    finest_counted: float
    alerting_rank: float
    needed: int
    most_counted: int
    days_until_counted: float | None
    coarse: bool
    by_rank_a_day: float
    by_lot_a_day: float
    advice: tuple[Advice, ...]


def outlook(detectors: DetectorSet, partitions: int, payments_a_day: float, learned: Learned) -> Outlook:
    """What to expect at so many payments a day over so many partitions, each of which is taken to get as many.

    Raises `ValueError` for a negative volume or no partition.
    """
    if partitions < 1 or not payments_a_day >= 0:
        raise ValueError(f"no volume; got: {payments_a_day} a day, {partitions} partitions; expected: >= 0, >= 1")
    each = payments_a_day / partitions
    least = min(learned.partitions.get(number, 0) for number in range(partitions))
    warm = sum(learned.partitions.get(number, 0) >= detectors.warm_up for number in range(partitions))
    rank, lots = _alerting(detectors, payments_a_day)
    # a partition alone counts no more than its window
    among = max(learned.everyone, min(detectors.calibration_window, max(learned.partitions.values(), default=0)))
    needed = ceil(1 / rank) - 1 if rank else 0
    most = WIDER * detectors.calibration_window
    until_rank = _days(detectors.warm_up - least, each)
    until_counted = None if not rank or needed > most else _days(needed - among, payments_a_day)
    found = Outlook(
        payments_a_day=payments_a_day,
        partitions=partitions,
        warm_up=detectors.warm_up,
        warm_partitions=warm,
        least_learned=least,
        days_until_all_rank=until_rank,
        among=among,
        finest_counted=1 / (among + 1),
        alerting_rank=rank,
        needed=needed,
        most_counted=most,
        days_until_counted=until_counted,
        coarse=bool(rank) and among < needed,
        by_rank_a_day=rank * payments_a_day,
        by_lot_a_day=min(lots, detectors.ceiling * payments_a_day),
        advice=(),
    )
    return msgspec.structs.replace(found, advice=tuple(_advice(found)))


def _alerting(detectors: DetectorSet, payments_a_day: float) -> tuple[float, float]:
    """The largest rank that alerts, and the lots a day: what `Budget.ceiling` and its pace come to on a usual day."""
    lots = min(detectors.daily_budget * detectors.exploration, (1.0 - LEAST_FOR_RANKS) * detectors.by_chance)
    if not payments_a_day:
        return detectors.ceiling if detectors.by_chance and detectors.daily_budget else 0.0, lots
    pace = FASTEST * detectors.daily_budget * (1.0 - detectors.exploration) / payments_a_day
    return max(0.0, min(detectors.ceiling, (detectors.by_chance - lots) / payments_a_day, pace, 1.0)), lots


def _days(payments: float, a_day: float) -> float | None:
    if payments <= 0:
        return 0.0
    return payments / a_day if a_day else None


def _advice(found: Outlook) -> list[Advice]:
    """What helps, the best first."""
    advice: list[Advice] = []
    if not found.alerting_rank:
        advice.append("raise_by_chance")
    until = found.days_until_all_rank
    if until is None:
        return [*advice, "send_payments", "load_history"]
    counted = found.days_until_counted
    if until > PATIENCE_DAYS or (counted is not None and counted > PATIENCE_DAYS):
        advice.append("load_history")
    if until > PATIENCE_DAYS:
        if found.warm_up > LEAST_WARM_UP:
            advice.append("lower_warm_up")
        advice.append("fewer_partitions")
    if until > 0 or (counted is not None and counted > 0):
        advice.append("wait")
    return advice
