"""T17: money that comes from many and is gone again within hours."""

import pytest

from detectors.typologies import t17_pass_through
from detectors.typologies.base import Finding
from detectors.typologies.t17_pass_through import MOST_ENDS
from tests.support.ledger import Ledger, later


def pay(ledger: Ledger, name: str, hours: float, amount: str, payer: str = "", **fields):
    """A person's documented payment: from a payer, or to the payee where there is none."""
    given = {"evidence": "shown"} | ({"direction": "in", "counterparty": f"k1.111.{payer}"} if payer else {})
    return ledger.pay(name, later(hours=hours), amount, **(given | fields))


def hits(outputs):
    """T17's parts of the alerts."""
    return [hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T17"]


def measured(outputs) -> dict:
    (hit,) = hits(outputs)
    return {one.name: one.value for one in hit.measured}


def collected(payers: int = 3, amount: str = "3000", step: float = 1.0, **fields) -> Ledger:
    """A ledger in which so many payers sent an amount each, `step` hours apart from hour 0 on."""
    ledger = Ledger()
    for number in range(payers):
        pay(ledger, f"in{number}", number * step, amount, f"payer{number}", **fields)
    return ledger


@pytest.mark.parametrize(("amount", "fires"), [("8099.99", False), ("8100", True), ("9900", True), ("9900.01", False)])
def test_between_nine_tenths_and_eleven_of_it_go_out(amount, fires):
    """Both ends are in."""
    assert bool(hits(pay(collected(), "out", 10, amount))) == fires


@pytest.mark.parametrize(("payers", "fires"), [(2, False), (3, True)])
def test_three_payers_are_many(payers, fires):
    """Two are not, whatever they sent."""
    assert bool(hits(pay(collected(payers, "6000"), "out", 10, str(6000 * payers)))) == fires


@pytest.mark.parametrize(("amount", "fires"), [("1666", False), ("1667", True)])
def test_together_they_send_five_thousand(amount, fires):
    """4 998 and 5 001 dollars."""
    assert bool(hits(pay(collected(3, amount), "out", 10, "5000"))) == fires


@pytest.mark.parametrize(("hours", "fires"), [(71.9, True), (72, False)])
def test_the_widest_window_is_three_days(hours, fires):
    """A payer exactly 72 hours before is out of it."""
    assert bool(hits(pay(collected(step=0.0), "out", hours, "9000"))) == fires


@pytest.mark.parametrize(("hours", "window"), [(0.9, "1"), (1, "24"), (23.9, "24"), (24, "72")])
def test_the_narrowest_window_is_told_and_is_stronger(hours, window):
    """1, 24 or 72 hours."""
    (hit,) = hits(pay(collected(step=0.0), "out", hours, "9000"))
    assert hit.window == f"{window} hours before the last payment out"
    assert hit.strength == {"1": 0.7, "24": 0.6, "72": 0.5}[window]


def test_more_payers_are_stronger():
    """Each takes a tenth of the doubt."""
    assert hits(pay(collected(4), "out", 10, "12000"))[0].strength == 0.64


def test_it_may_go_to_two_payees_and_no_more():
    """In pieces; the second completes the ratio."""
    ledger = collected()
    assert hits(pay(ledger, "a", 10, "4000")) == []
    outputs = pay(ledger, "b", 11, "4500", counterparty="k1.111.second")
    assert (measured(outputs)["sinks"], measured(outputs)["payments_out"]) == (2, 2)
    three = collected()
    for number, payee in enumerate(("x", "y")):
        pay(three, payee, 10 + number, "2800", counterparty=f"k1.111.{payee}")
    assert hits(pay(three, "z", 13, "2800", counterparty="k1.111.z")) == []


def test_what_went_out_before_the_money_came_is_not_of_it():
    """8 000 an hour before the first payer."""
    ledger = Ledger()
    pay(ledger, "before", 0, "8000")
    for number in range(3):
        pay(ledger, f"in{number}", 1 + number, "3000", f"payer{number}")
    outputs = pay(ledger, "out", 10, "8500")
    assert measured(outputs)["went_out"] == "8500.00"


@pytest.mark.parametrize(
    "fields",
    [{"party_type": "bank"}, {"channel": "exchanger"}, {"channel": "interbank"}, {"currency": "XAU"}],
    ids=lambda fields: "".join(fields.values()),
)
def test_whose_business_it_is_is_left_out(fields):
    """Banks, counters, interbank payments; and what has no rate."""
    named = {name: value for name, value in fields.items() if name == "party_type"}
    assert hits(pay(collected(**named), "out", 10, "8500", **fields)) == []


def test_payments_for_goods_do_not_count():
    """Neither what buyers paid nor what a supplier got."""
    assert hits(pay(collected(purpose="10201"), "out", 10, "8500")) == []
    assert hits(pay(collected(), "out", 10, "8500", purpose="10101")) == []
    assert hits(pay(collected(purpose="none such"), "out", 10, "8500"))


def test_an_incoming_payment_that_is_told_late_completes_it():
    """It is looked at with what went out within three days after it."""
    ledger = collected(2)
    assert hits(pay(ledger, "out", 10, "8500")) == []
    assert measured(pay(ledger, "late", 5, "3000", "third"))["came_in"] == "9000.00"
    alone = collected(2)
    assert hits(pay(alone, "third", 5, "3000", "third")) == []


def test_money_returned_to_a_payer_did_not_go_through():
    """Two payers are left."""
    ledger = collected()
    pay(ledger, "back", 4, "3000", "payer2", status="returned", original_event_id="in2")
    assert hits(pay(ledger, "out", 10, "5800")) == []


@pytest.mark.parametrize(
    ("name", "amount", "gone"),
    [
        ("in2", "3000", True),
        ("out", "9000", True),
        ("out", "900", False),
        ("out", "900.01", True),
        ("in2", "818", False),
    ],
)
def test_what_came_back_retracts_the_alert(name, amount, gone):
    """Two payers are left; nothing went out; of 9 000 some 8 100 to 9 900 have to."""
    ledger = collected()
    (raised,) = pay(ledger, "out", 10, "9000").raised
    sides = {"payer": "payer2"} if name == "in2" else {}
    seen = pay(ledger, "back", 20, amount, **sides, status="returned", original_event_id=name).raised
    assert [(one.alert.status, one.alert.supersedes) for one in seen] == (
        [("retracted", raised.alert.alert_id)] if gone else []
    )


def test_all_that_came_in_and_went_out_is_named_as_evidence():
    """With documents too, and what went out before it was enough; what went out before the money came is not."""
    ledger = Ledger()
    pay(ledger, "before", 0.0, "100")
    for number in range(3):
        pay(ledger, f"in{number}", 1.0 + number, "3000", f"payer{number}")
    pay(ledger, "out0", 5, "4500")
    (alert,) = pay(ledger, "out1", 6, "4500").alerts
    assert [each.event_id for each in alert.evidence] == ["in0", "in1", "in2", "out0", "out1"]
    assert alert.evidence_total == 5


def test_payments_of_later_take_nothing_back():
    """More than was collected goes out, to a third and a fourth payee: what went through stays."""
    ledger = collected()
    assert hits(pay(ledger, "out", 10, "9000"))
    for number in range(3):
        assert pay(ledger, f"more{number}", 11 + number, "9000", counterparty=f"k1.111.other{number}").raised == ()


def test_another_round_near_it_keeps_the_alert():
    """What went out within three days before or after, to whom it went before; for goods it keeps nothing."""
    for purpose, statuses in (("40101", []), ("10201", ["retracted"])):
        ledger = collected()
        assert hits(pay(ledger, "out", 10, "9000"))
        for number in range(3):
            pay(ledger, f"more{number}", 80 + number, "3000", f"payer{number}", purpose=purpose)
        pay(ledger, "out2", 82.0, "9000")
        back = pay(ledger, "back", 90, "9000", status="returned", original_event_id="out")
        assert [one.alert.status for one in back.raised] == statuses


@pytest.mark.parametrize(("number", "gone"), [(MOST_ENDS, True), (MOST_ENDS + 1, False)])
def test_of_many_payments_out_it_stands_in_doubt(number, gone):
    """As long as enough came in."""
    ledger = collected()
    assert hits(pay(ledger, "out", 10, "9000"))
    for one in range(number - 1):
        pay(ledger, f"small{one}", 11 + one, "1")
    back = pay(ledger, "back", 50, "8900", status="returned", original_event_id="out")
    assert [one.alert.status for one in back.raised] == (["retracted"] if gone else [])
    back = pay(ledger, "rest", 51, "2999", "payer0", status="returned", original_event_id="in0")
    back = pay(ledger, "rest1", 52, "3000", "payer1", status="returned", original_event_id="in1")
    assert [one.alert.status for one in back.raised] == ([] if gone else ["retracted"])


def test_it_alerts_again_in_a_month_only_when_twice_as_much_went_through():
    """What was alerted and came back counts no more."""
    ledger = collected()
    assert hits(pay(ledger, "out", 10, "9000"))
    for number in range(3):
        pay(ledger, f"more{number}", 200 + number, "3500", f"payer{number}")
    assert hits(pay(ledger, "out2", 210, "10000")) == []
    for number in range(3):
        pay(ledger, f"most{number}", 400 + number, "7000", f"payer{number}")
    assert hits(pay(ledger, "out3", 410, "20000"))


def test_what_it_measures():
    """Holding time is between the means, weighted by amount."""
    outputs = pay(collected(step=2.0), "out", 10, "8550")
    assert measured(outputs) == {
        "came_in": "9000.00",
        "went_out": "8550.00",
        "out_share": 0.95,
        "sources": 3,
        "sinks": 1,
        "payments_in": 3,
        "payments_out": 1,
        "holding_hours": 8.0,
    }
    (alert,) = outputs.alerts
    assert alert.amount_usd == "8550.00"
    text = alert.reasons[0].text_en
    assert "(95 % of it) went out again to 1 payee." in text
    assert "held for 8.0 hours on average" in text
    assert "평균 보유 시간은 8.0시간" in alert.reasons[0].text_ko
    assert [one.would_alert for one in alert.counterfactual] == [False, False]


def test_parts_by_institution(monkeypatch):
    """Without the other bank two payers are left, and by the own bank alone there is one."""
    found, original = [], t17_pass_through._finding
    monkeypatch.setattr(t17_pass_through, "_finding", lambda *given: found.append(original(*given)) or found[-1])
    ledger = Ledger()
    for number in range(3):
        pay(ledger, f"in{number}", number, "3000", f"payer{number}", institution=("A", "B", "B")[number])
    pay(ledger, "out", 10, "8500", institution="A")
    one: Finding = found[0]
    assert (dict(one.parts), one.without, one.alone) == ({"A": 300_000, "B": 600_000}, (), 0)
    assert (one.institutions, len(one.offsets)) == (("A", "B"), 4)
    found.clear()
    alone = collected(institution="A")
    pay(alone, "other", 5, "3000", "other", institution="B")
    pay(alone, "out2", 10, "9500", institution="A")
    assert hits(pay(alone, "out3", 11, "2400", institution="A"))
    one = found[-1]
    assert (one.size, one.alone) == (1_200_000, 0)
