"""A deal in a context of its own for tests of T16: limits, a party's past and a partition's lessons by hand."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books import payments
from detectors.books.payments import OUT, Payment
from detectors.contracts.configuration import Legend, Limit
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Context, Deal
from detectors.typologies.t16_deals import Away
from detectors.values.legal_calendar import DAY_US, to_us
from detectors.values.money import Ratio
from tests.support.ledger import START, configuration, payment

NOW = to_us(START)
TODAY = date(2025, 3, 3)
ORDINAL = TODAY.toordinal()
NAMES = ["", "BANKA", "BANKB"]
DEFAULTS = configuration()


def row(offset: int, usd: int = 5_000_000, time: int = NOW, institution: int = 1, flags: int = OUT) -> Payment:
    """A payment of 50 000 USD at BANKA, as it is kept; its event has the number of its place."""
    return Payment(
        time=time,
        amount_us=0,
        event=offset,
        payment=0,
        beneficiary=1,
        usd=usd,
        amount=usd,
        offset=offset,
        purpose=0,
        institution=institution,
        currency=0,
        exponent=2,
        flags=flags,
    )


def kept(*rows: Payment) -> payments.Rows:
    return np.frombuffer(b"".join(one.packed() for one in rows), payments.ROW)


def limits_of(**values: str | None) -> Rulebook:
    """T16's defaults with other values; None leaves a limit out."""
    limits = [
        msgspec.structs.replace(one, value=values.get(one.name, one.value))
        for one in DEFAULTS.rules["T16"].limits
        if values.get(one.name, "") is not None
    ]
    assert all(isinstance(one, Limit) for one in limits)
    rules = DEFAULTS.rules | {"T16": msgspec.structs.replace(DEFAULTS.rules["T16"], limits=tuple(limits))}
    return Rulebook(msgspec.structs.replace(DEFAULTS, rules=rules))


def deal_of(deviation: int = 40_000, pair: str = "USD/KRW") -> Deal:
    """At 1 456 won where 1 400 is the market, 4 % off, but for another deviation."""
    return Deal(pair, Ratio(1456, 1), Ratio(1400, 1), deviation)


def context_of(
    *, days: dict[int, tuple[int, int]] | None = None, deals: list[Away] | None = None, **changes: Any
) -> Context:
    """A purchase of 50 000 USD at that rate, of a party with these days and deals off the market before it."""
    slots = {} if days is None and deals is None else {"T16": msgspec.msgpack.encode((days or {}, deals or []))}
    given = {
        "transaction": payment("now", START, "50000", deal_rate="1456"),
        "payment": row(10),
        "rows": kept(row(10)),
        "names": NAMES,
        "day": TODAY,
        "year_us": (0, 0),
        "zone": ZoneInfo("Asia/Seoul"),
        "rulebook": limits_of(),
        "legend": Legend(),
        "slots": slots,
        "shared": {},
        "deal": deal_of(),
        "sender": "BANKA",
    } | changes
    return Context(**given)


def away(
    days_ago: float, offset: int, moved: int = 100_000, pair: str = "USD/KRW", rate: str = "1456", sender: int = 0
) -> Away:
    return Away(NOW - round(days_ago * DAY_US), offset, offset, moved, pair, rate, sender)
