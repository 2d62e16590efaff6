"""T12: a person pays for what that person hardly ever paid for, again and again, and the documents are not verified.

Looked at are persons' outgoing payments whose purpose is known. A kind of purpose is odd while it has less than
`usual_share` of at least `past_min` earlier payments. It fires where at least `odd_payments_min` odd payments of
`DRIFT_DAYS` are less likely by the person's own past than `surprise_max` (t12_past.py), and come to `bare_min` without
any document, or to `shown_min` together with those whose documents were shown and not verified.
The case behind it: study money for which there was no student (FSC, 2021-11-15: 159 transfers in seven months). So it
fires as well where a person not known to have paid for studies does, `odd_payments_min` times, for `study_min`, which
is far above a family's first term, however short the past is.

An indicator of art. 15: who pays under a purpose says what it is for. Payments with verified documents, and those of
capital, which have their own rules, are never odd; verified studies say nothing of others that are not. A purpose that
is not stated or not known counts nowhere. Fails on a person with a short or a mixed past, and where the false purpose
is the usual one. A return takes back an odd payment, and no usual one: then a kind stays usual.
"""

from collections.abc import Iterator, Sequence
from types import MappingProxyType

import msgspec

from detectors.books.payments import OUT
from detectors.books.wanted import Wanted
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Limits
from detectors.typologies.base import Change, Context, Finding, Past, slot
from detectors.typologies.declared import DueDate, TrialDay
from detectors.typologies.firm import kind_of
from detectors.typologies.kept_payments import Kept, added, of_payment, restated, with_parts
from detectors.typologies.t12_past import DRIFT_DAYS, KEPT_DAYS, KINDS, NEW, STUDY, Purposes, chance
from detectors.typologies.t12_words import NEXT_STEPS, SANCTIONS, WORDS, Drift, law_tests, measured, sentences
from detectors.values.legal_calendar import DAY_US, local_date
from detectors.values.money import plain

ID = "T12"
NEEDED = (
    "usual_share",
    "past_min",
    "odd_payments_min",
    "surprise_max",
    "bare_min",
    "shown_min",
    "study_min",
    "growth_ratio",
)
# what a payment is kept apart by
TOLD_APART = ("usual_share", "past_min")
CAPITAL = KINDS.index("capital")
# Our judgement: a purpose is a person's word, and lives change. At the limit two fifths speak for it; each further
# tenth of the chance takes a tenth of the rest away, and twice the study money half of it.
LEAST_STRENGTH, MOST_STRENGTH, A_TENTH, MOST_TENTHS = 0.4, 0.85, 0.9, 20
MEMORY_US = 366 * DAY_US
_SUM = LimitKind("USD", "1", "1000000000000")


class PurposeDrift:
    """The rule; see the module."""

    id = ID
    name_en = "Purpose abuse or drift"
    name_ko = "지급 사유 남용·변경"
    told_apart: tuple[PartyType, ...] = ("person",)
    limits: LimitKinds = MappingProxyType(
        {
            "usual_share": LimitKind("ratio", "0.001", "1", ko="평소 사유로 보는 최소 비율"),
            "past_min": LimitKind("count", "1", "10000", whole=True, ko="비교에 필요한 과거 거래"),
            "odd_payments_min": LimitKind("count", "1", "1000", whole=True, ko="평소와 다른 사유의 최소 건수"),
            "surprise_max": LimitKind("ratio", "0.000000001", "1", ko="과거 사유로 본 최대 확률", counter=""),
            "bare_min": _SUM._replace(ko="증빙서류 없는 지급의 최소 합계"),
            "shown_min": _SUM._replace(ko="확인되지 않은 증빙서류를 포함한 최소 합계"),
            "study_min": _SUM._replace(ko="확인되지 않은 유학 지급의 최소 합계"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    # what it must remember of a payment is in its own slot
    wants = Wanted()
    due_dates: tuple[DueDate, ...] = ()
    words = WORDS
    next_steps = NEXT_STEPS
    sanctions = SANCTIONS

    def evaluate(self, context: Context) -> Finding | None:
        """The drift that the payment is part of. Cost: 1 us for usual purposes; 30 us for odd ones."""
        kind = _kind(context)
        if kind is None or ID not in context.slots:
            return None
        limits, past = _limits(context), _past(context)
        tag = None if limits is None else _tag(context, past, kind, limits)
        if limits is None or tag is None:
            return None
        past.odd.append(of_payment(context, tag))
        drift = _drift(past, context.payment.time, limits)
        return None if drift is None else _finding(context, limits, drift)

    def learn(self, context: Context) -> None:
        """Keep an odd payment apart, count any other. Cost: 1 us for firms; 6 us for a person's."""
        kind = _kind(context)
        limits = None if kind is None else _limits(context, TOLD_APART)
        if kind is None or limits is None:
            return
        past = slot(context, ID, Purposes, Purposes())
        newest = max([context.payment.time, *(one.time_us for one in past.odd)])
        past.age(newest)
        tag = _tag(context, past, kind, limits)
        if tag is not None:
            past.odd = added(past.odd, of_payment(context, tag), newest - KEPT_DAYS * DAY_US)
        elif kind != STUDY or context.transaction.evidence != "verified":
            past.add(kind)
        context.slots[ID] = msgspec.msgpack.encode(past)

    def restate(self, past: Past) -> None:
        """The odd payments at the amounts of now."""
        found = slot(past, ID, Purposes, None)
        if found is not None and found.odd:
            found.odd = restated(past, found.odd)
            past.slots[ID] = msgspec.msgpack.encode(found)

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """USD cents of the series' payments that are kept, up to that time."""
        odd = [one for one in slot(past, ID, Purposes, Purposes()).odd if one.time_us <= at_us]
        return sum(one.usd for one in odd if _is_of(one, series))

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Whether the odd payments still come to as much; it stands once some may be kept no more."""
        found, day = slot(past, ID, Purposes, Purposes()), local_date(at_us, past.zone)
        limits = {name: limit for name in NEEDED if (limit := past.rulebook.limit(ID, name, day)) is not None}
        newest = max([at_us, *past.rows["time"].tolist()])
        if len(limits) < len(NEEDED) or newest > at_us + (KEPT_DAYS - DRIFT_DAYS) * DAY_US:
            return True
        odd = [one for one in found.drift(at_us) if _is_of(one, series)]
        return bool(_is_enough(odd, found, limits, series))

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:  # noqa: ARG002
        """The documents of this payment verified."""
        event = msgspec.structs.replace(context.transaction, evidence="verified")
        changed = msgspec.structs.replace(context, transaction=event)
        text_en = "had the bank verified the documents of this payment"
        return [Change(changed, text_en, "은행이 이 지급의 증빙서류를 확인하였다면")]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """A past of gifts, then as many payments of study money as are asked for."""
        # twice the past that is needed, which makes the odd payments surprising enough
        past, count = (min(int(max(day.limit(name), 1)), 20) for name in ("past_min", "odd_payments_min"))
        amount = max(day.limit("bare_min"), day.limit("shown_min"), 1.0) / count * 1.1
        for number in range(past * 2):
            yield "a usual purpose", day.paid(number, "drifting", 100.0, purpose="40101", evidence="shown")
        for number in range(count):
            given = {"purpose": "40201", "evidence": "shown"}
            yield "an odd purpose", day.paid(past * 2 + number, "drifting", amount, **given)


def _kind(context: Context) -> int | None:
    """The kind of a person's outgoing payment of a known purpose and worth, as its place in `KINDS`; else None."""
    payment = context.payment
    if context.transaction.party_type != "person" or not payment.flags & OUT or payment.usd <= 0:
        return None
    kind = kind_of(context, payment.purpose)
    return KINDS.index(kind) if kind in KINDS else None


def _limits(context: Context, names: tuple[str, ...] = NEEDED) -> Limits | None:
    found = context.rulebook.named(ID, names, context.day)
    return found if len(found) == len(names) else None


def _past(context: Context) -> Purposes:
    """The person's past at the payment, which is not part of it."""
    past: Purposes = slot(context, ID, Purposes, Purposes())
    past.age(context.payment.time)
    past.odd = [one for one in past.odd if one.event != context.payment.event]
    return past


def _tag(context: Context, past: Purposes, kind: int, limits: Limits) -> int | None:
    """What the payment is told by where it is kept apart (`Purposes`); None where it is not."""
    event = context.transaction
    if event.evidence == "verified" or event.report_no is not None or kind == CAPITAL:
        return None
    tag, total = kind if event.evidence == "none" else kind + len(KINDS), past.total
    if total >= limits["past_min"].number and past.count(kind) < total * limits["usual_share"].number:
        return tag
    return tag + NEW if kind == STUDY and past.is_first(STUDY) else None


def _is_of(one: Kept, series: str) -> bool:
    """Whether a payment kept apart belongs to a series: the odd ones, or those for studies."""
    return one.tag < NEW if series == "drift" else one.tag % len(KINDS) == STUDY


def _drift(past: Purposes, at_us: int, limits: Limits) -> Drift | None:
    """The first series that is enough."""
    every = past.drift(at_us)
    for series in ("drift", "study"):
        payments = [one for one in every if _is_of(one, series)]
        if _is_enough(payments, past, limits, series):
            return Drift(series, payments, past, _chance(past, payments) if series == "drift" else None)
    return None


def _chance(past: Purposes, payments: Sequence[Kept]) -> float:
    return chance(past, (one.tag % len(KINDS) for one in payments))


def _is_enough(payments: Sequence[Kept], past: Purposes, limits: Limits, series: str) -> bool:
    """Whether the payments of a series satisfy the rule."""
    total = sum(one.usd for one in payments)
    bare = sum(one.usd for one in payments if one.tag % NEW < len(KINDS))
    if len(payments) < limits["odd_payments_min"].number:
        return False
    if series == "study":
        return total >= limits["study_min"].cents
    if bare < limits["bare_min"].cents and total < limits["shown_min"].cents:
        return False
    return _chance(past, payments) < float(limits["surprise_max"].number)


def _strength(drift: Drift, limits: Limits) -> float:
    if drift.chance is None:
        times = sum(one.usd for one in drift.payments) / limits["study_min"].cents
        return round(min(1.0 - (1.0 - LEAST_STRENGTH) / times, MOST_STRENGTH), 4)
    tenths, left = 0, drift.chance * 10
    while left < float(limits["surprise_max"].number) and tenths < MOST_TENTHS:
        tenths, left = tenths + 1, left * 10
    return round(min(1.0 - (1.0 - LEAST_STRENGTH) * A_TENTH**tenths, MOST_STRENGTH), 4)


def _finding(context: Context, limits: Limits, drift: Drift) -> Finding:
    total = sum(one.usd for one in drift.payments)
    english, korean = sentences(limits, drift)
    finding = Finding(
        strength=_strength(drift, limits),
        limits=tuple(limits[name].shown() for name in NEEDED),
        measured=measured(drift),
        window=f"odd purposes of {DRIFT_DAYS} days",
        offsets=(),
        institutions=(),
        series=drift.series,
        size=total,
        growth=limits["growth_ratio"].cents,
        memory_us=MEMORY_US,
        at_risk=total,
        value=plain(total),
        unit="USD",
        own_baseline=None,
        own_n=drift.past.total,
        peer_baseline=None,
        text_en=english,
        text_ko=korean,
        tests=law_tests(context, drift),
    )
    least = limits["study_min" if drift.series == "study" else "shown_min"].cents
    return with_parts(context, finding, drift.payments, least)
