"""A party's statistical alerts of one kind are one alert that is brought up to date, not one for every payment.

The kind is what leads the reasons: money, time, the counterparty, the rate, or the document line. Features measure an
event from several sides, so the largest share goes from one feature of a kind to another without anything being new. A
further alert within the case window brings the last of its kind up to date, unless it adds something of substance: a
higher severity than any payment of the kind had, or twice the largest amount. Then it is raised anew, in the same case.

What was returned or cancelled since, or is kept no more, is not known: where nothing of a kind is left, the next alert
is raised anew. One drawn by lot (exploration) stands apart. Failure prevented: 125 of 1 312 alerts of a judged stream
told an investigator once more what stood in the alert before, of the same party within 14 days.
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

import msgspec
import numpy as np

from detectors.alerting.counted_against import Counted
from detectors.alerting.severity import SEVERITIES
from detectors.books.party import Party
from detectors.books.payments import REVERSED, rows
from detectors.contracts.alert import Severity
from detectors.values.legal_calendar import DAY_US

# The party's slot that holds what is remembered; no typology has this name. Empty for a party without such an alert.
SLOT = "anomaly"
# The newest payments of a kind: 17 bytes each.
MOST_PAYMENTS = 8
# What a feature is about, so that an alert's leading one says of which kind it is (our judgement).
KINDS = {
    "amount_own": "money",
    "amount_corridor": "money",
    "week_sum": "money",
    "slow_boiling": "money",
    "payment_count": "money",
    "turnover_share": "money",
    "exchange_inflow": "money",
    "country_novelty": "counterparty",
    "currency_novelty": "counterparty",
    "cadence": "time",
    "hour": "time",
    "weekday": "time",
    "counterparty_novelty": "counterparty",
    "deal_rate": "rate",
    "document_line": "line",
}
MONEY = "money"
# Share of the score from which something else than amounts counts (our judgement): a payment that is large and also at
# an odd hour is still large alone, where the hour explains little of it.
LEAST_BEYOND = 0.3
# where nothing speaks against the payment
UNEXPLAINED = ""
# Growth of the amount that is news by itself, in hundredths: as most rules' series have it.
GROWTH = 200


class Noticed(msgspec.Struct, frozen=True, array_like=True):
    """A payment of a statistical alert, by its first event, with the score 0-1 and the severity that it had alone.

    What an earlier release noticed has the mildest severity, as that was made otherwise.
    """

    event: int
    score: float
    severity: Severity = "low"


class Told(msgspec.Struct, frozen=True, array_like=True):
    """The last statistical alert of a kind: its event time (us), all desks of it, and its payments, the newest last."""

    kind: str
    alert_id: str
    case_id: str
    time_us: int
    desks: tuple[str, ...]
    payments: tuple[Noticed, ...]


class Standing(NamedTuple):
    """The alert of a kind that another one brings up to date, with what still stands of it before that alert.

    `payments` and `offsets` are of the payments that stand, `institutions` theirs; `total` and `largest` USD cents.
    """

    told: Told
    payments: tuple[Noticed, ...]
    offsets: tuple[int, ...]
    institutions: tuple[str, ...]
    total: int
    largest: int
    severity: Severity


_decoder = msgspec.msgpack.Decoder(list[Told])


def kind_of(counted: Sequence[Counted]) -> str:
    """The kind of an alert, by the feature with the largest share of the score, which is its first reason."""
    lead = counted[0].feature.name if counted else UNEXPLAINED
    return KINDS.get(lead, lead)


def beyond_money(counted: Sequence[Counted]) -> bool:
    """Whether something else than amounts has a good part of what speaks against a payment."""
    return fsum(one.share for one in counted if not _is_money(one)) >= LEAST_BEYOND


def _is_money(one: Counted) -> bool:
    return KINDS.get(one.feature.name) == MONEY or one.feature.unit in {"USD", "KRW"}


def brought_up_to_date(
    party: Party, kind: str, at_us: int, window_days: int, level: Severity, usd: int
) -> Standing | None:
    """The alert that one of this severity on a payment of so many USD cents brings up to date.

    None where there is none, or where the new one adds something of substance and is raised anew. Cost: 1 us for a
    party without such an alert, 40 us for one with 2 048 payments.
    """
    for told in _told(party):
        if told.kind == kind and abs(at_us - told.time_us) <= window_days * DAY_US:
            known = _standing(party, told)
            return None if known is None or _adds(level, usd, known) else known
    return None


def remember(party: Party, now: Told, known: Standing | None) -> None:
    """Keep the newest alert of a kind, with the payments of the one that it brings up to date."""
    others = [told for told in _told(party) if told.kind != now.kind]
    before, newest = ((), now.time_us) if known is None else (known.payments, max(now.time_us, known.told.time_us))
    kept = msgspec.structs.replace(now, time_us=newest, payments=(*before, *now.payments)[-MOST_PAYMENTS:])
    # in place: typologies that learn of the payment afterwards write to the same table
    party.slots[SLOT] = msgspec.msgpack.encode([*others, kept])


def _told(party: Party) -> list[Told]:
    packed = party.slots.get(SLOT)
    return [] if packed is None else _decoder.decode(packed)


def _standing(party: Party, told: Told) -> Standing | None:
    found, levels = rows(party), {one.event: one.severity for one in told.payments}
    events = np.fromiter(levels, "<u8", len(levels))
    left = found.take(np.flatnonzero(np.isin(found["event"], events) & (found["flags"] & REVERSED == 0)))
    if not len(left):
        return None
    cents = dict(zip(left["event"].tolist(), left["usd"].tolist(), strict=True))
    return Standing(
        told,
        tuple(one for one in told.payments if one.event in cents),
        tuple(left["offset"].tolist()),
        tuple(party.names[number] for number in left["institution"].tolist()),
        sum(cents.values()),
        max(cents.values()),
        max((levels[event] for event in cents), key=SEVERITIES.index),
    )


def _adds(level: Severity, usd: int, known: Standing) -> bool:
    return SEVERITIES.index(level) > SEVERITIES.index(known.severity) or 0 < known.largest * GROWTH <= usd * 100
