"""T02: the yearly amount that may be remitted without documents, used up over all institutions and channels.

The total is of the local calendar year and exact. Residents, firms and foreign parties have amounts of their own
(t02_scopes.py). Who is not said to be foreign is taken for a resident, whose amount is the larger one. Fails where
senders give one party two ids: nothing can then be summed.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.books.folded_payments import Day
from detectors.books.party import MOST_PARTS
from detectors.books.party_type import DISPUTED
from detectors.books.payments import NO_DOCUMENT, Rows, running_sums, sums_by
from detectors.books.wanted import LookBack, Wanted, Which
from detectors.contracts.alert import Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import DatedLimit, LimitKind, LimitKinds
from detectors.typologies.base import Change, Context, Finding, Past, largest_others, slot, undocumented_sum
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.t02_scopes import SCOPES, Scope, cap_of, counted_rows, of_day, rows_of, scopes
from detectors.typologies.t02_words import (
    NEXT_STEPS,
    OTHER_INSTITUTIONS,
    OTHER_INSTITUTIONS_KO,
    PHRASES,
    SANCTIONS,
    WORDS,
    law_tests,
)
from detectors.values.legal_calendar import DAY_US, local, local_date, midnight_us, year_bounds
from detectors.values.money import plain
from detectors.wording import phrases

ID = "T02"
# A cap just crossed is a fact, but may be a slip; at a tenth of the cap beyond it half the doubt is gone (our
# judgement).
LEAST_STRENGTH = 0.7
HALVING_EXCESS = 0.1
# one calendar year
MEMORY_US = 366 * DAY_US
YEARS_KEPT = 2
# institutions named in the sentence; the measured values hold ten
NAMED = 5
# institutions with a total of their own among the measured values, as many as an alert has events
MOST_MEASURED = 50


class _Crossing(NamedTuple):
    """A cap that is crossed: whose, what it counts, the total, the crossing payment's time, pieces after it.

    `folded` are the figures of folded payments of the year; they are part of the total. Of a day's payments they count
    first, so `after` is the least number where the cap was crossed among them.
    """

    scope: Scope
    cap: DatedLimit
    rows: Rows
    total: int
    crossed_us: int
    after: int
    folded: Day


class AnnualCap:
    """The rule; see the module."""

    id = ID
    name_en = "Annual no-document cap reached across institutions"
    name_ko = "연간 무증빙 송금한도 초과(전 금융기관 합산)"
    told_apart: tuple[PartyType, ...] = ("person", "bank")
    limits: LimitKinds = MappingProxyType(
        {
            "annual_cap": LimitKind("USD", "1", "1000000000000", ko="연간 한도"),
            "small_remitter_cap": LimitKind("USD", "1", "1000000000000", needed=False, ko="소액해외송금업자 연간 한도"),
            "firm_cap": LimitKind("USD", "1", "1000000000000", needed=False, ko="기업 연간 한도"),
            "foreign_cap": LimitKind("USD", "1", "1000000000000", needed=False, ko="외국인거주자·비거주자 연간 한도"),
            "foreign_small_remitter_cap": LimitKind(
                "USD", "1", "1000000000000", needed=False, ko="외국인거주자·비거주자 소액해외송금 연간 한도"
            ),
            "sums_institutions": LimitKind("flag", "0", "1", whole=True, needed=False, ko="전 금융기관 합산"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # Incoming payments without documents stay too. No rule reads their rows, and states of today have them.
    wants = Wanted(
        look_back=(LookBack(Which(undocumented=True), calendar_year=True),),
        proofs=(Which(undocumented=True),),
        totals=True,
    )
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The cap that is crossed with this payment in its year, the one for all channels first. Cost: 10 us."""
        growth = context.limit(ID, "growth_ratio")
        if growth is None or not context.undocumented:
            return None
        total = context.annual_total()
        for scope in scopes(context):
            cap = cap_of(context.rulebook, scope, context.day)
            # no part is more than the whole
            crossing = None if cap is None or total <= cap.cents else _crossing(context, scope, cap)
            if crossing is not None:
                return _finding(context, crossing, growth)
        return None

    def learn(self, context: Context) -> None:
        """Keep the year's total, so that next year's alert can show it beside its own."""
        if context.may_be("person") and context.undocumented:
            totals = slot(context, ID, dict[int, int], {})
            totals[_year(context)] = min(context.annual_total(), 2**63 - 1)
            kept = sorted(totals.items())[-YEARS_KEPT:]
            context.slots[ID] = msgspec.msgpack.encode(dict(kept))

    def restate(self, past: Past) -> None:
        """The newest year's total, as its payments count now."""
        totals = slot(past, ID, dict[int, int], {})
        if totals:
            year = max(totals)
            total = undocumented_sum(past.rows, *year_bounds(year, past.zone))
            total += 0 if past.folded is None else past.folded.annual_total(year)
            totals[year] = min(total, 2**63 - 1)
            past.slots[ID] = msgspec.msgpack.encode(totals)

    def standing(self, past: Past, series: str, at_us: int) -> int:  # noqa: ARG002 - a year's total has no other time
        """The year's total of the series' scope; a firm's with its payments for goods, which change nothing."""
        year, _, scope = series.partition(" ")
        return undocumented_sum(rows_of(SCOPES[scope], past.rows), *year_bounds(int(year), past.zone))

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether the year's total, folded payments too, is still over the cap of the alert's day."""
        year, _, name = series.partition(" ")
        scope = SCOPES[name]
        cap = cap_of(past.rulebook, scope, local_date(at_us, past.zone))
        total = self.standing(past, series, at_us)
        if past.folded is not None:
            total += sum(of_day(scope, found).total for found in past.folded.of_year(int(year)).values())
        return cap is None or total > cap.cents

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """Documents shown; what was left under the cap."""
        shown = context.with_payment(flags=context.payment.flags & ~NO_DOCUMENT)
        text_ko = "이 송금에 대한 증빙서류가 제출되었다면"
        changes = [Change(shown, "had documents been shown for this transfer", text_ko)]
        cap = cap_of(context.rulebook, SCOPES[finding.series.partition(" ")[2]], context.day)
        left = (cap.cents if cap is not None else 0) - (finding.size - context.payment.usd)
        if left > 0:
            changes.append(
                Change(
                    context.with_payment(usd=left),
                    f"had this transfer been {phrases.usd(left)} or less (what was left under the cap)",
                    f"이 송금액이 한도 잔액 {phrases.usd_ko(left)} 이하였다면",
                )
            )
        return changes

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """Of each cap almost all, a hundredth, a half: the second payment crosses it."""
        whose: dict[str, dict[str, str]] = {
            "annual_cap": {},
            "small_remitter_cap": {},
            "firm_cap": {"party_type": "company"},
            "foreign_cap": {"residency": "foreign_resident", "channel": "app"},
            "foreign_small_remitter_cap": {"residency": "foreign_resident"},
        }
        for name, fields in whose.items():
            for number, part in enumerate((0.999, 0.01, 0.5)):
                given = {"channel": "small_remitter"} | fields
                yield "a yearly cap", day.paid(number, name, day.limit(name) * part, **given)


def _year(context: Context) -> int:
    return local(context.payment.time, context.zone).year


def _crossing(context: Context, scope: Scope, cap: DatedLimit) -> _Crossing | None:
    """Where the scope's payments and the folded ones of the year cross a cap, None where they do not.

    They count by time; folded ones stand at their day's midnight.
    """
    rows = counted_rows(context, scope)
    times, cents, counts = rows["time"], rows["usd"], np.ones(len(rows), "<i8")
    whole = Day()
    if context.folded is not None:
        days = [(day, of_day(scope, found)) for day, found in context.folded.of_year(_year(context)).items()]
        for _, found in days:
            whole = whole.plus(found)
        times = np.concatenate((np.array([midnight_us(day, context.zone) for day, _ in days], "<i8"), times))
        order = np.argsort(times, kind="stable")
        times = times[order]
        cents = np.concatenate((np.array([found.total for _, found in days], "<i8"), cents))[order]
        counts = np.concatenate((np.array([found.count for _, found in days], "<i8"), counts))[order]
    running = running_sums(cents)
    total = int(running[-1])
    if total <= cap.cents:
        return None
    place = int(np.searchsorted(running, cap.cents, "right")) - 1
    return _Crossing(scope, cap, rows, total, int(times[place]), int(counts[place + 1 :].sum()), whole)


def _by_institution(context: Context, crossing: _Crossing) -> dict[str, int]:
    """USD cents by institution; an empty name stands for those beyond the ones that folded payments tell apart."""
    sums = sums_by(crossing.rows["institution"], crossing.rows["usd"])
    found = {context.names[number]: cents for number, (cents,) in sums.items()}
    if context.folded is not None:
        for name, both in context.folded.institutions.get(_year(context), {}).items():
            cents = of_day(crossing.scope, Day(total=both[0], small=both[1])).total
            if cents:
                found[name] = found.get(name, 0) + cents
    return found


def _finding(context: Context, crossing: _Crossing, growth: DatedLimit) -> Finding:
    cap, rows = crossing.cap, crossing.rows
    excess = crossing.total - cap.cents
    strength = 1.0 - (1.0 - LEAST_STRENGTH) * 0.5 ** (excess / (HALVING_EXCESS * cap.cents))
    if crossing.scope.foreign and context.residence.disputed:
        strength *= DISPUTED
    by_institution = _by_institution(context, crossing)
    named = sorted(by_institution)
    # the largest first, of equal ones by name; two plain sorts cost a third of one by pairs
    ordered = [(name, by_institution[name]) for name in sorted(named, key=by_institution.__getitem__, reverse=True)]
    year = _year(context)
    own = context.names[context.payment.institution]
    before = slot(context, ID, dict[int, int], {}).get(year - 1)
    english, korean = _sentences(context, crossing, ordered, before)
    parts = dict(ordered[:MOST_PARTS]) | {own: by_institution[own]}
    return Finding(
        strength=round(min(strength, 0.99), 4),
        limits=(cap.shown(), growth.shown()),
        window=f"calendar year {year}",
        measured=(
            Measured(name="annual_total", value=plain(crossing.total), unit="USD"),
            Measured(name="over_cap", value=plain(excess), unit="USD"),
            Measured(name="payments", value=len(rows) + crossing.folded.count, unit="count"),
            Measured(name="cap_crossed_on", value=phrases.day(crossing.crossed_us, context.zone), unit="local date"),
            Measured(name="payments_after_crossing", value=crossing.after, unit="count"),
            *(
                Measured(name=f"total at {_shown(name) or OTHER_INSTITUTIONS}", value=plain(cents), unit="USD")
                for name, cents in ordered[:MOST_MEASURED]
            ),
            *_how_many(ordered),
            *phrases.folded_shown(crossing.folded.count, crossing.folded.ordered, crossing.folded.returned),
        ),
        offsets=tuple(rows["offset"].tolist()),
        institutions=tuple(filter(None, named)),
        series=f"{year} {crossing.scope.name}",
        institution=own,
        parts=tuple(parts.items()),
        without=tuple(
            (name, rest)
            for name in largest_others(tuple(parts.items()), own)
            if (rest := crossing.total - by_institution[name]) > cap.cents
        ),
        alone=by_institution[own] if by_institution[own] > cap.cents else 0,
        size=crossing.total,
        growth=growth.cents,
        memory_us=MEMORY_US,
        at_risk=excess,
        value=plain(crossing.total),
        unit="USD",
        own_baseline=None if before is None else plain(before),
        own_n=0 if before is None else 1,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        folded=crossing.folded.count,
        tests=law_tests(context, crossing.scope, at_one=max(by_institution.values()) > cap.cents),
    )


def _how_many(ordered: Sequence[tuple[str, int]]) -> list[Measured]:
    """The number of institutions, where not each of them has its total told."""
    more = len(ordered) > MOST_MEASURED
    return [Measured(name="institutions", value=len(ordered), unit="count")] if more else []


def _shown(name: str) -> str:
    return phrases.code(name) if name else ""


def _sentences(
    context: Context, crossing: _Crossing, ordered: Sequence[tuple[str, int]], before: int | None
) -> tuple[str, str]:
    cap, year, folded = crossing.cap, _year(context), crossing.folded
    count = len(crossing.rows) + folded.count
    excess = crossing.total - cap.cents
    first, first_ko = phrases.day(crossing.crossed_us, context.zone), phrases.day_ko(crossing.crossed_us, context.zone)
    more = len(ordered) - NAMED
    parts_en = ", ".join(
        f"{_shown(name) or OTHER_INSTITUTIONS} {phrases.usd(cents)}" for name, cents in ordered[:NAMED]
    )
    parts_ko = ", ".join(
        f"{_shown(name) or OTHER_INSTITUTIONS_KO} {phrases.usd_ko(cents)}" for name, cents in ordered[:NAMED]
    )
    parts_en += f" and {more} more" if more > 0 else ""
    parts_ko += f" 외 {more}개 기관" if more > 0 else ""
    said = PHRASES[crossing.scope.name]
    past_en = f"No payment without documents is known for {year - 1}."
    past_ko = f"{year - 1}년의 무증빙 송금은 확인되지 않습니다."
    if before is not None:
        past_en = f"In {year - 1} the total was {phrases.usd(before)}."
        past_ko = f"{year - 1}년 합계는 {phrases.usd_ko(before)}였습니다."
    after, after_ko = "no further payment", "초과 이후 추가 송금은 없습니다"
    if crossing.after:
        after = phrases.counted(crossing.after, "further payment", "further payments")
        after_ko = f"초과 이후 {crossing.after}건을 추가로 송금하였습니다"
    english = (
        f"In {year} {said.who_en} remitted {phrases.usd(crossing.total)} without documents or report in "
        f"{phrases.counted(count, 'payment', 'payments')} through {said.through_en} ({parts_en}). "
        f"The yearly cap{said.cap_en} is {phrases.usd(cap.cents)} ({phrases.basis(cap)}). It was crossed on {first} "
        f"and is exceeded by {phrases.usd(excess)}; {after} followed the crossing. {past_en}"
    )
    korean = (
        f"{said.who_ko} {year}년 중 {said.through_ko} 통하여 증빙서류나 신고 없이 "
        f"{count}건, 합계 {phrases.usd_ko(crossing.total)}를 송금하였습니다({parts_ko}). "
        f"{said.cap_ko}연간 한도는 {phrases.usd_ko(cap.cents)}({phrases.basis_ko(cap)})입니다. "
        f"{first_ko}에 한도를 넘어 현재 초과 금액은 {phrases.usd_ko(excess)}이며, {after_ko}. {past_ko}"
    )
    if folded.count:
        english += phrases.folded_payments(folded.count, folded.ordered, folded.returned)
        korean += phrases.folded_payments_ko(folded.count, folded.ordered, folded.returned)
    return english, korean
