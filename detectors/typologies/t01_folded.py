"""T01 where pieces of a party are kept in totals only (folded_payments.py): an upper bound instead of an exact group.

Of a folded piece the purpose, the local day and the amount are kept; the payee and the hour are not. So a window holds
at most the pieces of all days that it touches, of any payee, with the pieces that are kept one by one. Where that bound
satisfies the rule and the exact groups do not, the finding is raised as a bound: coarser, at `BOUND` of its strength,
remembered apart from exact ones. A payment never leaves the sum because others were sent.
Fails, to the side of raising, on a party that really pays very many payees for one purpose just under the line.
"""

from typing import NamedTuple

import numpy as np

from detectors.books import folded_payments as folded
from detectors.books.payments import Rows, running_sums
from detectors.contracts.alert import Measured
from detectors.contracts.limits import DatedLimit, Limits
from detectors.typologies.base import Context, Finding
from detectors.typologies.t01_words import law_tests
from detectors.values.legal_calendar import DAY_US, HOUR_US, local_date, midnight_us
from detectors.values.money import plain
from detectors.wording import phrases

# What an upper bound says less than an exact group: our judgement.
BOUND = 0.7
# A folded piece stands at its midnight; the longest day, where clocks are put back, has 25 hours.
LONGEST_DAY_US = DAY_US + HOUR_US


class Bound(NamedTuple):
    """The most that a window with this payment may hold: pieces, cents, and of both those in totals."""

    window: str
    kept: Rows
    pieces: int
    total: int
    folded: int
    folded_total: int


def bound(context: Context, kept: Rows, window: str, width_us: int) -> Bound | None:
    """The bound of the window that may hold most; None where none of its pieces is folded.

    `kept` are the pieces of the payment's purpose by time. Cost: nothing where none is folded, else 0.1 to 0.4 ms.
    """
    days = {} if context.folded is None else context.folded.pieces_of(context.names[context.payment.purpose])
    if not days:
        return None
    midnights = [midnight_us(day, context.zone) for day in days]
    times = np.concatenate((np.array(midnights, "<i8"), kept["time"]))
    order = np.argsort(times, kind="stable")
    times = times[order]
    none = np.zeros(len(kept), "<i8")
    counts, cents = (np.array([each[column] for each in days.values()], "<i8") for column in (0, 1))
    folded_counts = running_sums(np.concatenate((counts, none))[order])
    folded_cents = running_sums(np.concatenate((cents, none))[order])
    all_counts = running_sums(np.concatenate((counts, none + 1))[order])
    all_cents = running_sums(np.concatenate((cents, kept["usd"]))[order])
    width_us += LONGEST_DAY_US
    begin, end = np.searchsorted(times, (context.payment.time - width_us, context.payment.time), "right").tolist()
    lasts = np.searchsorted(times, times[begin:end] + width_us, "left")
    firsts = np.arange(begin, end)
    sums = np.where(folded_counts[lasts] > folded_counts[firsts], all_cents[lasts] - all_cents[firsts], -1)
    if not len(sums) or int(sums.max()) < 0:
        return None
    best = int(np.argmax(sums))
    first, last = begin + best, int(lasts[best])
    places = order[first:last]
    return Bound(
        window,
        kept.take(np.sort(places[places >= len(days)]) - len(days)),
        int(all_counts[last] - all_counts[first]),
        int(sums[best]),
        int(folded_counts[last] - folded_counts[first]),
        int(folded_cents[last] - folded_cents[first]),
    )


def folded_of_its_own(context: Context, group: Rows, width_us: int) -> int:
    """Cents of folded pieces that are taken to be of an exact group, for its growth since it was last alerted.

    They are where the group has half of the rows that are kept, so that most of what is folded is its own. A group of
    a few pieces must not seem large, and so grow no more, by what another institution sent.
    """
    if context.folded is None or 2 * len(group) < folded.KEPT_ROWS:
        return 0
    at_us = context.payment.time
    first, last = (local_date(at_us + side, context.zone).toordinal() for side in (-width_us, width_us))
    days = context.folded.pieces_of(context.names[context.payment.purpose])
    return sum(cents for day, (_, cents) in days.items() if first <= day <= last)


def bound_finding(
    context: Context, found: Bound, limits: Limits, shown: tuple[DatedLimit, ...], strength: float
) -> Finding:
    """The finding of a bound; `shown` are the limits that an alert shows."""
    line, width = limits["document_line"], limits[found.window].number
    institutions = tuple(sorted(context.names[number] for number in set(found.kept["institution"].tolist())))
    purpose_en, purpose_ko = context.purpose_texts()
    times = f"{found.total / line.cents:.1f}"
    return Finding(
        strength=round(strength * BOUND, 4),
        limits=tuple(each.shown() for each in shown),
        window=f"{width} d",
        measured=(
            Measured(name="pieces_at_most", value=found.pieces, unit="count"),
            Measured(name="sum_at_most", value=plain(found.total), unit="USD"),
            Measured(name="sum_over_line_at_most", value=round(found.total / line.cents, 2), unit="ratio"),
            Measured(name="pieces_kept_one_by_one", value=len(found.kept), unit="count"),
            Measured(name="folded_pieces", value=found.folded, unit="count"),
            Measured(name="folded_pieces_sum", value=plain(found.folded_total), unit="USD"),
        ),
        offsets=tuple(found.kept["offset"].tolist()),
        institutions=institutions,
        series=context.names[context.payment.purpose],
        size=found.total,
        growth=limits["growth_ratio"].cents,
        memory_us=int(limits["window_quarter"].number * DAY_US),
        at_risk=found.total,
        value=plain(found.total),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=(
            f"Up to {found.pieces} transfers just under the document line of {phrases.usd(line.cents)} "
            f"({phrases.basis(line)}), without documents or report, lie within "
            f"{phrases.counted(width, 'day', 'days')}; stated purpose: {purpose_en}. "
            f"Together they are at most {phrases.usd(found.total)}, {times} times the "
            f"line. This party has made more payments than are kept one by one: of {found.folded} of these transfers "
            f"({phrases.usd(found.folded_total)}) only day, purpose and amount are known, so they may have gone to "
            "several beneficiaries. This is an upper bound."
        ),
        text_ko=(
            f"증빙면제 기준금액 {phrases.usd_ko(line.cents)}({phrases.basis_ko(line)}) 이하의 무증빙·무신고 송금이 "
            f"{width}일 이내에 최대 {found.pieces}건 있습니다(사유: {purpose_ko}). 합계는 최대 "
            f"{phrases.usd_ko(found.total)}로, 기준금액의 {times}배입니다. 당사자의 송금이 개별 보관 한도를 초과하여 "
            f"이 중 {found.folded}건({phrases.usd_ko(found.folded_total)})은 일자·사유·금액만 보관되어 있으므로 "
            "수취인이 여럿일 수 있습니다. 따라서 위 건수와 합계는 최대치입니다."
        ),
        folded=found.folded,
        bound=True,
        tests=law_tests(context, None, width),
    )
