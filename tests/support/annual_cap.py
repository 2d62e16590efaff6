"""What the rule of the annual cap sees: payments of one person through named banks, and the context of the last."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from detectors.books.payments import NO_DOCUMENT, OUT, ROW, SETTLED, SMALL_REMITTER, Payment
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Context
from detectors.values.legal_calendar import local, to_us, year_bounds
from tests.support.ledger import START, configuration, payment

SEOUL = ZoneInfo("Asia/Seoul")
COUNTED = OUT | NO_DOCUMENT | SETTLED
SMALL = COUNTED | SMALL_REMITTER
NAMES = ["", "BANKA", "BANKB", "BANKZ", "FINA", "FINB"]


def at(*wall):
    """A wall time in Seoul."""
    return to_us(datetime(*wall, tzinfo=SEOUL))


def paid(time_us, dollars, bank="BANKA", flags=COUNTED, *, cents=0):
    """A payment by its bank."""
    return Payment(
        time=time_us,
        amount_us=time_us,
        event=0,
        payment=0,
        beneficiary=0,
        usd=dollars * 100 + cents,
        amount=0,
        offset=0,
        purpose=0,
        institution=NAMES.index(bank),
        currency=0,
        exponent=0,
        flags=flags,
    )


def table(payments):
    """Rows in ledger order, each at its own position from 100 on."""
    packed = [msgspec.structs.replace(one, offset=100 + number).packed() for number, one in enumerate(payments)]
    return np.frombuffer(b"".join(packed), ROW)


def context(*payments, folded=None, slots=None, limits=None, **transaction):
    """What the rule sees with the last of these payments."""
    rules = configuration() if limits is None else configuration(rules={"T02": {"limits": limits}})
    wall = local(payments[-1].time, SEOUL)
    return Context(
        transaction=payment("now", START, **transaction),
        payment=msgspec.structs.replace(payments[-1], offset=99 + len(payments)),
        rows=table(payments),
        names=NAMES,
        day=wall.date(),
        year_us=year_bounds(wall.year, SEOUL),
        zone=SEOUL,
        rulebook=Rulebook(rules),
        legend=rules.legend,
        slots={} if slots is None else {"T02": msgspec.msgpack.encode(slots)},
        shared={},
        deal=None,
        folded=folded,
    )
