"""T14: which bursts fire after silence or of a new firm, what is remembered of a party, and what takes it back."""

from datetime import date

import msgspec
import pytest

from detectors.books import payments
from detectors.books.party import unpack
from detectors.books.payments import RATE_MISSING, REVERSED, Payment
from detectors.books.trade_folding import OLD_LOT
from detectors.typologies.declared import TrialDay
from detectors.typologies.t14_dormant_burst import DormantBurst
from detectors.typologies.t14_life import (
    BLOCK_US,
    MOST_RECENT,
    Life,
    alive,
    beyond_goods,
    goods_of_year,
    taken,
    with_late,
)
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support import trade
from tests.support.declared_lines import declaration
from tests.support.firms import PARTY, FirmLedger
from tests.support.ledger import later

DORMANT = 240
NEW = {"registered_on": date(2024, 12, 1), "capital_krw": "14000000", "turnover_krw": "140000000"}
PERSON = {"party_type": "person", "purpose": "20101"}


def slept(
    before=(500.0, 500.0, 500.0), burst=(8_000.0, 8_000.0, 8_000.0), day=DORMANT, ledger=None, step=2.0, **fields
):
    """A party's small payments, then larger ones after so many days."""
    ledger = ledger or FirmLedger()
    for number, usd in enumerate(before):
        ledger.send(f"b{number}", later(days=number), usd, **PERSON | fields)
    for number, usd in enumerate(burst):
        ledger.send(f"e{number}", later(days=day + step * number), usd, **PERSON | fields)
    return ledger


def life_of(ledger) -> Life:
    """What the party's slot holds."""
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T14"], type=Life)


def last_hit(ledger):
    """The newest alert's hit of T14."""
    return [hit for seen in ledger.seen for alert in seen.alerts for hit in alert.typologies if hit.id == "T14"][-1]


# -- asleep, then awake --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("party_type", ["person", "sole_trader", "company"])
def test_the_third_large_payment_after_silence_fires(party_type):
    """Three of together 24 000 USD, where three weeks of before had 1 500."""
    assert slept(party_type=party_type).firing("T14") == ["e2"]


def test_banks_are_left_out():
    """It is their business."""
    assert slept(party_type="bank").firing("T14") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"burst": (12_000.0, 12_000.0)},
        {"burst": (6_666.66, 6_666.66, 6_666.66)},
        {"before": (800.0, 800.0, 800.01)},
        {"before": (500.0, 500.0)},
        {"step": 10.5},
    ],
    ids=str,
)
def test_just_less_does_not_fire(changes):
    """Fewer, a smaller sum, less than ten times, too little of a past, or too slow."""
    assert slept(**changes).firing("T14") == []


@pytest.mark.parametrize(
    "changes",
    [
        {"burst": (6_666.66, 6_666.67, 6_666.67)},
        {"before": (800.0, 800.0, 800.0)},
        {"step": 10.49},
        {"day": 197.0},
    ],
    ids=str,
)
def test_what_is_exactly_asked_fires(changes):
    """20 000 USD, ten times, within 21 days, known for 201 days."""
    assert slept(**changes).firing("T14") == ["e2"]


@pytest.mark.parametrize(("quiet", "fires"), [(0, True), (4, True), (5, False)])
def test_four_payments_in_the_silence_leave_it_one(quiet, fires):
    """A fifth one is no silence any more."""
    ledger = FirmLedger()
    for number in range(3):
        ledger.send(f"b{number}", later(days=number), 500, **PERSON)
    for number in range(quiet):
        ledger.send(f"q{number}", later(days=80 + 30 * number), 500, **PERSON)
    for number in range(3):
        ledger.send(f"e{number}", later(days=DORMANT + number), 8_000, **PERSON)
    assert ledger.firing("T14") == (["e2"] if fires else [])
    if fires:
        assert ledger.measured("T14")["payments_while_quiet"] == quiet


def test_sleep_is_no_part_of_the_mean_and_active_weeks_are():
    """Payments of 3 000 in each of three stretches of three weeks: the mean is that, however long the sleep."""
    ledger = FirmLedger()
    for day in (0, 1, 2, 21, 22, 23, 42, 43, 44):
        ledger.send(f"b{day}", later(days=day), 1_000, **PERSON)
    for number in range(3):
        ledger.send(f"e{number}", later(days=300 + number), 12_000, **PERSON)
    measured = ledger.measured("T14")
    assert (measured["payments_before"], measured["mean_of_active_weeks"]) == (9, "3000.00")
    assert ledger.firing("T14") == ["e2"]


def test_what_is_found_is_measured_and_said():
    """Figures, sentences in both languages, and the baseline."""
    ledger = slept()
    assert ledger.measured("T14") == {
        "burst_payments": 3,
        "burst_sum": "24000.00",
        "burst_counterparties": 1,
        "silent_for_days": 238,
        "payments_while_quiet": 0,
        "payments_before": 3,
        "mean_of_active_weeks": "1500.00",
        "times_mean": 16.0,
    }
    (alert,) = [alert for seen in ledger.seen for alert in seen.alerts if alert.typologies]
    reason = next(one for one in alert.reasons if one.feature == "T14")
    assert (reason.own_baseline, reason.own_n) == ("1500.00", 3)
    assert reason.text_en == (
        "This party made 3 payments of 24,000.00 USD within 21 days, with 1 counterparty. Goods that customs saw are "
        "not counted. In the 180 days before, no payment was told. Its 3 payments of all the time before came to "
        "1,500.00 USD on average in each three weeks in which it paid at all. The burst is 16.0 times that; from 10 "
        "times on it is told (fxwatch default, in force since 2001-01-01). Who uses the account, and what the payments "
        "were for, requires a check."
    )
    assert reason.text_ko == (
        "당사자는 21일 동안 상대방 1명과 3건, 합계 미화 24,000.00달러를 거래하였습니다. 세관에 신고된 물품의 대금은 "
        "제외하였습니다. 직전 180일 동안 확인된 거래가 없으며, 그 이전 전체 기간의 거래 3건은 거래가 있던 3주마다 평균 "
        "미화 1,500.00달러였습니다. 이번 거래는 그 16.0배이며, 기준은 10배입니다(시스템 기본값, 2001년 1월 1일 시행). "
        "계좌를 사용하는 자와 거래의 원인에 대한 확인이 필요합니다."
    )
    assert last_hit(ledger).window == "21 rolling days after the quiet time"


def test_days_of_silence_are_whole():
    """Half a day more is none."""
    assert slept(day=DORMANT + 0.5).measured("T14")["silent_for_days"] == 238


def test_payments_while_quiet_are_counted_in_the_sentence():
    """One, in the singular."""
    ledger = FirmLedger()
    for number, day in enumerate((0, 1, 2, 100)):
        ledger.send(f"b{number}", later(days=day), 500, **PERSON)
    for number in range(3):
        ledger.send(f"e{number}", later(days=DORMANT + number), 8_000, **PERSON)
    (alert,) = [alert for seen in ledger.seen for alert in seen.alerts if alert.typologies]
    reason = next(one for one in alert.reasons if one.feature == "T14")
    assert "In the 180 days before, 1 payment was told. Its 4 payments of all" in reason.text_en
    assert "확인된 거래는 1건이며, 그 이전 전체 기간의 거래 4건은" in reason.text_ko


def test_strength_grows_with_the_multiple_and_is_less_where_it_was_not_wholly_silent():
    """Half at ten times, three quarters at twenty."""
    assert slept(before=(800.0, 800.0, 800.0)).fired["e2"]["T14"] == 0.5
    assert slept(before=(400.0, 400.0, 400.0)).fired["e2"]["T14"] == 0.75
    assert slept(before=(4.0, 4.0, 4.0)).fired["e2"]["T14"] == 0.9
    ledger = FirmLedger()
    for number, day in enumerate((0, 1, 2, 100)):
        ledger.send(f"b{number}", later(days=day), 600, **PERSON)
    for number in range(3):
        ledger.send(f"e{number}", later(days=DORMANT + number), 8_000, **PERSON)
    # 24 000 against a mean of 1 200: a quarter of doubt, then a fifth less
    assert ledger.fired["e2"]["T14"] == 0.6


def test_a_payment_told_late_completes_the_burst_that_it_lies_in():
    """The window then ends with the last payment, not with the late one."""
    ledger = slept(burst=(8_000.0, 8_000.0), step=6.0)
    ledger.send("late", later(days=DORMANT + 3), 8_000, **PERSON)
    assert ledger.firing("T14") == ["late"]
    assert ledger.measured("T14")["silent_for_days"] == 238


def test_each_institutions_part_is_told():
    """What is left without another bank, and what the own one has alone."""
    ledger = FirmLedger()
    for number in range(3):
        ledger.send(f"b{number}", later(days=number), 500, **PERSON)
    for number in range(3):
        ledger.send(f"x{number}", later(days=DORMANT + number), 9_000, institution="BANKX", **PERSON)
    ledger.send("y", later(days=DORMANT + 3), 9_000, institution="BANKY", **PERSON)
    assert ledger.firing("T14") == ["x2", "y"]
    assert last_hit(ledger).strength == ledger.fired["x2"]["T14"]


def test_a_proposal_leaves_the_sum_a_cent_short():
    """And would not have fired."""
    ledger = slept()
    (alert,) = [alert for seen in ledger.seen for alert in seen.alerts if alert.typologies]
    assert [(one.change.split(" / ")[0], one.would_alert) for one in alert.counterfactual] == [
        ("Had this payment been 3,999.99 USD, T14 would not have fired", False)
    ]


def test_a_return_takes_the_alert_back_and_a_small_one_does_not():
    """Two of 8 000 are left: fewer than three."""
    for amount, statuses in (("8000.00", ["raised", "retracted"]), ("1.00", ["raised"])):
        ledger = slept()
        back = ledger.pay(
            "r", later(days=DORMANT + 5), amount, party=PARTY, status="returned", original_event_id="e1", **PERSON
        )
        told = [alert.status for seen in (*ledger.seen, back) for alert in seen.alerts if alert.typologies]
        assert told == statuses


def test_a_sum_below_the_least_takes_the_alert_back():
    """Three payments are left of 19 999.99."""
    ledger = slept()
    back = ledger.pay(
        "r", later(days=DORMANT + 5), "4000.01", party=PARTY, status="returned", original_event_id="e1", **PERSON
    )
    assert [alert.status for alert in back.alerts] == ["retracted"]


# -- hardly awake ----------------------------------------------------------------------------------------------------


def hardly_awake(days=90, before=(0, 45), usd=100.0, burst=(8_000.0, 8_000.0, 8_000.0), ledger=None, **fields):
    """A party's few payments, and a burst whose window begins so many days after the first of them."""
    ledger = ledger or FirmLedger()
    for number, day in enumerate(before):
        ledger.send(f"b{number}", later(days=day), usd, **PERSON | fields)
    for number, each in enumerate(burst):
        ledger.send(f"e{number}", later(days=days + 17 + 2 * number), each, **PERSON | fields)
    return ledger


@pytest.mark.parametrize(
    ("days", "before", "usd", "fires"),
    [
        (90, (0, 45), 600.0, True),
        (90, (0, 45), 600.01, False),
        (89, (0, 45), 600.0, False),
        (45, (0, 20), 150.0, True),
        (45, (0, 20), 150.01, False),
        (44, (0, 20), 1.0, False),
        (90, (0,), 1.0, False),
        (90, (0, 30, 60), 600.0, True),
        (90, (0, 30, 60, 80), 1.0, False),
        (89, (0, 30, 60), 1.0, False),
        (179, (0, 60, 120, 150), 2_373.4, True),
        (180, (0, 60, 120, 150), 2_400.0, True),
        (179, (0, 60), 100.0, True),
        (180, (0, 60), 100.0, False),
    ],
)
def test_the_less_is_known_the_more_is_asked(days, before, usd, fires):
    """Forty times 600 USD after 90 days, a hundred and sixty times 150 after 45; as seldom at most."""
    assert hardly_awake(days, before, usd).firing("T14") == (["e2"] if fires else [])


def test_what_is_known_and_asked_is_said():
    """Of half the silence four times as much is asked; whether it slept cannot be told."""
    ledger = hardly_awake(usd=500.0)
    (alert,) = [alert for seen in ledger.seen for alert in seen.alerts if alert.typologies]
    reason = next(one for one in alert.reasons if one.feature == "T14")
    assert (
        "In the 90 days before, 2 payments were told. Its 2 payments of all the time before came to 500.00 USD on "
        "average in each three weeks in which it paid at all. The burst is 48.0 times that; from 10 times on it is "
        "told (fxwatch default, in force since 2001-01-01). For the 90 of 180 days that are known, 40.0 times are "
        "asked. Who uses" in reason.text_en
    )
    assert "직전 90일 동안 확인된 거래는 2건이며" in reason.text_ko
    assert " 180일 중 90일만 확인되어 40.0배를 적용하였습니다. 계좌를" in reason.text_ko
    tests = {test.id: test.outcome for test in last_hit(ledger).tests}
    assert (tests["was_quiet"], tests["many_times_its_past"]) == ("cannot_tell", "met")
    # 24 000 against the 20 000 that are asked, and two payments while it was quiet
    assert ledger.fired["e2"]["T14"] == round((1 - 0.5 * 20_000 / 24_000) * 0.8, 4)
    measured = ledger.measured("T14")
    assert (measured["payments_while_quiet"], measured["silent_for_days"]) == (2, 62)


def test_a_firm_may_do_its_turnover_after_silence():
    """24 000 in three weeks is the business of a firm of 417 143 USD a year, and more than that of a smaller one."""
    for turnover, fires in (("584000000", False), ("583990000", True)):
        ledger = slept(ledger=FirmLedger(turnover_krw=turnover), party_type="company")
        assert ledger.firing("T14") == (["e2"] if fires else []), turnover
    # a person has no turnover
    assert slept(ledger=FirmLedger(turnover_krw="584000000", party_type="person")).firing("T14") == ["e2"]


def test_a_money_business_is_left_out():
    """T18 compares it with its own dealings."""
    assert slept(ledger=FirmLedger(industry_code="K6612"), party_type="company").firing("T14") == []
    assert slept(ledger=FirmLedger(register="exchanger"), party_type="company").firing("T14") == []
    assert slept(ledger=FirmLedger(register="small_remitter"), party_type="company").firing("T14") != []
    assert slept(ledger=FirmLedger(industry_code="G4610"), party_type="company").firing("T14") == ["e2"]


def test_a_payment_with_a_report_completes_no_burst():
    """Who moves abroad tells it; a later payment without a report does."""
    ledger = slept(burst=())
    for number in range(3):
        ledger.send(f"e{number}", later(days=DORMANT + number), 8_000, report_no="CAP-1", **PERSON)
    assert ledger.firing("T14") == []
    ledger.send("x", later(days=DORMANT + 3), 100, **PERSON)
    assert ledger.firing("T14") == ["x"]


# -- goods that customs saw -----------------------------------------------------------------------------------------


def declared(ledger, name, at, usd, **fields):
    """Goods of the firm from whom it pays."""
    line = {"counterparty": "k1.111.payee", "party": PARTY} | fields
    ledger.put(declaration(name, at, f"{usd:.2f}", **line), ledger.origin("customs.declarations.v1"))


@pytest.mark.parametrize(
    ("seen", "fires"),
    [((20_000.0,) * 1, []), ((10_000.0,), ["e5"]), ((10_000.0, 10_000.0), []), ((), ["e5"])],
    ids=["one paid whole", "half of one", "half of two", "none"],
)
def test_what_customs_saw_is_no_burst(seen, fires):
    """Six payments of 20 000, ten times a capital of 11 000 asked: what is left of them counts."""
    ledger = FirmLedger(**NEW | {"capital_krw": "15400000"})
    for number, usd in enumerate(seen):
        declared(ledger, f"d{number}", later(days=19, hours=number), usd)
    for number in range(6):
        ledger.send(f"e{number}", later(days=20 + number), 20_000, counterparty="k1.111.payee")
    assert ledger.firing("T14") == fires
    if seen and fires:
        assert ledger.measured("T14")["burst_sum"] == "110000.00"


def test_a_firm_of_much_trade_does_its_business_in_advance_too():
    """What customs saw in its life, for three weeks: ten times that is asked of what it pays beyond goods."""
    for usd, fires in ((12_000.0, ["e5"]), (12_001.0, [])):
        ledger = FirmLedger(**NEW)
        declared(ledger, "d", later(days=1), usd, counterparty="k1.111.other")
        ledger.send("b", later(days=1.5), usd, counterparty="k1.111.other")
        for number in range(6):
            ledger.send(f"e{number}", later(days=17.5 + number), 20_000, counterparty="k1.111.payee")
        assert ledger.firing("T14") == fires, usd


def left_of(book, *rows):
    """USD cents left of some rows beyond the goods of a trade ledger, by event."""
    found = beyond_goods(rows_of(*rows), book)
    return dict(zip(found["event"].tolist(), found["usd"].tolist(), strict=True))


def test_a_payment_matched_whole_is_left_out_and_one_in_part_counts_for_the_rest():
    """Within the tolerance nothing is left; what no ledger item is of counts whole, and so does what has no worth."""
    goods = trade.goods(1, 10_000), trade.goods(3, 4_000, 1, counterparty=8)
    paid = trade.paid(2, 10_200), trade.paid(4, 10_000, 1, counterparty=8), trade.paid(5, 400, 2, counterparty=9)
    book = trade.book_of(*goods, *paid)
    amounts = {2: 1_020_000, 4: 1_000_000, 5: 40_000, 9: 500}
    rows = [row(event, usd, event=event) for event, usd in amounts.items()]
    # 400 USD are closed as too little to look for, and no goods stand behind them
    found = left_of(book, row(0, 300, event=7), *rows, row(10, 0, RATE_MISSING, event=8))
    assert found == {7: 300, 4: 600_000, 5: 40_000, 9: 500, 8: 0}


def test_goods_not_paid_yet_stand_against_the_oldest_payments_of_their_direction():
    """Which invoice a payment is for may be told later; exports are no goods that are paid for."""
    unpaid = trade.goods(1, 15_000, counterparty=8), trade.shipped(2, 2_000, counterparty=8)
    book = trade.book_of(*unpaid, trade.paid(3, 10_000, 1), trade.paid(4, 10_000, 2), trade.received(5, 10_000, 3))
    rows = (row(9, 1_000_000, event=4), row(5, 1_000_000, event=3), row(7, 1_000_000, event=5))
    assert left_of(book, *rows) == {4: 500_000, 5: 800_000}
    # a cent is left of the newest
    book = trade.book_of(trade.goods(1, 19_999.99, counterparty=8), trade.paid(3, 10_000, 1), trade.paid(4, 10_000, 2))
    assert left_of(book, *rows[:2]) == {4: 1}


def test_a_payment_folded_in_the_ledger_counts_for_what_was_not_matched():
    """Its mark says so."""
    pairs = [
        (trade.goods(1000 + each, 10_000, counterparty=each), trade.paid(each, 10_200, counterparty=each))
        for each in range(2, OLD_LOT + 2)
    ]
    book = trade.book_of(*(item for pair in pairs for item in pair), clock_us=trade.LATER + 4_000 * DAY_US)
    assert (book.find(2), book.has_mark(2)) == (None, True)
    assert left_of(book, row(1, 1_020_000, event=2)) == {2: 20_000}


def test_goods_of_a_year_are_those_of_both_directions_in_twelve_months():
    """Money counts nothing, nor what is a year and more older than the newest."""
    items = trade.goods(1, 10), trade.shipped(2, 20, 300), trade.paid(3, 5, 300), trade.goods(4, 40, 366)
    assert goods_of_year(trade.book_of(*items)) == 6_000
    assert goods_of_year(trade.book_of(*items[:3])) == 3_000
    assert goods_of_year(trade.book_of()) == 0


# -- a new firm ------------------------------------------------------------------------------------------------------


def new_firm(facts=NEW, burst=(20_000.0,) * 6, before=(), **fields):
    """A firm's payments: small ones in its first days, then others from the thirtieth day on."""
    ledger = FirmLedger(**facts)
    for number, usd in enumerate(before):
        ledger.send(f"b{number}", later(days=1 + number), usd, **fields)
    for number, usd in enumerate(burst):
        ledger.send(f"e{number}", later(days=30 + number), usd, **fields)
    return ledger


def test_a_new_firm_beyond_ten_times_its_capital_and_its_turnover_fires():
    """Its capital is 10 000 USD, its turnover 100 000 a year, so 5 753 in three weeks."""
    ledger = new_firm()
    assert ledger.firing("T14") == ["e5"]
    assert ledger.measured("T14") == {
        "burst_payments": 6,
        "burst_sum": "120000.00",
        "burst_counterparties": 1,
        "capital_in_usd": "10000.00",
        "burst_times_capital": 12.0,
        "days_since_registration": 127,
    }
    assert last_hit(ledger).window == "21 rolling days of a new firm"
    assert {test.id: test.outcome for test in last_hit(ledger).tests} == {
        "was_quiet": "cannot_tell",
        "many_times_its_past": "cannot_tell",
        "new_firm": "met",
        "many_times_its_capital": "met",
    }


@pytest.mark.parametrize(
    "facts",
    [
        NEW | {"registered_on": date(2024, 4, 6)},
        NEW | {"registered_on": None},
        NEW | {"capital_krw": None},
        NEW | {"capital_krw": "0"},
        NEW | {"turnover_krw": None},
        NEW | {"capital_krw": "16800014"},
        NEW | {"turnover_krw": "0"},
        NEW | {"turnover_krw": "292001000"},
    ],
    ids=[
        "a year and a day",
        "no date",
        "no capital",
        "none",
        "no turnover",
        "below ten",
        "turnover of none",
        "its pace",
    ],
)
def test_what_the_profile_does_not_tell_is_not_met(facts):
    """A missing field never counts against a firm; nor does a burst below either line."""
    assert new_firm(facts).firing("T14") == []


@pytest.mark.parametrize(
    "facts",
    [
        NEW | {"registered_on": date(2024, 4, 7)},
        NEW | {"registered_on": date(2025, 6, 1)},
        NEW | {"capital_krw": "16800000"},
        NEW | {"turnover_krw": "292000000"},
    ],
    ids=["a year", "not registered yet", "ten times", "ten times its turnover's pace"],
)
def test_a_firm_at_the_lines_fires(facts):
    """365 days, ten times the capital, ten times what its turnover comes to in three weeks."""
    assert new_firm(facts).firing("T14") == ["e5"]


def test_five_payments_are_too_few_for_a_firm_without_a_past():
    """However much they come to."""
    assert new_firm(burst=(40_000.0,) * 5).firing("T14") == []


def test_a_person_is_no_new_firm():
    """Whatever the profile says."""
    assert new_firm(NEW | {"party_type": "person"}, party_type="person").firing("T14") == []


@pytest.mark.parametrize(
    ("before", "burst", "fires"),
    [
        ((900.0,) * 3, (9_000.0,) * 3, True),
        ((900.0,) * 2, (9_000.0,) * 3, False),
        ((900.0,) * 3, (8_999.99,) * 3, False),
        ((100.0,) * 3, (6_666.66,) * 3, False),
    ],
    ids=["ten times", "two payments before", "less than ten times", "a small sum"],
)
def test_a_new_firms_flood_after_small_payments_fires(before, burst, fires):
    """Ten times what it paid before, and more than its capital and its turnover's pace."""
    ledger = new_firm(NEW, burst, before)
    assert ledger.firing("T14") == (["e2"] if fires else [])
    if fires:
        assert last_hit(ledger).window == "21 rolling days of a new firm"
        assert ledger.measured("T14")["times_mean"] == 10.0


def test_a_flood_up_to_the_capital_is_none():
    """A firm of 27 000 USD capital may spend it."""
    facts = NEW | {"capital_krw": "37800000"}
    assert new_firm(facts, (9_000.0,) * 3, (900.0,) * 3).firing("T14") == []
    assert new_firm(facts, (9_000.0, 9_000.0, 9_000.01), (900.0,) * 3).firing("T14") == ["e2"]


def test_a_flood_up_to_the_turnovers_pace_is_none():
    """27 000 in three weeks is the business of a firm of 469 286 USD a year."""
    assert new_firm(NEW | {"turnover_krw": "657010000"}, (9_000.0,) * 3, (900.0,) * 3).firing("T14") == []
    assert new_firm(NEW | {"turnover_krw": "657000000"}, (9_000.0,) * 3, (900.0,) * 3).firing("T14") == ["e2"]


# -- what is remembered ----------------------------------------------------------------------------------------------


def test_a_party_of_five_weeks_has_a_slot_of_a_few_bytes_and_a_younger_one_none():
    """Rows say all of its life until then."""
    ledger = FirmLedger()
    ledger.send("a", later(), 500, **PERSON)
    ledger.send("b", later(days=34.9), 500, **PERSON)
    assert "T14" not in unpack(ledger.state.parties[PARTY]).slots
    ledger.send("c", later(days=35), 500, **PERSON)
    found = life_of(ledger)
    assert (found.count, found.cents, found.blocks) == (1, 50_000, 1)
    assert len(msgspec.msgpack.encode(found)) < 60


def test_every_payment_is_taken_once_whatever_the_pace():
    """A year of payments every third day: the totals are those of what is older than five weeks at the latest."""
    ledger = FirmLedger()
    for number in range(120):
        ledger.send(f"e{number}", later(days=3 * number), 100, **PERSON)
    found = life_of(ledger)
    newest = to_us(later(days=3 * 119))
    assert newest - 35 * DAY_US < found.until_us <= newest - 28 * DAY_US
    before = [number for number in range(120) if to_us(later(days=3 * number)) < found.until_us]
    assert (found.count, found.cents) == (len(before), len(before) * 10_000)
    assert found.recent == tuple(to_us(later(days=3 * number)) for number in before[-MOST_RECENT:])


def test_a_payment_told_after_its_time_was_taken_counts_in_the_totals():
    """Its row is not looked at again."""
    ledger = FirmLedger()
    for number in range(5):
        ledger.send(f"e{number}", later(days=20 * number), 100, **PERSON)
    before = life_of(ledger)
    ledger.send("late", later(days=50), 300, **PERSON)
    after = life_of(ledger)
    assert (after.count, after.cents) == (before.count + 1, before.cents + 30_000)
    assert after.recent == tuple(sorted(after.recent))


def row(at_us, usd=100, flags=0, event=1) -> bytes:
    """A packed payment."""
    return Payment(
        time=at_us,
        amount_us=at_us,
        event=event,
        payment=0,
        beneficiary=7,
        usd=usd,
        amount=1,
        offset=at_us,
        purpose=0,
        institution=0,
        currency=0,
        exponent=0,
        flags=flags,
    ).packed()


def rows_of(*packed: bytes) -> payments.Rows:
    """Rows as a party has them."""
    return payments.unpacked_rows(b"".join(packed))


def test_payments_taken_back_whole_are_none_and_those_without_a_rate_are():
    """What was not worth anything because no rate was known was paid all the same."""
    found = rows_of(row(1, 1), row(2, 0), row(3, 0, RATE_MISSING), row(4, 0, RATE_MISSING | REVERSED))
    assert alive(found)["time"].tolist() == [1, 3]


def test_rows_are_taken_from_where_the_last_time_ended_up_to_the_new_one():
    """Both ends: the first counts, the last does not."""
    found = rows_of(*(row(at_us) for at_us in (5, 1, 4, 3, 2)))
    assert taken(Life(until_us=2, count=1, cents=7, blocks=1, block=0, recent=(1,)), found, 4) == Life(
        4, 3, 207, 1, 0, (1, 2, 3)
    )
    assert taken(Life(until_us=4), found, 3).until_us == 4


def test_stretches_of_three_weeks_with_a_payment_are_counted():
    """One that was counted before is not counted again."""
    found = rows_of(row(0), row(BLOCK_US - 1), row(BLOCK_US), row(4 * BLOCK_US))
    life = taken(Life(), found, BLOCK_US)
    assert (life.blocks, life.block, life.mean) == (1, 0, 200)
    life = taken(life, found, 5 * BLOCK_US)
    assert (life.blocks, life.block, life.mean) == (3, 4, 133)
    assert Life().mean == 0


def test_since_counts_from_a_time_on():
    """The time itself counts."""
    assert Life(recent=(1, 2, 3)).since(2) == 2


def test_a_late_payment_is_one_more_of_known_weeks():
    """A life that had none has one then."""
    late = payments.unpacked(row(5))
    assert with_late(Life(until_us=9, count=1, cents=50, blocks=2, block=3, recent=(4, 6)), late) == Life(
        9, 2, 150, 2, 3, (4, 5, 6)
    )
    assert with_late(Life(until_us=9), late).blocks == 1
    many = Life(recent=tuple(range(10, 10 + MOST_RECENT)))
    assert with_late(many, late).recent == many.recent


@pytest.mark.parametrize(
    ("asked", "new", "count", "amount"),
    [
        (3.0, 0.0, 3, 7333.333333),
        (0.0, 0.0, 1, 22000.0),
        (400.0, 0.0, 12, 1833.333333),
        (3.0, 4.0, 4, 5500.0),
        (3.0, 400.0, 12, 1833.333333),
    ],
)
def test_a_trial_pays_what_the_limits_ask_for(asked, new, count, amount):
    """As many as both counts ask for, twelve at most, a tenth more than the least sum."""
    limits = {"burst_payments_min": asked, "new_payments_min": new, "burst_min": 20_000.0}
    day = TrialDay(date(2025, 3, 3), later(), lambda name: limits[name])
    known, *tried = [event for _, event in DormantBurst().trial(day)]
    assert (known.party, known.registered_on, known.capital_krw) == (tried[0].party, day.day, "1000")
    assert [float(event.amount) for event in tried] == [amount] * count
    assert len({event.event_time for event in tried}) == count
    assert {event.party_type for event in tried} == {"company"}
