"""T03 over nodes: rings around a payee or an account, on a device; and honest crowds that are none."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from detectors.books.payments import ROW
from detectors.typologies.t03_fan import similar
from tests.support.ledger import START, configuration, later
from tests.support.leg_log import PAYEE, LegLog, resident

AMOUNTS = ("3000", "3100", "3200", "2950", "3050", "3150")


def ring(log: LegLog, amounts=AMOUNTS, days: float = 1.0, **fields):
    """Residents who pay one after the other; the alerts of all."""
    raised = []
    for number, amount in enumerate(amounts):
        for outputs in log.pay(f"e{number}", later(days=days * number), amount, number, **fields):
            raised += outputs.alerts
    return raised


def measured(alert) -> dict[str, object]:
    """What the first typology measured."""
    return {one.name: one.value for one in alert.typologies[0].measured}


def test_the_fifth_resident_with_a_similar_amount_completes_a_ring():
    """The alert names all five, the largest first, the payee, and each payment with its resident."""
    (alert,) = ring(LegLog(), AMOUNTS[:5])
    assert [hit.id for hit in alert.typologies] == ["T03"]
    assert (alert.status, alert.counterparty) == ("raised", PAYEE)
    assert (alert.shared.kind, alert.shared.token) == ("counterparty", PAYEE)
    assert alert.parties == tuple(resident(number) for number in (2, 1, 4, 0, 3))
    assert alert.party == resident(2)
    assert [item.event_id for item in alert.evidence] == [f"e{number}" for number in range(5)]
    assert [item.party for item in alert.evidence] == [resident(number) for number in range(5)]
    assert not any(item.counterparty for item in alert.evidence)
    assert alert.typologies[0].window == "7 days"
    assert measured(alert) | {"amount_spread": 0} == {
        "residents": 5,
        "star_payments": 5,
        "star_total": "15300.00",
        "amount_spread": 0,
        "payments_in_window": 5,
        "sample_of": 1,
    }
    assert alert.amount_usd == "15300.00"
    assert [one.change.startswith("Had this payment not been made, T03 would not have fired") for one in
            alert.counterfactual] == [True]  # fmt: skip
    assert alert.counterfactual[0].would_alert is False


def test_the_tests_say_what_is_met_and_what_no_field_tells():
    """Who is behind the names is never told."""
    (alert,) = ring(LegLog(), AMOUNTS[:5])
    assert {test.id: test.outcome for test in alert.typologies[0].tests} == {
        "several_names": "met",
        "similar_amounts": "met",
        "pieces_under_line": "met",
        "no_documents": "met",
        "one_principal": "cannot_tell",
        "business_without_registration": "cannot_tell",
    }
    assert "requires a check" in alert.reasons[0].text_en
    assert "확인이 필요합니다" in alert.reasons[0].text_ko
    assert {one.article.split()[0] for one in alert.typologies[0].exposure}


@pytest.mark.parametrize(
    ("amounts", "direction", "outcome"),
    [
        (("5000",) * 5, "out", "met"),
        (("5000",) * 4 + ("5000.01",), "out", "not_met"),
        (("5000",) * 5, "in", "not_met"),
    ],
)
def test_pieces_within_the_document_line_are_told(amounts, direction, outcome):
    """T01's sign of a split transfer, under several names; what comes in is no piece."""
    (alert,) = ring(LegLog(), amounts, direction=direction)
    assert {test.id: test.outcome for test in alert.typologies[0].tests}["pieces_under_line"] == outcome


@pytest.mark.parametrize("direction", ["out", "in"])
def test_the_narrowest_window_is_told_and_both_directions_are_looked_at(direction):
    """Five within a day; the word says in or out."""
    (alert,) = ring(LegLog(), AMOUNTS[:5], days=0.1, direction=direction)
    assert alert.typologies[0].window == "1 days"
    assert ("residents paid one" if direction == "out" else "were paid by one") in alert.reasons[0].text_en
    assert ("같은 해외 상대방에" if direction == "out" else "같은 해외 상대방으로부터") in alert.reasons[0].text_ko


@pytest.mark.parametrize(
    ("case", "fields"),
    [
        ("four residents", {"amounts": AMOUNTS[:4]}),
        ("documents shown", {"evidence": "shown"}),
        ("six weeks", {"days": 8.0}),
        ("amounts far apart", {"amounts": ("400", "900", "2000", "4500", "9900", "21000")}),
        ("small fees", {"amounts": ("200",) * 40, "days": 0.1}),
        ("small in all", {"amounts": ("1900",) * 5}),
    ],
)
def test_what_is_no_ring(case, fields):
    """Each lacks one thing that is asked for."""
    assert ring(LegLog(), **fields) == [], case


def test_one_resident_five_times_is_no_ring():
    """Names are counted, not payments."""
    log = LegLog()
    assert all(not log.pay(f"f{number}", later(days=number), "3000", 1)[0].alerts for number in range(6))


def test_a_popular_payee_with_amounts_of_all_sizes_is_no_ring():
    """Five of a hundred are alike by chance; half of all must be."""
    amounts = [str(round(600 * 1.05 ** (number * 37 % 90))) for number in range(90)]
    assert ring(LegLog(), amounts, days=0.3) == []


def test_payments_to_and_from_are_not_added_up():
    """Three paid and three were paid."""
    log = LegLog()
    for number, amount in enumerate(AMOUNTS):
        direction = "out" if number % 2 else "in"
        assert not log.pay(f"e{number}", later(hours=number), amount, number, direction=direction)[0].alerts


def test_what_is_shared_is_said_in_good_korean_and_one_day_is_one_day():
    """The particle goes with the word; who pays pays, and who is paid receives."""
    said = {}
    for direction in ("out", "in"):
        (alert,) = ring(LegLog(), AMOUNTS[:5], days=0.1, direction=direction)
        said[direction] = alert.reasons[0]
        assert alert.typologies[0].tests[0].text_ko.startswith("여러 거주자가 같은 해외 상대방과 관련됨.")
    assert said["out"].text_en.startswith("Within 1 day 5 residents paid one foreign party")
    assert "The standard deviation of the amounts is" in said["out"].text_en
    assert "미화 15,300.00달러를 지급하였습니다" in said["out"].text_ko
    assert "미화 15,300.00달러를 수령하였습니다" in said["in"].text_ko


@pytest.mark.parametrize(
    ("begins", "outcome", "waits"),
    [("2026-03-03", "met", True), ("2025-12-28", "met", False), ("2018-06-05", "cannot_tell", False)],
)
def test_what_the_document_line_asked_on_that_day_is_told(begins, outcome, waits):
    """Since 2025-12-29 it waits for the yearly amount; before the first line of the pack nothing can be told."""
    log, found = LegLog(), []
    for number in range(5):
        at = datetime.fromisoformat(f"{begins}T03:00:00+00:00") + timedelta(minutes=number)
        found += log.pay(f"e{number}", at, AMOUNTS[number], number)[0].alerts
    (test,) = (one for alert in found for one in alert.typologies[0].tests if one.id == "pieces_under_line")
    assert test.outcome == outcome
    assert ("only once a person's yearly amount is used up" in test.text_en) is waits
    assert ("연간 누계금액을 모두 사용한 뒤에 적용되며" in test.text_ko) is waits


def test_three_residents_on_one_device_are_found_whatever_their_payees_and_amounts():
    """What they share is the device; the alert names it, and no counterparty."""
    log, raised = LegLog(), []
    for number, (amount, direction) in enumerate((("900", "out"), ("9000", "in"), ("2000", "out"))):
        given = {"device": "k1.002.device", "counterparty": f"k1.11{number}.payee", "direction": direction}
        for outputs in log.pay(f"e{number}", later(days=number), amount, number, kinds=("device",), **given):
            raised += outputs.alerts
    (alert,) = raised
    assert (alert.shared.kind, alert.shared.token, alert.counterparty) == ("device", "k1.002.device", None)
    assert alert.parties == (resident(1), resident(2), resident(0))
    assert "used one device" in alert.reasons[0].text_en
    assert {test.id: test.outcome for test in alert.typologies[0].tests}["similar_amounts"] == "not_met"


def test_two_on_a_device_are_a_couple():
    """The number is a limit."""
    log = LegLog()
    for number in range(6):
        given = {"kinds": ("device",), "device": "k1.002.device"}
        assert not log.pay(f"e{number}", later(days=number), "9000", number % 2, **given)[0].alerts


def test_a_ring_alerts_again_when_it_has_doubled_and_supersedes():
    """Not at each further name."""
    alerts = ring(LegLog(), ("3000",) * 12, days=0.5)
    assert [alert.status for alert in alerts] == ["raised", "updated"]
    assert alerts[1].supersedes == alerts[0].alert_id
    assert (alerts[1].amount_usd, alerts[1].case_id) == ("30000.00", alerts[0].case_id)


@pytest.mark.parametrize("status", ["returned", "cancelled"])
def test_a_payment_that_comes_back_takes_the_alert_back(status):
    """With four names left it stands no more."""
    log = LegLog()
    (alert,) = ring(log, AMOUNTS[:5])
    (back,) = log.pay("back", later(days=6), "3000", 0, status=status, original_event_id="e0")[0].alerts
    assert (back.status, back.supersedes, back.case_id) == ("retracted", alert.alert_id, alert.case_id)
    assert set(back.parties) == set(alert.parties)
    assert back.shared == alert.shared
    assert "taken back" in back.reasons[0].text_en
    assert log.state.counters["retracted"] == 1
    assert not log.pay("more", later(days=7), "3000", 1, status="returned", original_event_id="e1")[0].alerts


def test_a_part_that_comes_back_of_a_larger_ring_takes_nothing_back():
    """Six names stand with five."""
    log = LegLog()
    ring(log)
    assert not log.pay("back", later(days=6), "3000", 0, status="returned", original_event_id="e0")[0].alerts


def test_a_late_leg_completes_a_window_that_began_before_it():
    """The fifth comes a week after the others were applied."""
    log = LegLog()
    for number in (0, 1, 3, 4):
        assert not log.pay(f"e{number}", later(days=number), "3000", number)[0].alerts
    (alert,) = log.pay("late", later(days=2), "3000", 2)[0].alerts
    assert alert.typologies[0].window == "7 days"


def test_history_is_counted_and_alerts_nothing():
    """The next live leg of the ring alerts."""
    log = LegLog()
    assert ring(log, AMOUNTS[:5], history=True) == []
    assert len(log.pay("live", later(days=5), "3000", 9)[0].alerts) == 1


def test_a_rule_that_is_switched_off_says_nothing():
    """As in the monitor."""
    off = configuration(rules={"T03": {"enabled": False}})
    assert ring(LegLog(off), AMOUNTS) == []


def test_a_hub_says_that_it_is_a_sample():
    """Of residents in thousands a part is looked at, and the sentence says which."""
    log, last = LegLog(), None
    for number in range(1_100):
        for alert in log.pay(f"e{number}", later(minutes=number), "3000", number)[0].alerts:
            last = alert
    assert last is not None
    assert measured(last)["sample_of"] == 2
    assert "only one resident in 2, or more, is looked at" in last.reasons[0].text_en
    assert "거주자 2명 중 1명 이상의 거래만 살펴보았으며" in last.reasons[0].text_ko


def rows_of(cents: list[int]) -> np.ndarray:
    """Rows of these amounts."""
    found = np.zeros(len(cents), ROW)
    found["usd"], found["offset"] = cents, range(len(cents))
    return found


def brute(cents: list[int], most: float) -> int:
    """The largest number of amounts, next to each other in size, whose spread is below a limit."""
    ordered = sorted(cents)
    best = 0
    for first in range(len(ordered)):
        for last in range(first + 1, len(ordered) + 1):
            part = np.array(ordered[first:last], float)
            if part.std() / part.mean() < most:
                best = max(best, last - first)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_the_largest_group_of_similar_amounts_is_found(seed):
    """Against all stretches of the ordered amounts."""
    chance = np.random.default_rng(seed)
    cents = [int(value) for value in chance.lognormal(12, 0.8, 24)]
    found = similar(rows_of(cents), 0.25)
    assert len(found) == brute(cents, 0.25)
    assert found["usd"].std() / found["usd"].mean() < 0.25


def test_amounts_of_the_largest_size_overflow_nothing():
    """Sums of squares are Python's integers."""
    assert len(similar(rows_of([2**62] * 4 + [1]), 0.25)) == 4
    assert START


@pytest.mark.parametrize(
    ("amounts", "alerts"),
    [(("2000",) * 5, 1), (("2000",) * 4 + ("1999.99",), 0), (("500",) * 20, 1), (("499.99",) * 21, 0)],
)
def test_sum_and_mean_at_their_limits(amounts, alerts):
    """Ten thousand dollars together and five hundred each, both included."""
    assert len(ring(LegLog(), amounts, days=0.1)) == alerts


@pytest.mark.parametrize(("others", "alerts"), [(5, 1), (6, 0)])
def test_half_of_the_payments_have_to_be_alike(others, alerts):
    """Beside five similar ones, others of one resident that are like none."""
    log = LegLog()
    for number in range(others):
        assert not log.pay(f"o{number}", later(minutes=number), str(7 * 9**number), 9)[0].alerts
    assert len(ring(log, ("2000",) * 5, days=0.1)) == alerts


def test_the_sum_of_a_device_at_its_limit():
    """Three residents with ten thousand dollars; a cent less is none."""
    for amount, alerts in (("4000", 1), ("3999.99", 0)):
        given = {"device": "k1.002.device", "kinds": ("device",)}
        assert len(ring(LegLog(), ("3000", "3000", amount), **given)) == alerts
