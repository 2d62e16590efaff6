"""T15 over residents' nodes: value that goes over two foreign parties and another resident, and comes home."""

from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest

from detectors.books.payments import OUT, ROW
from detectors.typologies.t15_round_tripping import followed, hops_of, steps_of
from tests.support.ledger import configuration, later
from tests.support.leg_log import TrailLog, resident

X, Y = "k1.222.x", "k1.333.y"
IMPORT, EXPORT, LOAN = "10101", "10201", "50301"
# hop by hop: direction, resident, foreign party, purpose
HOPS = (("out", 1, X, IMPORT), ("in", 2, X, LOAN), ("out", 2, Y, IMPORT), ("in", 1, Y, EXPORT))


def walk(log, *, usd=500_000.0, kept=0.98, gap=3.0, hops=HOPS, parts=1, name="e", **fields):
    """Payments of the hops, `gap` days apart, each `kept` of the one before; T15's alerts so far."""
    for number, (direction, who, foreign, purpose) in enumerate(hops):
        for part in range(parts):
            at = later(days=gap * number, hours=part)
            given = {"direction": direction, "counterparty": foreign, "purpose": purpose, **fields}
            amount = usd * kept**number / parts
            log.pay(f"{name}{number}.{part}", at, f"{amount:.2f}", who, party_type="company", **given)
    return found(log)


def found(log):
    """T15's alerts."""
    return [alert for alert in log.raised if "T15" in [hit.id for hit in alert.typologies]]


def hit_of(alert):
    """T15's part of an alert."""
    return next(hit for hit in alert.typologies if hit.id == "T15")


def measured(alert):
    """Its numbers by name."""
    return {one.name: one.value for one in hit_of(alert).measured}


def test_value_that_comes_home_is_told_hop_by_hop():
    """Once, at the resident who paid first; with losses, times, purposes, and what the two have in common."""
    (alert,) = walk(TrailLog())
    hit = hit_of(alert)
    assert (alert.status, alert.party, alert.parties, hit.window) == (
        "raised",
        resident(1),
        (resident(1), resident(2)),
        "30 days",
    )
    assert measured(alert) == {
        "cycle_left": "500000.00",
        "cycle_returned": "470596.00",
        "cycle_lost": "29404.00",
        "cycle_ratio": 0.9412,
        "cycle_days": 9.0,
        "cycle_payments": 4,
        "cycle_hops": 4,
        "foreign_parties": 2,
        "institutions_shared": 1,
    }
    assert (alert.amount_usd, alert.counterparty) == ("500000.00", None)
    assert (alert.shared.kind, alert.shared.token) == ("resident", resident(1))
    assert {test.id: test.outcome for test in hit.tests} == {
        "value_returned": "met",
        "passed_on": "met",
        "capital_leg": "met",
        "capital_reported": "cannot_tell",
    }
    # 1 - half, of a month, less half of what is the cycle's share of the largest hop
    assert hit.strength == round(1 - 0.5 * 0.8 * (1 - 470_596 / 500_000 / 2), 4)
    (reason,) = alert.reasons
    assert reason.text_en == (
        "500,000.00 USD left a resident and 470,596.00 USD (94 %) came home within 9.0 days, over two residents and "
        "foreign parties between them; 29,404.00 USD stayed on the way. (1) the first resident paid 500,000.00 USD "
        "from 2025-03-03 on, payment for imported goods; (2) the other resident got 490,000.00 USD from 2025-03-06 "
        "on, loan or its repayment; (3) the other resident paid 480,200.00 USD from 2025-03-09 on, payment for "
        "imported goods; (4) the first resident got 470,596.00 USD from 2025-03-12 on, receipt for exported goods. "
        "Both residents used 1 institution in common. Whether these are real deals requires a check."
    )
    assert "(2) 다른 거주자 수령 미화 490,000.00달러, 2025년 3월 6일부터, 대차·상환;" in reason.text_ko
    assert reason.text_ko.startswith("거주자로부터 미화 500,000.00달러가 나가 9.0일 만에 미화 470,596.00달러(94%)가")


def test_evidence_names_resident_and_foreign_party_of_each_payment():
    """In the order in which they stand in the resident's node, each as its sender told it."""
    (alert,) = walk(TrailLog())
    assert [
        (one.event_id, one.party, one.counterparty, one.direction, one.amount_usd, one.topic) for one in alert.evidence
    ] == [
        ("e0.0", resident(1), X, "out", "500000.00", "fx.transactions.v1"),
        ("e1.0", resident(2), X, "in", "490000.00", "fx.transactions.v1"),
        ("e2.0", resident(2), Y, "out", "480200.00", "fx.transactions.v1"),
        ("e3.0", resident(1), Y, "in", "470596.00", "fx.transactions.v1"),
    ]
    assert alert.evidence_total == 4
    assert len({one.offset for one in alert.evidence}) == 4
    assert all(one.commitment.startswith("k1:") for one in alert.evidence)


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("under the sum", {"usd": 99_000.0, "kept": 1.0}),
        ("a quarter stays on the way", {"kept": 0.92}),
        ("over more than a quarter", {"gap": 31.0}),
        ("to the same foreign party both times", {"hops": [(way, who, X, why) for way, who, _, why in HOPS]}),
        ("home before it left", {"hops": HOPS[::-1]}),
        ("three hops", {"hops": HOPS[:3]}),
        ("another resident gets it", {"hops": (*HOPS[:3], ("in", 3, Y, EXPORT))}),
        ("history", {"history": True}),
    ],
)
def test_what_is_no_cycle(case, fields):
    """Each lacks one thing that is asked for."""
    assert walk(TrailLog(), **fields) == [], case


def test_the_limits_themselves_are_enough():
    """100 000 USD that leave, of which 80 % come home."""
    (alert,) = walk(TrailLog(), usd=100_000.0, kept=0.8 ** (1 / 3) + 1e-9)
    assert measured(alert)["cycle_ratio"] == 0.8


@pytest.mark.parametrize(("gap", "window"), [(0.9, "3 days"), (1.5, "30 days"), (9.0, "30 days"), (25.0, "90 days")])
def test_the_narrowest_window_is_told(gap, window):
    """Of 3, 30 and 90 days."""
    (alert,) = walk(TrailLog(), gap=gap)
    assert hit_of(alert).window == window


def test_a_cycle_that_begins_abroad_is_told_at_the_resident_who_got_it_first():
    """X pays B, B pays Y, Y pays A, A pays X."""
    (alert,) = walk(TrailLog(), hops=(*HOPS[1:], HOPS[0]))
    assert alert.party == resident(2)
    assert alert.reasons[0].text_en.startswith("500,000.00 USD left a foreign party and 470,596.00 USD (94 %) came")
    assert "(1) the first resident got 500,000.00 USD" in alert.reasons[0].text_en
    assert alert.reasons[0].text_ko.startswith("해외 상대방으로부터")


def test_parts_and_several_foreign_parties_are_one_cycle():
    """Each hop in pieces; two foreign parties on each way."""
    log = TrailLog()
    for number, (direction, who, foreign, purpose) in enumerate(HOPS):
        for part, other in enumerate((foreign, foreign + "2")):
            given = {"direction": direction, "counterparty": other, "purpose": purpose}
            log.pay(f"e{number}.{part}", later(days=3 * number, hours=part), "60000", who, **given)
    alerts = found(log)
    assert [alert.status for alert in alerts] == ["raised"]
    assert measured(alerts[0]) | {"cycle_left": "120000.00", "cycle_returned": "120000.00"} == measured(alerts[0])
    assert (measured(alerts[0])["foreign_parties"], measured(alerts[0])["cycle_payments"]) == (4, 8)


def test_names_that_share_an_account_are_found_by_the_account():
    """The other resident is paid by another name, under the account that the first one paid to."""
    log = TrailLog()
    names = ((X, "k1.0a1.a"), ("k1.444.twin", "k1.0a1.a"), (Y, "k1.0b1.b"), ("k1.555.more", "k1.0b1.b"))
    for number, ((direction, who, _, purpose), (name, account)) in enumerate(zip(HOPS, names, strict=True)):
        given = {"direction": direction, "counterparty": name, "counterparty_account": account, "purpose": purpose}
        log.pay(f"e{number}", later(days=number), "200000", who, kinds=(), **given)
    (alert,) = found(log)
    assert measured(alert)["foreign_parties"] == 0
    assert [(one.event_id, one.party) for one in alert.evidence] == [
        (f"e{number}", resident(who)) for number, (_, who, _, _) in enumerate(HOPS)
    ]


def test_a_payment_told_by_name_and_account_counts_once():
    """Both nodes tell of it; the sum is not twice as large, and evidence shows it under its name."""
    log = TrailLog()
    for number, (direction, who, foreign, purpose) in enumerate(HOPS):
        account = f"k1.0{ord(foreign[-1]):02x}.account"
        given = {"direction": direction, "counterparty": foreign, "counterparty_account": account, "purpose": purpose}
        log.pay(f"e{number}", later(days=number), "200000", who, kinds=(), **given)
    alerts = found(log)
    assert [measured(one)["cycle_left"] for one in alerts] == ["200000.00"]
    assert [one.counterparty for one in alerts[0].evidence] == [X, X, Y, Y]


def test_small_sums_do_not_come_round_among_large_ones():
    """The pair of the third hop pays ten times as much; the cycle is less than a quarter of it."""
    log = TrailLog()
    log.pay("big", later(days=5), "1900000", 2, direction="out", counterparty=Y, purpose=IMPORT)
    assert walk(log) == []
    other = TrailLog()
    other.pay("big", later(days=5), "1300000", 2, direction="out", counterparty=Y, purpose=IMPORT)
    assert len(walk(other)) == 1


def test_a_foreign_party_with_many_large_customers_tells_nothing():
    """Five residents pay X as much each: none is a quarter."""
    log = TrailLog()
    for who in range(10, 14):
        log.pay(f"c{who}", later(), "500000", who, direction="out", counterparty=X, purpose=IMPORT)
    assert walk(log) == []
    other = TrailLog()
    for who in range(10, 13):
        other.pay(f"c{who}", later(), "500000", who, direction="out", counterparty=X, purpose=IMPORT)
    assert len(walk(other)) == 1


def test_a_returned_payment_takes_the_cycle_back():
    """The last one comes back whole: what came home is nothing."""
    log = TrailLog()
    (alert,) = walk(log)
    more = {"direction": "in", "counterparty": Y, "status": "returned", "original_event_id": "e3.0"}
    log.pay("back", later(days=12), "470596.00", 1, **more)
    (back,) = [one for one in log.raised if one.supersedes == alert.alert_id]
    assert (back.status, back.parties) == ("retracted", (resident(1), resident(2)))


def test_a_cycle_that_doubles_alerts_again_and_a_small_addition_does_not():
    """A bit more is no news; as much again is, and supersedes."""
    log = TrailLog()
    (first,) = walk(log)
    walk(log, usd=100_000.0, name="f")
    assert found(log) == [first]
    walk(log, usd=450_000.0, name="g")
    (_, second) = found(log)
    assert (second.status, second.supersedes) == ("updated", first.alert_id)


@pytest.mark.parametrize("day", [-1, 0.5, 2, 4, 8.5])
def test_what_else_is_paid_to_the_same_party_hides_no_cycle(day):
    """300 000 USD for something else, before, between or after; what came home is still told, with its own payment."""
    log = TrailLog()
    log.pay("else", later(days=10 + day), "300000", 1, direction="out", counterparty=X, purpose=IMPORT)
    for number, (direction, who, foreign, purpose) in enumerate(HOPS):
        given = {"direction": direction, "counterparty": foreign, "purpose": purpose}
        log.pay(f"e{number}", later(days=10 + 3 * number), "500000", who, **given)
    (alert,) = [one for one in found(log) if one.status == "raised"]
    assert measured(alert)["cycle_left"] == "500000.00"
    assert [one for one in log.raised if one.status == "retracted"] == []


def test_without_a_known_purpose_a_test_says_which_field_is_missing():
    """What nobody says is never taken against anybody."""
    (alert,) = walk(TrailLog(), hops=[(way, who, foreign, None) for way, who, foreign, _ in HOPS])
    tests = {test.id: (test.outcome, test.missing) for test in hit_of(alert).tests}
    assert tests["capital_leg"] == ("cannot_tell", "transactions.purpose")
    assert "no stated purpose" in alert.reasons[0].text_en
    assert "사유 미기재" in alert.reasons[0].text_ko


def test_trade_alone_has_no_capital_leg():
    """All purposes are known and none is of capital."""
    (alert,) = walk(TrailLog(), hops=[(way, who, foreign, IMPORT) for way, who, foreign, _ in HOPS])
    assert {test.id: test.outcome for test in hit_of(alert).tests}["capital_leg"] == "not_met"


def test_a_purpose_that_nobody_knows_is_told_as_its_code():
    """In quotation marks where it is no word."""
    (alert,) = walk(TrailLog(), hops=[(way, who, foreign, "77 7") for way, who, foreign, _ in HOPS])
    assert 'purpose code "77 7"' in alert.reasons[0].text_en


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1), (1, 3, 0, 2)])
def test_the_order_of_arrival_changes_nothing(order):
    """The leg that completes it raises it, at the same resident with the same numbers."""
    log = TrailLog()
    for number in order:
        direction, who, foreign, purpose = HOPS[number]
        given = {"direction": direction, "counterparty": foreign, "purpose": purpose}
        log.pay(f"e{number}", later(days=3 * number), "500000", who, **given)
    (alert,) = found(log)
    assert (alert.party, measured(alert)["cycle_ratio"]) == (resident(1), 1.0)
    assert sorted(one.event_id for one in alert.evidence) == ["e0", "e1", "e2", "e3"]


def test_switched_off_nothing_is_told_or_found():
    """No trail is written for a rule that is off."""
    log = TrailLog(configuration(rules={"T15": {"enabled": False}}))
    assert walk(log) == []
    assert len(log.log) == 5


def rows_of(*hop: tuple[float, int]) -> np.ndarray:
    """Rows of (day, cents)."""
    found = np.zeros(len(hop), ROW)
    found["time"] = [round(day * 86_400_000_000) for day, _ in hop]
    found["usd"] = [cents for _, cents in hop]
    found["event"] = range(1, len(hop) + 1)
    return found


@pytest.mark.parametrize(
    ("hops", "left", "home"),
    [
        ([[(0, 100)], [(1, 90)], [(2, 95)], [(3, 80)]], 100, 80),
        # the second hop passes on before it got anything
        ([[(1, 100)], [(0, 90)], [(2, 90)], [(3, 90)]], 100, 0),
        # of the first hop only what left before the last came home counts as left
        ([[(0, 100), (5, 500)], [(1, 90)], [(2, 90)], [(3, 90)]], 100, 90),
        # the second part of the last hop comes before there is more to pass on
        ([[(0, 100)], [(1, 60), (4, 40)], [(2, 100)], [(3, 100)]], 100, 60),
        ([[(0, 100)], [(1, 60), (4, 40)], [(2, 60), (5, 40)], [(3, 60), (6, 70)]], 100, 100),
    ],
)
def test_value_is_followed_in_the_order_of_time(hops, left, home):
    """A hop passes on no more than came to it before."""
    steps = steps_of([rows_of(*hop) for hop in hops])
    passed = followed(steps, 0, {step.event for step in steps if step.hop == 0})
    assert (passed.left if home else 100, passed.home) == (left, home)
    # the same, were the hops named from another one on
    turned = steps_of([rows_of(*hop) for hop in (*hops[1:], hops[0])])
    assert followed(turned, 3, {step.event for step in turned if step.hop == 3}) == passed


def edges(*payments: tuple[int, int, str]) -> np.ndarray:
    """Rows of (resident, foreign party, direction), each of 100 cents."""
    found = np.zeros(len(payments), ROW)
    for place, (who, via, direction) in enumerate(payments):
        found[place]["beneficiary"], found[place]["payment"], found[place]["usd"] = who, via, 100
        found[place]["flags"], found[place]["event"] = OUT if direction == "out" else 0, place + 1
    return found


def test_a_foreign_party_on_both_ways_belongs_to_the_one_on_which_it_passes_more():
    """Foreign party 7 takes from 1 and pays 2; it also takes a little from 2 and pays 1."""
    rows = edges((1, 7, "out"), (2, 7, "in"), (2, 7, "out"), (1, 7, "in"), (2, 8, "out"), (1, 8, "in"))
    rows["usd"][[2, 3]] = 10
    assert [hop["event"].tolist() for hop in hops_of(rows, 1)] == [[1], [2], [5], [6]]
    rows["usd"][[0, 1]] = 5
    assert [hop["event"].tolist() for hop in hops_of(rows, 1)] == [[], [], [3, 5], [4, 6]]


def test_who_only_pays_or_only_takes_is_on_no_way():
    """A foreign party that passes nothing on."""
    rows = edges((1, 7, "out"), (2, 8, "in"))
    assert [len(hop) for hop in hops_of(rows, 1)] == [0, 0, 0, 0]


def test_hops_are_a_day_apart_in_these_tests():
    """So that their order is that of time."""
    days: list[datetime] = [later(days=number) for number in range(4)]
    assert all(one < other for one, other in pairwise(days))
