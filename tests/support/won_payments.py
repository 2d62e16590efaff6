"""What tests of reference rates have in common: payments in won, and what came of them."""

from datetime import timedelta

from detectors.books.party import unpack
from detectors.books.payments import exact_sum, rows
from tests.support.ledger import START

MINUTE = timedelta(minutes=1)


def paid(ledger, event_id, at, amount="14000000", **fields):
    """A person's remittance in won: 10 000 USD at 1 400."""
    return ledger.pay(event_id, at, amount, **({"currency": "KRW", "channel": "branch"} | fields))


def total(ledger, party="k1.0a3.remitter"):
    """USD cents of all payments of a party."""
    return exact_sum(rows(unpack(ledger.state.parties[party]))["usd"])


def alerts(outputs):
    """All alerts of some outputs."""
    return [alert for one in outputs for alert in one.alerts]


def minutes(ledger, first, last, mid="1400"):
    """The same rate of won to the dollar, once a minute."""
    for minute in range(first, last):
        ledger.rate(START + minute * MINUTE, mid)
