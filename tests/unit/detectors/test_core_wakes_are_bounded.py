"""What is due costs a record no more than 20 ms of CPU, however much it is, and in however large parties.

The record itself is a small party's. A full party's own payment takes up to 15 ms more (test_core_apply_is_bounded.py).
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from detectors import typologies
from detectors.alerting.woken import MOST_ITEMS, MOST_PARTIES
from detectors.books import due_dates
from detectors.books.party import pack, unpack
from detectors.books.payments import rows
from detectors.contracts.alert import Measured as Value
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.typologies.base import Context, Finding, Past
from detectors.typologies.declared import MOST_OPEN, DueDate
from detectors.typologies.due import Wake
from detectors.typologies.t16_off_market_rate import OffMarketRate
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support import busy_party
from tests.support.apply_cost import MOST_SECONDS, NOW, PARTY, Measured, warmed
from tests.support.busy_party import Kind
from tests.support.ledger import configuration

pytestmark = pytest.mark.alone

ID = "T97"
TOKENS = [f"k1.0a3.busy{number}" for number in range(MOST_PARTIES)]
# a full party's rows, most of them in memory one by one
PAYMENTS = 1_900
# equal partitions of which the quickest counts, as beside (test_core_apply_is_bounded.py)
TWINS = 4


class SetsAnew(OffMarketRate):
    """It finds something whenever it is woken, in all that the party paid, and sets each due date again, a year on."""

    id = ID
    limits: LimitKinds = MappingProxyType({"term": LimitKind("days", "1", "300", ko="신고 기한")})
    due_dates = (DueDate("declared", "payment", "term", MOST_OPEN),)

    def evaluate(self, context: Context) -> Finding | None:
        """Nothing at a payment."""

    def learn(self, context: Context) -> None:
        """Nothing."""

    def restate(self, past: Past) -> None:
        """Nothing."""

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """All that was paid."""
        return int(past.rows["usd"].sum())

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """Always."""
        return True

    def changes(self, context: Context, finding: Finding) -> Sequence[Any]:
        """None."""
        return ()

    def woken(self, wake: Wake) -> Finding | None:
        """All payments of the party are named."""
        own = wake.dates.of(self)
        for one in wake.due:
            own.set("declared", one.item, one.at_us + 365 * DAY_US)
        size = self.standing(wake.past, "", 0)
        return Finding(
            strength=0.8,
            limits=(),
            measured=(Value(name="overdue", value=len(wake.due), unit="count"),),
            window="",
            offsets=tuple(wake.past.rows["offset"].tolist()),
            institutions=(),
            series=f"open {wake.due[0].item}",
            size=size,
            growth=100,
            memory_us=300 * DAY_US,
            at_risk=size,
            value="0",
            unit="USD",
            own_baseline=None,
            own_n=0,
            peer_baseline=None,
            text_en="Goods were paid and not declared.",
            text_ko="수입대금이 지급되었으나 신고되지 않았습니다.",
        )


def _partition() -> Any:
    """A warm partition with `MOST_PARTIES` full parties, each with `MOST_OPEN` due dates, of one hour and in turns."""
    term = {"name": "term", "value": "30", "unit": "days", "effective_from": "2020-01-01", "provenance": "D"}
    found = warmed(configuration(rules={ID: {"legal_basis": "none", "limits": [term]}}))
    for number, token in enumerate(TOKENS):
        busy_party.put(found, token, "company", Kind(payees=5_000, institutions=500), PAYMENTS, NOW)
        party = unpack(found.state.parties[token])
        assert len(rows(party)) == PAYMENTS
        table = np.zeros(MOST_OPEN, due_dates._ROW)
        table["time"] = to_us(NOW) + np.arange(MOST_OPEN) * MOST_PARTIES + number
        table["item"] = np.arange(MOST_OPEN) + 1
        party.due = {f"{ID} declared": table.tobytes()}
        found.state.parties[token] = pack(party)
        found.state.wakes.note(token, due_dates.earliest_us(party.due))
    found.log += found.log[:1] * PAYMENTS
    return found


def test_no_record_takes_20_ms_whatever_is_due(monkeypatch):
    """Each of the records wakes 32 items of four full parties, raises four alerts, and 10 000 dates stay open in each.

    A rate a minute, none of which corrects another, moves the clock; all of what is due lies in the first second.
    """
    monkeypatch.setattr(typologies, "REGISTRY", (*typologies.REGISTRY, SetsAnew()))
    twins = [_partition() for _ in range(TWINS)]
    measured, count = Measured(*twins), 12
    for number in range(count):
        seen = measured.pay(f"record {number}", f"e{number}", NOW.replace(hour=23, minute=number), party="k1.0ff.other")
        if number == 0:
            # the payment is the newest of its witness alone; the rate that follows makes two of them
            for twin in twins:
                twin.rate(NOW.replace(hour=23), "1400")
            continue
        assert {one.alert.party for one in seen.raised} >= set(TOKENS)
        assert twins[0].state.counters["woken"] == MOST_ITEMS * (number + 1)
    print(f"{1000 * measured.slowest:.1f} ms ({measured.what})")
    assert measured.slowest < MOST_SECONDS, measured.what
    for token in TOKENS:
        party = unpack(twins[0].state.parties[token])
        assert len(due_dates.opened(party.due, f"{ID} declared")) == MOST_OPEN


@pytest.mark.parametrize(("party", "parties", "items"), [(PARTY, 1, 1), ("k1.0ff.other", MOST_PARTIES, MOST_ITEMS)])
def test_no_payment_of_a_full_party_takes_20_ms_where_four_others_are_due(monkeypatch, party, parties, items):
    """It wakes one of them, and the next record goes on; a small party's payment wakes four.

    The due dates of the four come in turns, so that the one party has one of them.
    """
    monkeypatch.setattr(typologies, "REGISTRY", (*typologies.REGISTRY, SetsAnew()))
    twins = [_partition() for _ in range(TWINS)]
    for twin in twins:
        busy_party.put(twin, PARTY, "company", Kind(payees=5_000, institutions=500), PAYMENTS, NOW)
        # two witnesses, whose time has passed what is due
        for minute in range(2):
            twin.rate(NOW.replace(hour=23, minute=minute), "1400")
            twin.pay(f"witness {minute}", NOW.replace(hour=23, minute=minute), party="k1.0ff.other")
    measured = Measured(*twins)
    for number in range(8):
        woken = twins[0].state.counters["woken"]
        at = NOW.replace(hour=23, minute=2 + number)
        seen = measured.pay(f"record {number}", f"e{number}", at, party=party, party_type="company")
        assert len({one.alert.party for one in seen.raised} & set(TOKENS)) == parties
        assert twins[0].state.counters["woken"] - woken == items
    print(f"{1000 * measured.slowest:.1f} ms ({measured.what})")
    assert measured.slowest < MOST_SECONDS, measured.what
