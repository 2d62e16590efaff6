"""T17: money comes in from many payers and is gone again within hours, little of it staying.

Looked at are the party's payments of the last 1, 24 and 72 hours, not those for goods: many buyers and one supplier are
trade. It fires where at least `sources_min` payers sent `inflow_min` together, and between `out_ratio` and
`out_ratio_max` of it went out again, after the first of it came, to at most `sinks_max` payees. An indicator: nothing
in the law forbids it, and whoever does it for others needs a registration (Act 8).

Either side may be told late: an incoming payment is looked at with what went out within the widest window after it.
Banks, and what goes over an exchanger's counter or between banks, are left out: it is their business.
Fails where the money leaves through another party, or mixed with so much of the party's own that the ratio is passed.
Payments beyond the 2 048 that are kept one by one are not seen.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType

import numpy as np

from detectors.books.payments import OUT, Rows, exact_sum, rows_where
from detectors.books.wanted import Wanted, Which
from detectors.contracts.alert import Measured
from detectors.contracts.configuration import Legend
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits, Rulebook
from detectors.typologies.base import Change, Context, Finding, Past, largest_others, sums_by_institution
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.t17_words import NEXT_STEPS, SANCTIONS, WORDS, Passed, law_tests, sentences
from detectors.values.legal_calendar import HOUR_US, local_date
from detectors.values.money import plain

ID = "T17"
_WINDOWS = ("hours_short", "hours_day", "hours_long")
_NEEDED = (*_WINDOWS, "sources_min", "sinks_max", "inflow_min", "out_ratio", "out_ratio_max", "growth_ratio")
_NO_GOODS = ("import", "export")
_COUNTERS = ("exchanger", "interbank")
# Our judgement: an indicator, however clear. The doubt at three payers in the widest window is a half; each further
# payer takes a tenth of it, and a window a third or a day long takes more.
DOUBT, A_PAYER, WINDOW_DOUBT = 0.5, 0.9, (0.6, 0.8, 1.0)
MOST_STRENGTH = 0.9
# payers of a trial; a limit may ask for ten thousand
MOST_TRIED = 20
# Payments out near an alert whose windows are looked at anew, 0.1 ms each.
MOST_ENDS = 8
# a round of a month later is another one
MEMORY_US = 30 * 24 * HOUR_US


class PassThrough:
    """The rule; see the module."""

    id = ID
    name_en = "Rapid pass-through"
    name_ko = "단기 경유 거래"
    told_apart: tuple[PartyType, ...] = ("bank",)
    limits: LimitKinds = MappingProxyType(
        {
            "hours_short": LimitKind("count", "1", "72", whole=True, ko="가장 짧은 관찰 시간", counter="시간"),
            "hours_day": LimitKind("count", "1", "72", whole=True, ko="하루 관찰 시간", counter="시간"),
            "hours_long": LimitKind("count", "1", "72", whole=True, ko="가장 긴 관찰 시간", counter="시간"),
            "sources_min": LimitKind("count", "1", "10000", whole=True, ko="최소 송금인 수", counter="명"),
            "sinks_max": LimitKind("count", "1", "10000", whole=True, ko="최대 수취인 수", counter="명"),
            "inflow_min": LimitKind("USD", "1", "1000000000", ko="최소 입금 합계"),
            "out_ratio": LimitKind("ratio", "0.01", "1", ko="입금액 대비 최소 출금 비율"),
            "out_ratio_max": LimitKind("ratio", "1", "100", ko="입금액 대비 최대 출금 비율"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # every payment stays for 7 days beyond the lateness, more than the widest window
    wants = Wanted(proofs=(Which("in"),))
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The narrowest window whose money went through. Cost: 5 us; 30 us where enough payments came in nearby."""
        event, payment = context.transaction, context.payment
        if event.party_type == "bank" or event.channel in _COUNTERS or payment.usd <= 0:
            return None
        if not _came_in(context):
            return None
        limits = _limits_of(context.rulebook, context.day)
        if limits is None:
            return None
        rows = _near(context, limits)
        passed = None if rows is None else _passed(rows, payment.offset, limits)
        return None if rows is None or passed is None else _finding(context, rows, passed, limits)

    def learn(self, context: Context) -> None:
        """Nothing is kept beside rows; what goes out near enough incoming payments may have to be named."""
        if context.payment.flags & OUT and not context.named:
            context.named = _came_in(context)

    def restate(self, past: Past) -> None:
        """Nothing is kept beside rows."""

    def standing(self, past: Past, series: str, at_us: int) -> int:  # noqa: ARG002 - there is one series
        """What came in within the widest window that ends there, for goods too: their kind is not known here."""
        wide = past.rulebook.limit(ID, _WINDOWS[-1], local_date(at_us, past.zone))
        since = at_us if wide is None else at_us - int(wide.number) * HOUR_US
        rows = past.rows
        return exact_sum(rows["usd"][(rows["flags"] & OUT == 0) & (rows["time"] > since) & (rows["time"] <= at_us)])

    def stands(self, past: Past, series: str, at_us: int) -> bool:  # noqa: ARG002 - there is one series
        """Whether money still went through in some window that ends with a payment out near the alert.

        In doubt it stands: where more went out than `MOST_ENDS` times, and enough came in.
        """
        limits = _limits_of(past.rulebook, local_date(at_us, past.zone))
        if limits is None:
            return True
        width = int(limits[_WINDOWS[-1]].number) * HOUR_US
        near = rows_where(past.rows, (np.abs(past.rows["time"] - at_us) < 2 * width) & (past.rows["usd"] > 0))
        near = _not_goods(near, past.legend, past.names)
        ends = near["time"][(near["flags"] & OUT == OUT) & (np.abs(near["time"] - at_us) <= width)]
        came = int(np.count_nonzero(near["flags"] & OUT == 0)) >= limits["sources_min"].number
        ends = np.unique(ends)
        if len(ends) > MOST_ENDS or not came:
            return came
        return any(_passed(_until(near, end, width), None, limits) is not None for end in ends.tolist())

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002
        """Half of the payment; the payment not made."""
        payment = context.payment
        half, text_en = payment.usd // 2, "had half of this payment been made"
        return [
            Change(context.with_payment(usd=half), text_en, "이 거래가 절반 금액이었다면"),
            Change(context.with_payment(usd=0), "had this payment not been made", "이 거래가 없었다면"),
        ]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """As many payers as are asked for, and 95 % of it out to one payee an hour later."""
        count = min(int(day.limit("sources_min")), MOST_TRIED)
        each = max(day.limit("inflow_min") / max(count, 1), 1.0) * 1.01
        for number in range(count):
            given = {"direction": "in", "counterparty": f"t.001.payer{number}", "purpose": "40101"}
            yield "a pass-through", day.paid(number, "through", each, **given)
        yield "a pass-through", day.paid(count, "through", each * count * 0.95, purpose="40101")


def _came_in(context: Context) -> bool:
    """Whether as many payments as payers are asked for came in within the widest window of the payment at hand."""
    sources, wide = context.limit(ID, "sources_min"), context.limit(ID, _WINDOWS[-1])
    rows = context.rows
    if sources is None or wide is None or len(rows) <= sources.number:
        return False
    width = int(wide.number) * HOUR_US
    near = np.abs(rows["time"] - context.payment.time) < width
    return int(np.count_nonzero(near & (rows["flags"] & OUT == 0))) >= sources.number


def _limits_of(rulebook: Rulebook, day: date) -> Limits | None:
    found = rulebook.named(ID, _NEEDED, day)
    return found if len(found) == len(_NEEDED) else None


def _near(context: Context, limits: Limits) -> Rows | None:
    """The party's rows of the widest window, not those for goods; None where nothing went out in it.

    It ends with the payment at hand, or with the last that went out within its width after an incoming one.
    """
    rows, at_us = context.rows, context.payment.time
    width = int(limits[_WINDOWS[-1]].number) * HOUR_US
    time, out = rows["time"], rows["flags"] & OUT == OUT
    end = at_us
    if not context.payment.flags & OUT:
        after = time[out & (time >= at_us) & (time < at_us + width) & (rows["usd"] > 0)]
        if not len(after):
            return None
        end = int(after.max())
    found = _until(rows, end, width)
    found = rows_where(found, found["usd"] > 0)
    return _not_goods(found, context.legend, context.names)


def _until(rows: Rows, end: int, width: int) -> Rows:
    """Those of the window of a width (us) that ends at a time, both in event time."""
    return rows_where(rows, (rows["time"] > end - width) & (rows["time"] <= end))


def _not_goods(rows: Rows, legend: Legend, names: Sequence[str]) -> Rows:
    known = {number: legend.purposes.get(names[number]) for number in np.unique(rows["purpose"]).tolist()}
    goods = [number for number, purpose in known.items() if purpose is not None and purpose.kind in _NO_GOODS]
    return rows_where(rows, ~np.isin(rows["purpose"], goods)) if goods else rows


def _passed(rows: Rows, offset: int | None, limits: Limits) -> Passed | None:
    """What went through in the narrowest window that fires, and holds the payment at this ledger position if given."""
    if not len(rows):
        return None
    end = int(rows["time"].max())
    for name in _WINDOWS:
        window = rows_where(rows, rows["time"] > end - int(limits[name].number) * HOUR_US)
        passed = _of_window(window, limits, name)
        if passed is not None and (offset is None or _holds(passed, offset)):
            return passed
    return None


def _holds(passed: Passed, offset: int) -> bool:
    return bool((passed.incoming["offset"] == offset).any() or (passed.out["offset"] == offset).any())


def _of_window(rows: Rows, limits: Limits, name: str) -> Passed | None:
    incoming = rows_where(rows, rows["flags"] & OUT == 0)
    sources = len(np.unique(incoming["beneficiary"]))
    if sources < int(limits["sources_min"].number):
        return None
    out = rows_where(rows, (rows["flags"] & OUT == OUT) & (rows["time"] >= incoming["time"].min()))
    sinks = len(np.unique(out["beneficiary"]))
    came, went = exact_sum(incoming["usd"]), exact_sum(out["usd"])
    if sinks > int(limits["sinks_max"].number) or came < limits["inflow_min"].cents:
        return None
    if not limits["out_ratio"].cents * came <= went * 100 <= limits["out_ratio_max"].cents * came:
        return None
    return Passed(incoming, out, sources, sinks, came, went, name)


def _strength(passed: Passed, limits: Limits) -> float:
    further = passed.sources - int(limits["sources_min"].number)
    doubt = DOUBT * A_PAYER**further * WINDOW_DOUBT[_WINDOWS.index(passed.window)]
    return round(min(1.0 - doubt, MOST_STRENGTH), 4)


def _finding(context: Context, rows: Rows, passed: Passed, limits: Limits) -> Finding:
    payment = context.payment
    number, own = payment.institution, context.names[payment.institution]
    parts = sums_by_institution(passed.incoming, context.names, number)
    numbers = {context.names[each]: each for each in np.unique(rows["institution"]).tolist()}
    without = []
    for name in largest_others(parts, own):
        rest = _passed(rows_where(rows, rows["institution"] != numbers[name]), payment.offset, limits)
        if rest is not None:
            without.append((name, rest.came))
    alone = _passed(rows_where(rows, rows["institution"] == number), payment.offset, limits)
    every = sorted([*passed.incoming["offset"].tolist(), *passed.out["offset"].tolist()])
    hours = int(limits[passed.window].number)
    english, korean = sentences(context, passed, hours)
    return Finding(
        strength=_strength(passed, limits),
        limits=tuple(limits[each].shown() for each in (passed.window, *_NEEDED[len(_WINDOWS) :])),
        window=f"{hours} hours before the last payment out",
        measured=(
            Measured(name="came_in", value=plain(passed.came), unit="USD"),
            Measured(name="went_out", value=plain(passed.went), unit="USD"),
            Measured(name="out_share", value=round(passed.went / passed.came, 4), unit="ratio"),
            Measured(name="sources", value=passed.sources, unit="count"),
            Measured(name="sinks", value=passed.sinks, unit="count"),
            Measured(name="payments_in", value=len(passed.incoming), unit="count"),
            Measured(name="payments_out", value=len(passed.out), unit="count"),
            Measured(name="holding_hours", value=passed.holding_hours, unit="count"),
        ),
        offsets=tuple(every),
        institutions=tuple(sorted({context.names[each] for each in _banks_of(passed)})),
        series="pass-through",
        institution=own,
        parts=parts,
        without=tuple(without),
        alone=0 if alone is None else alone.came,
        size=passed.came,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=passed.went,
        value=plain(passed.came),
        unit="USD",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=law_tests(context, hours),
    )


def _banks_of(passed: Passed) -> set[int]:
    return {*passed.incoming["institution"].tolist(), *passed.out["institution"].tolist()}
