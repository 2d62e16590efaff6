"""T05: which firms' payments fire after exchange-linked inflow, by count, sum, window and the supervisor's test."""

from datetime import date
from types import SimpleNamespace

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.contracts.configuration import Limit
from detectors.contracts.limits import DatedLimit
from detectors.typologies import t05_kimchi_premium
from detectors.typologies.t05_kimchi_premium import firm_of
from detectors.typologies.t05_measures import Firm, Outflow, Sent, set_up_since
from detectors.values.legal_calendar import to_us
from tests.support.firms import OLD, PARTY, YOUNG, FirmLedger
from tests.support.ledger import later

SMALL = {"registered_on": date(2001, 5, 7), "capital_krw": "100000000"}


def burst(facts, count=3, usd=20_000.0, linked=1.0, step=5.0, **fields):
    """Payments of a firm, some days apart."""
    ledger = FirmLedger(**facts)
    for number in range(count):
        ledger.send(f"e{number}", later(days=1 + step * number), usd, linked, **fields)
    return ledger


def kept(ledger) -> Outflow:
    """The firm's slot."""
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T05"], type=Outflow)


@pytest.mark.parametrize("facts", [YOUNG, SMALL], ids=["young", "tiny"])
def test_a_young_or_tiny_firms_third_fed_payment_fires(facts):
    """Three of together 60 000 USD within thirty days."""
    ledger = burst(facts, step=3.0)
    assert ledger.firing("T05") == ["e2"]
    assert ledger.measured("T05")["fed_sum"] == "60000.00"


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 2, "usd": 40_000.0},
        {"usd": 16_000.0},
        {"step": 15.0},
        {"linked": 0.24},
        {"linked": 0.0},
        {"linked": None},
        {"purpose": "40101"},
        {"direction": "in"},
        {"purpose": None},
        {"purpose": "unknown"},
    ],
    ids=str,
)
def test_just_less_does_not_fire(changes):
    """Fewer, a smaller sum, further apart, an inflow below a quarter, or no import or service payment of a firm."""
    assert burst(YOUNG, **changes).firing("T05") == []


@pytest.mark.parametrize("party_type", ["person", "bank"])
def test_persons_and_banks_are_left_out(party_type):
    """However often they are fed."""
    assert burst({}, count=6, step=2.0, party_type=party_type).firing("T05") == []
    assert burst({}, count=6, step=2.0, party_type="sole_trader").firing("T05") == ["e4", "e5"]


def test_an_inflow_of_a_quarter_and_a_sum_at_the_line_fire():
    """Both limits count from their own value on."""
    assert burst(YOUNG, count=4, usd=12_500.0, linked=0.25, step=2.0).firing("T05") == ["e3"]


@pytest.mark.parametrize("facts", [OLD, {}, {"registered_on": date(2010, 1, 1)}], ids=["old", "unknown", "no capital"])
def test_any_other_firm_needs_five_of_together_100_000(facts):
    """Within ninety days; a firm of which nothing is known is no young one."""
    assert burst(facts, count=6, step=20.0).firing("T05") == ["e4", "e5"]
    assert burst(facts, count=4, usd=50_000.0).firing("T05") == []
    assert burst(facts, count=5, usd=19_000.0).firing("T05") == []
    assert burst(facts, count=5, step=23.0).firing("T05") == []


@pytest.mark.parametrize(("age", "fires"), [("2023-09-11", True), ("2023-09-10", False)])
def test_a_firm_is_young_for_548_days(age, fires):
    """Counted to the payment's legal day, 2025-03-12."""
    facts = {"registered_on": date.fromisoformat(age), "capital_krw": "9000000000"}
    assert burst(facts, step=4.0).firing("T05") == (["e2"] if fires else [])


def test_only_a_payment_that_is_fed_itself_fires():
    """A payment without inflow is kept and completes nothing."""
    ledger = burst(YOUNG)
    ledger.send("later", later(days=12), 30_000, 0.0)
    assert ledger.firing("T05") == ["e2"]
    ledger.send("fed again", later(days=13), 70_000, 0.9)
    assert ledger.firing("T05") == ["e2", "fed again"]
    assert ledger.measured("T05") == {
        "fed_payments": 4,
        "fed_sum": "130000.00",
        "linked_inflow": "123000.00",
        "linked_inflow_share": 0.9462,
        "sent_in_all": "160000.00",
        "payments_in_all": 5,
        "times_capital": 16.0,
        "days_since_registration": 105,
    }


def test_a_settlement_of_a_kept_order_counts_once_at_its_own_amount():
    """The settlement takes another place in the ledger; two payments do not become three."""
    ledger = FirmLedger(**YOUNG)
    for number in range(2):
        ledger.send(f"o{number}", later(days=1 + number), 30_000, 1.0, status="ordered", payment_id=f"P{number}")
    for number in range(2):
        ledger.send(f"s{number}", later(days=3 + number), 25_000, 1.0, payment_id=f"P{number}")
    assert ledger.firing("T05") == []
    settled = [origin.offset for event, origin in ledger.log if getattr(event, "event_id", "") in {"s0", "s1"}]
    assert [(one.usd, one.offset) for one in kept(ledger).kept] == [(2_500_000, offset) for offset in settled]
    ledger.send("third", later(days=6), 12_000, 1.0)
    assert ledger.measured("T05")["fed_sum"] == "62000.00"


def test_a_returned_payment_is_no_longer_counted():
    """What came back whole leaves the slot."""
    ledger = burst(YOUNG, count=2)
    ledger.send("back", later(days=7), 20_000, None, status="returned", original_event_id="e1")
    ledger.send("e2", later(days=8), 20_000, 1.0)
    assert ledger.firing("T05") == []
    assert [one.usd for one in kept(ledger).kept] == [2_000_000, 2_000_000]
    ledger.send("e3", later(days=9), 20_000, 1.0)
    assert ledger.firing("T05") == ["e3"]


def test_a_late_payment_counts_in_its_own_window():
    """It completes nothing of what came after it, and the next one finds it."""
    ledger = burst(YOUNG, count=2, step=20.0)
    ledger.send("late", later(days=2), 20_000, 1.0)
    assert ledger.firing("T05") == []
    ledger.send("e3", later(days=22), 20_000, 1.0)
    assert ledger.firing("T05") == ["e3"]


@pytest.mark.parametrize(
    ("facts", "linked", "fires"),
    [
        ({"registered_on": date(2021, 1, 1), "capital_krw": "700000000"}, None, True),
        ({"registered_on": date(2021, 1, 1), "capital_krw": "714000000"}, None, False),
        ({"registered_on": date(2020, 12, 31), "capital_krw": "700000000"}, None, False),
        ({"registered_on": date(2021, 1, 1)}, None, False),
        ({"capital_krw": "700000000"}, None, False),
    ],
    ids=str,
)
def test_the_supervisors_test_is_amount_and_multiple_of_a_new_firm(facts, linked, fires):
    """50 000 000 USD are 100 times 700 000 000 won; what is not known is not met."""
    ledger = burst(facts, count=5, usd=10_000_000.0, linked=linked)
    assert ledger.firing("T05") == (["e4"] if fires else [])


def test_frequent_inflow_takes_the_place_of_the_multiple():
    """The payment that reaches the amount need not be fed itself."""
    ledger = burst({"registered_on": date(2021, 1, 1), "capital_krw": "9000000000"}, count=5, usd=9_000_000.0)
    assert ledger.firing("T05") == ["e4"]
    ledger.send("unfed", later(days=27), 6_000_000, 0.0)
    assert ledger.firing("T05") == ["e4", "unfed"]


def test_the_largest_branch_is_told_and_fires_nothing():
    """Half of the sum through one branch of one bank."""
    ledger = FirmLedger(**YOUNG)
    for number, branch in enumerate(("B1", "B2", "B1", None)):
        ledger.send(f"e{number}", later(days=1 + number), 25_000, 1.0, **({"branch": branch} if branch else {}))
    assert ledger.measured("T05")["largest_branch_share"] == 0.6667
    assert burst(OLD, count=3, linked=None, branch="B1").firing("T05") == []


def test_nothing_is_kept_of_a_firm_that_is_neither_small_nor_fed():
    """Slots are empty for nearly every party; a fed payment begins one."""
    ledger = burst(OLD, linked=0.0)
    assert unpack(ledger.state.parties[PARTY]).slots.get("T05") is None
    ledger.send("fed", later(days=20), 20_000, 0.5)
    ledger.send("not fed", later(days=21), 20_000, None)
    assert [one.linked for one in kept(ledger).kept] == [1_000_000, 0]


def test_of_many_payments_the_newest_are_kept_and_the_rest_is_in_totals():
    """Each sender its share; branches beyond eight are counted without one."""
    found = Outflow(kept=[Sent(number, number, 100, 0, number // 10, number % 2, number) for number in range(200)])
    t05_kimchi_premium._cut(found)
    assert [one.offset for one in found.kept] == list(range(72, 200))
    assert (found.total, found.count) == (7_200, 72)
    assert found.branches == dict.fromkeys(range(7), 1000) | {7: 200}
    more = Outflow(branches=dict.fromkeys(range(1, 9), 1), kept=[Sent(n, n, 100, 0, 99, 0, n) for n in range(129)])
    t05_kimchi_premium._cut(more)
    assert more.branches[0] == 100


def test_standing_is_what_is_kept_up_to_a_time():
    """Fed payments alone, or all."""
    ledger = burst(YOUNG)
    ledger.send("later", later(days=12), 30_000, 0.0)
    past = SimpleNamespace(slots=unpack(ledger.state.parties[PARTY]).slots)
    rule = t05_kimchi_premium.KimchiPremium()
    assert rule.standing(past, "linked", to_us(later(days=40))) == 6_000_000
    assert rule.standing(past, "sent", to_us(later(days=40))) == 9_000_000
    assert rule.standing(past, "linked", to_us(later(days=6))) == 4_000_000
    assert rule.standing(SimpleNamespace(slots={}), "sent", 0) == 0


def test_without_the_supervisors_limits_the_rest_still_works():
    """Before 2021 there was no such test."""
    ledger = FirmLedger(registered_on=date(2019, 1, 1), capital_krw="14000000")
    for number in range(3):
        ledger.send(f"e{number}", later(days=number - 2_000), 20_000, 1.0)
    assert ledger.firing("T05") == ["e2"]


def test_strength_grows_with_what_is_known():
    """Young, a hundred times the capital, and an inflow for nearly all halve the doubt each."""
    assert burst(YOUNG).fired["e2"]["T05"] == 0.875
    assert burst(YOUNG, linked=0.5).fired["e2"]["T05"] == 0.75
    assert burst(YOUNG, usd=400_000.0).fired["e2"]["T05"] == 0.9375
    assert burst(OLD, count=5, linked=0.5).fired["e4"]["T05"] == 0.5


def outcomes(findings) -> dict[str, str]:
    """Outcomes of the last finding's tests, or the missing field."""
    return {test.id: test.missing or test.outcome for test in findings[-1].tests}


@pytest.fixture
def findings(monkeypatch):
    """Each finding of T05, in order."""
    found = []
    made = t05_kimchi_premium.finding_of

    def noted(*given):
        found.append(made(*given))
        return found[-1]

    monkeypatch.setattr(t05_kimchi_premium, "finding_of", noted)
    return found


NEW = {"registered_on": date(2021, 1, 1), "capital_krw": "700000000"}


def test_which_tests_are_met_and_which_cannot_be_told(findings):
    """What is missing is named; below the published amounts nothing is met."""
    burst(YOUNG)
    assert outcomes(findings) == {
        "set_up_since": "met",
        "sent_amount": "not_met",
        "multiple_of_capital": "not_met",
        "frequent_linked_inflow": "not_met",
        "one_branch": "transactions.branch",
    }
    burst({}, count=5)
    unknown = outcomes(findings)
    assert unknown["set_up_since"] == "profiles.registered_on"
    assert unknown["multiple_of_capital"] == "profiles.capital_krw"
    assert unknown["frequent_linked_inflow"] == "met"


def test_a_firm_is_new_from_the_date_of_the_supervisors_amount(findings):
    """The day is the limit's: of a firm set up a day before it the published test is not met, and the text says so."""
    burst(NEW, count=5, usd=10_000_000.0)
    (test,) = (one for one in findings[-1].tests if one.id == "set_up_since")
    assert (test.outcome, test.text_en) == ("met", "The firm was set up on or after 2021-01-01 (FSS 2022-07)")
    assert test.text_ko == "2021년 1월 1일 이후 설립된 업체임(금융감독원 2022년 7월)"
    assert (
        burst(NEW | {"registered_on": date(2020, 12, 31)}, count=5, usd=10_000_000.0, linked=None).firing("T05") == []
    )
    given = {"name": "sent_min", "value": "1", "unit": "USD", "provenance": "S"}
    supervisor = {"sent_min": DatedLimit(Limit(effective_from=date(2027, 3, 2), **given))}
    assert set_up_since(supervisor) == date(2027, 3, 2)
    assert set_up_since({}) is None
    assert firm_of(None, None, None, {}) == Firm(None, None, None, None, None)


def test_the_published_tests_are_told_where_the_supervisors_rule_fires(findings):
    """An inflow that no payment tells of cannot be told."""
    burst(NEW, count=5, usd=10_000_000.0, linked=None, branch="B1")
    assert outcomes(findings) == {
        "set_up_since": "met",
        "sent_amount": "met",
        "multiple_of_capital": "met",
        "frequent_linked_inflow": "transactions.exchange_linked_inflow_24h",
        "one_branch": "met",
    }


def test_the_sentences_say_what_is_known_of_the_firm(findings):
    """Registration and capital, or that they are not known; the supervisor's test in words of its own."""
    burst(YOUNG)
    assert findings[-1].text_en == (
        "This firm, registered 103 days ago, sent 3 import or service payments of 60,000.00 USD in 30 days, each "
        "within 24 hours after an inflow from accounts linked to crypto-asset exchanges of at least 0.25 of its amount "
        "(fxwatch default, in force since 2001-01-01). The inflows come to 60,000.00 USD. In all it sent 60,000.00 USD "
        "in 3 payments for imports and services as far as they are known. That is 6.0 times its capital of "
        "10,000.00 USD. This requires a check of contracts and goods."
    )
    assert findings[-1].text_ko.startswith("등록 후 103일이 지난 이 업체는 30일 동안 수입·용역 대금 3건")
    burst({}, count=5)
    assert findings[-1].text_en.startswith("This firm, whose date of registration is not known, sent 5 import")
    assert "Its capital is not known." in findings[-1].text_en
    assert "자본금은 확인되지 않습니다." in findings[-1].text_ko
    burst(NEW, count=5, usd=10_000_000.0, linked=None)
    assert "meets the supervisor's test for examination: 50,000,000.00 USD sent" in findings[-1].text_en
    assert "감독당국의 점검 기준에 해당합니다" in findings[-1].text_ko
    assert (findings[-1].series, findings[-1].size, findings[-1].at_risk) == ("sent", 5_000_000_000, 5_000_000_000)


def test_a_smaller_payment_leaves_the_supervisors_amount_below_its_line():
    """The proposal is evaluated: it would not have fired."""
    ledger = burst(NEW, count=5, usd=10_000_000.0, linked=None)
    (alert,) = [alert for seen in ledger.seen for alert in seen.alerts]
    assert [(one.change.split(" / ")[0], one.would_alert) for one in alert.counterfactual] == [
        ("Had this payment been 9,999,999.99 USD, T05 would not have fired", False)
    ]
