"""T11: only the difference of what was declared both ways is paid, without a report."""

from datetime import datetime
from typing import Any

import pytest

from detectors.books.party import unpack
from detectors.books.trade_items import EXPORT, MONEY, OFFSET_REPORT, Item
from detectors.contracts.limits import Rulebook
from detectors.core import Outputs
from detectors.memory.taken_back import past_of
from detectors.typologies.t11_offset import Offset, netted
from detectors.values.legal_calendar import DAY_US
from tests.support.ledger import configuration, later
from tests.support.trade import SEOUL, START, TraderLedger, goods, paid, received, shipped

RULES = Rulebook(configuration())
AT = START + 40 * DAY_US


def hits(outputs: Outputs) -> list[Any]:
    """T11's parts of the alerts."""
    return [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T11"]


def declared(imports: str = "300000", exports: str = "200000") -> TraderLedger:
    """A trader who declared both ways with one partner."""
    ledger = TraderLedger()
    ledger.declare("i", later(), imports)
    ledger.declare("e", later(days=5), exports, kind="export")
    return ledger


def pay(ledger: TraderLedger, name: str, at: datetime, amount: str = "100000", **fields: Any) -> Outputs:
    return ledger.trade(name, at, amount, **fields)


def of(*items: Item, at_us: int = AT) -> tuple[int, ...] | None:
    """Imports, exports, paid, back, offset, residual, days; or None."""
    found = netted(items, 7, at_us, RULES, SEOUL)
    return None if found is None else (*found[:6], found.days)


BOTH = (goods(1, 300_000, 20), shipped(2, 200_000, 25))


def test_the_difference_is_found_in_the_shorter_window_first() -> None:
    assert of(*BOTH, paid(3, 100_000, 30)) == (30_000_000, 20_000_000, 10_000_000, 0, 20_000_000, 0, 30)
    early = (goods(1, 300_000, -40), shipped(2, 200_000, 25))
    assert of(*early, paid(3, 100_000, 30)) == (30_000_000, 20_000_000, 10_000_000, 0, 20_000_000, 0, 90)
    assert of(goods(1, 300_000, -50), shipped(2, 200_000, 25), paid(3, 100_000, 30)) is None
    # the window is open at its start and closed at its end
    assert of(goods(1, 300_000, 10), shipped(2, 200_000, 25), paid(3, 100_000, 40)) is not None
    assert of(*BOTH, paid(3, 100_000, 41)) is None


@pytest.mark.parametrize(
    ("amount", "found"), [(90_000, True), (89_999.99, False), (110_000, True), (110_000.01, False)]
)
def test_the_difference_may_be_off_by_a_tenth(amount: float, found: bool) -> None:
    assert (of(*BOTH, paid(3, amount, 30)) is not None) is found


@pytest.mark.parametrize(("back", "found"), [(20_000, True), (20_000.01, False)])
def test_next_to_nothing_goes_the_other_way(back: float, found: bool) -> None:
    assert (of(*BOTH, paid(3, 100_000, 30), received(4, back, 30)) is not None) is found


@pytest.mark.parametrize(("exports", "found"), [(150_000, True), (149_999, False)])
def test_what_was_declared_is_several_times_what_was_paid(exports: float, found: bool) -> None:
    assert (of(goods(1, 300_000, 20), shipped(2, exports, 25), paid(3, 150_000, 30)) is not None) is found


@pytest.mark.parametrize(("exports", "found"), [(5_000, False), (5_000.01, True)])
def test_small_offsets_are_free(exports: float, found: bool) -> None:
    items = (goods(1, 6_000, 20), shipped(2, exports, 25), paid(3, 6_000 - exports, 30))
    assert (of(*items) is not None) is found


def test_a_group_shares_an_account() -> None:
    items = (
        goods(1, 300_000, 20),
        shipped(2, 200_000, 25, counterparty=8),
        paid(3, 60_000, 30, account=5),
        paid(4, 40_000, 30, account=5, counterparty=8),
    )
    assert of(*items) is not None
    assert of(*items[:3], paid(4, 40_000, 30, account=6, counterparty=8)) is None
    assert of(*items[:2], paid(3, 60_000, 30), paid(4, 40_000, 30, counterparty=8)) is None


def test_what_is_paid_by_its_number_is_no_part_of_it() -> None:
    gross = (goods(5, 50_000, 22, number=9), paid(6, 60_000, 23, number=9))
    # ten thousand too much were paid for the line, and are no part of the difference
    assert of(*BOTH, *gross, paid(3, 100_000, 30))[2:6] == (10_000_000, 0, 20_000_000, 0)  # type: ignore[index]
    lines = (goods(1, 200_000, 20), goods(5, 100_000, 22, number=9), shipped(2, 200_000, 25))
    assert of(*lines, paid(3, 100_000, 30, number=9)) is None
    # numbers of the two directions are apart
    assert of(*lines, paid(3, 100_000, 30), received(4, 20_000, 30, number=9)) is not None


def test_what_is_left_out_of_each_side_is_to_the_cent() -> None:
    """Two lines of one declaration, paid in two parts; exports paid by their number; goods of before the window."""
    lines = (goods(5, 60_000, 22, number=9), goods(6, 40_000, 22, number=9))
    two = (*lines, paid(7, 70_000, 23, number=9), paid(12, 30_000, 24, number=9))
    exports = (shipped(8, 50_000, 22, number=9), received(9, 50_000, 23, number=9))
    before = (goods(10, 70_000, -80, number=11), paid(11, 70_000, 23, number=11))
    for more in (two, exports, before, (*two, *exports, *before)):
        assert of(*BOTH, *more, paid(3, 100_000, 30)) == (30_000_000, 20_000_000, 10_000_000, 0, 20_000_000, 0, 30)


def test_money_for_goods_of_before_the_window_is_no_difference() -> None:
    """It names their declaration, also one of another partner; a number that nobody declared says nothing."""
    before = goods(5, 100_000, -80, number=9, counterparty=8)
    assert of(*BOTH, before, paid(3, 100_000, 30, number=9)) is None
    assert of(*BOTH, before, paid(3, 100_000, 30, number=10)) is not None
    assert of(*BOTH, shipped(5, 100_000, -80, number=9), paid(3, 100_000, 30, number=9)) is not None


def test_a_payment_about_as_large_as_a_line_pays_the_line() -> None:
    """Where no number says what it is for."""
    lines = (goods(1, 190_000, 20), shipped(2, 200_000, 25))
    assert of(*lines, goods(5, 110_000, 22), paid(3, 100_000, 30)) is None
    assert of(*lines, goods(5, 110_001, 22), paid(3, 100_000, 30)) is not None
    assert of(*lines, goods(5, 110_000, 22, number=9), paid(3, 100_000, 30)) is None
    # lines and payments of the other direction are none of it
    assert of(*BOTH, shipped(4, 20_000, 25), paid(3, 82_000, 30), received(6, 19_000, 30)) is not None


def test_a_report_of_the_group_silences_it() -> None:
    assert of(*BOTH, paid(3, 100_000, 30, flags=OFFSET_REPORT)) is None


def test_receipts_settle_where_exports_are_more() -> None:
    found = of(goods(1, 200_000, 20), shipped(2, 300_000, 25), received(3, 100_000, 30))
    assert found == (20_000_000, 30_000_000, 10_000_000, 0, 20_000_000, 0, 30)
    assert of(*BOTH, received(3, 100_000, 30)) is None


def test_before_the_limits_it_is_silent() -> None:
    assert netted([], 7, START - 3000 * DAY_US, RULES, SEOUL) is None


def test_the_finding_says_what_was_set_off() -> None:
    ledger = declared()
    outputs = pay(ledger, "a", later(days=12), "105000")
    (hit,) = hits(outputs)
    measured = {one.name: one.value for one in hit.measured}
    assert measured == {
        "declared_imports": "300000.00",
        "declared_exports": "200000.00",
        "set_off": "200000.00",
        "paid_difference": "105000.00",
        "paid_other_way": "0.00",
        "distance_from_difference": "5000.00",
        "partners_of_group": 1,
    }
    # half of the tolerance
    assert hit.strength == 0.7
    (alert,) = outputs.alerts
    assert [one.offset for one in alert.evidence] == [1, 2, 3]
    (reason,) = [one for one in alert.reasons if one.feature == "T11"]
    assert "difference of the two but for 5,000.00 USD" in reason.text_en
    changes = [one for one in alert.counterfactual if "T11" in str(one.change)]
    assert len(changes) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"report_no": "R", "report_type": "other"},
        {"party_type": "bank"},
        {"residency": "non_resident"},
        {"purpose": "20101"},
        {"direction": "in", "purpose": "10201"},
    ],
)
def test_it_is_silent_where_the_law_is(fields: dict[str, Any]) -> None:
    assert hits(pay(declared(), "a", later(days=12), **fields)) == []


def test_a_report_named_later_retracts_the_alert() -> None:
    ledger = declared()
    raised = pay(ledger, "a", later(days=12), payment_id="pay-1", status="ordered")
    assert [alert.status for alert in raised.alerts] == ["raised"]
    later_on = pay(ledger, "s", later(days=20), payment_id="pay-1", report_no="OFF", report_type="offset")
    assert [alert.status for alert in later_on.alerts] == ["retracted"]


def test_a_second_round_alerts_when_what_was_set_off_has_doubled() -> None:
    ledger = declared()
    assert len(hits(pay(ledger, "a", later(days=12)))) == 1
    ledger.declare("i2", later(days=32), "300000")
    ledger.declare("e2", later(days=36), "199000", kind="export")
    assert hits(pay(ledger, "b", later(days=45), "101000")) == []
    ledger.declare("i3", later(days=62), "600000")
    ledger.declare("e3", later(days=66), "401000", kind="export")
    assert len(hits(pay(ledger, "c", later(days=70), "199000"))) == 1


def test_where_items_were_folded_it_stands() -> None:
    ledger = declared()
    pay(ledger, "a", later(days=12))
    party = unpack(ledger.state.parties["k1.0a3.remitter"])
    effective = ledger.state.effective
    assert effective is not None
    past = past_of(ledger.state, effective, party)
    (alerted,) = [one for one in party.alerted if one.typology.startswith("T11")]
    rule = Offset()
    assert rule.stands(past, alerted.series, alerted.time_us)
    assert rule.standing(past, alerted.series, alerted.time_us) == 20_000_000
    assert not rule.stands(past, alerted.series, alerted.time_us - DAY_US)
    assert rule.standing(past, alerted.series, alerted.time_us - DAY_US) == 0
    book = ledger.book()
    book.folded[MONEY | EXPORT].count = 1
    assert rule.stands(past._replace(trade=book.packed()), alerted.series, alerted.time_us - DAY_US)
