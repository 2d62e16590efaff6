"""T13's indicator: a person's payments far above the own past, under purposes that no report is asked for.

What is remembered of the party stands here too: its capital payments, these payments, and the own past before them.
"""

from collections.abc import Sequence
from math import log

import msgspec

from detectors.contracts.alert import Measured
from detectors.typologies.base import Context, Finding, slot
from detectors.typologies.kept_payments import Kept, of_payment, with_parts
from detectors.typologies.t13_words import Drain, drain_tests, of_drain
from detectors.values.float_sums import add_up
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain

ID = "T13"
_UNUSUAL_KINDS = ("living", "gift", "service", "other")
_UNUSUAL = (
    "unusual_min",
    "unusual_multiple",
    "unusual_sum",
    "unusual_window",
    "own_distance",
    "own_least",
    "payees_max",
    "payments_min",
)
# late payments come up to 35 days after their time (`engine.lateness_days`)
LATE_DAYS = 35
YEAR_DAYS = 366
MEMORY_US = YEAR_DAYS * DAY_US
# Amounts of peers are taken to spread by a factor of e, as the models begin with (features/amount_own.py).
PEER_SPREAD = 1.0
# Beside peers alone, who may all be poorer, half as much is known (our judgement).
BESIDE_PEERS = 0.8
# Our judgement: an indicator starts at a half; twice the sum takes half of the doubt.
INDICATOR, MOST_INDICATOR = 0.5, 0.8


class Own(msgspec.Struct, frozen=True, array_like=True):
    """What was usual before the first unusual payment: amount (USD), spread (logarithm), how many there were.

    None were there where it is what was usual of peers.
    """

    usual: float
    spread: float
    number: int


class Memory(msgspec.Struct, array_like=True):
    """The slot: capital payments without a report, unusual payments (their tag is the payee), the own past."""

    capital: list[Kept] = []
    unusual: list[Kept] = []
    own: Own | None = None


def kind_of(context: Context) -> str:
    """The class of the payment's purpose in the legend; empty where it is not known."""
    known = context.legend.purposes.get(context.names[context.payment.purpose])
    return "" if known is None else known.kind


def limit_number(context: Context, name: str) -> float:
    """The limit in force, 0 without one."""
    found = context.limit(ID, name)
    return 0.0 if found is None else float(found.number)


def oldest_us(context: Context, kept: Sequence[Kept], days: int) -> int:
    """The time before which payments are kept no more."""
    newest = max([context.payment.time, *(one.time_us for one in kept)])
    return newest - (days + LATE_DAYS) * DAY_US


def unusual_past(context: Context) -> Own | None:
    """The own past that this payment is compared with, where it is unusual beside it; None else."""
    now = context.payment
    if context.transaction.party_type != "person" or now.usd < limit_number(context, "unusual_min") * 100:
        return None
    kind = kind_of(context)
    limits = [context.limit(ID, name) for name in _UNUSUAL]
    if None in limits or (kind and kind not in _UNUSUAL_KINDS):
        return None
    memory = slot(context, ID, Memory, Memory())
    since = now.time - int(limit_number(context, "unusual_window")) * DAY_US
    running = any(since < one.time_us <= now.time for one in memory.unusual)
    past = memory.own if running else _past(context)
    if past is None:
        return None
    return past if now.usd >= past.usual * 100 * limit_number(context, "unusual_multiple") else None


def _past(context: Context) -> Own | None:
    """The own usual amount and its spread, as the models saw it before the payment; the peers' where that is short."""
    usual, usd = context.usual, context.payment.usd / 100
    if usual is None:
        return None
    known = usual.usd is not None and usual.number >= limit_number(context, "own_least")
    if known and usual.usd is not None and usual.spreads is not None:
        return Own(usual.usd, log(usd / usual.usd) / usual.spreads, usual.number) if usual.spreads > 0 else None
    return None if usual.peers is None else Own(usual.peers, PEER_SPREAD, 0)


def find_drain(context: Context) -> Drain | None:
    """The window's unusual payments, where they come to the sum for few payees and lie far above the own past."""
    own = unusual_past(context)
    least, multiple = context.limit(ID, "unusual_sum"), context.limit(ID, "unusual_multiple")
    if own is None or least is None or multiple is None or context.limit(ID, "growth_ratio") is None:
        return None
    now, days = context.payment, int(limit_number(context, "unusual_window"))
    since = now.time - days * DAY_US
    kept = slot(context, ID, Memory, Memory()).unusual
    pieces = [one for one in kept if one.event != now.event and since < one.time_us <= now.time]
    pieces = sorted([*pieces, of_payment(context, now.beneficiary)], key=lambda one: (one.time_us, one.offset))
    total, payees = sum(one.usd for one in pieces), len({one.tag for one in pieces})
    if total <= least.cents or payees > limit_number(context, "payees_max"):
        return None
    if len(pieces) < limit_number(context, "payments_min"):
        return None
    # the mean of independent deviations spreads by the root of their number less than one does
    spreads = [log(one.usd / (own.usual * 100)) / own.spread for one in pieces]
    distance = add_up(spreads) / len(spreads) ** 0.5
    if distance < limit_number(context, "own_distance"):
        return None
    return Drain(pieces, total, payees, own.usual, own.number, distance, least, multiple, days)


def drain_finding(context: Context, found: Drain) -> Finding:
    """What the unusual payments come to."""
    limits = [context.limit(ID, name) for name in (*_UNUSUAL, "growth_ratio")]
    shown = [one for one in limits if one is not None]
    times = found.total / len(found.pieces) / (found.usual * 100)
    english, korean = of_drain(context, found)
    doubt = (1.0 - INDICATOR) * 0.5 ** ((found.total - found.least.cents) / found.least.cents)
    finding = Finding(
        strength=round(min(1.0 - doubt, MOST_INDICATOR) * (1.0 if found.own_n else BESIDE_PEERS), 4),
        limits=tuple(one.shown() for one in shown),
        measured=(
            Measured(name="unusual_total", value=plain(found.total), unit="USD"),
            Measured(name="unusual_payments", value=len(found.pieces), unit="count"),
            Measured(name="unusual_payees", value=found.payees, unit="count"),
            Measured(name="usual_payment", value=plain(round(found.usual * 100)), unit="USD"),
            Measured(name="times_usual", value=round(times, 1), unit="ratio"),
            Measured(name="distance_from_own", value=round(found.distance, 2), unit=""),
        ),
        window=f"unusual payments of {found.days} days",
        offsets=(),
        institutions=(),
        series="unusual",
        size=found.total,
        growth=shown[-1].cents,
        memory_us=MEMORY_US,
        at_risk=found.total,
        value=plain(found.total),
        unit="USD",
        own_baseline=plain(round(found.usual * 100)) if found.own_n else None,
        own_n=found.own_n,
        peer_baseline=None if found.own_n else plain(round(found.usual * 100)),
        text_en=english,
        text_ko=korean,
        tests=drain_tests(context, found),
    )
    return with_parts(context, finding, found.pieces, found.least.cents)
