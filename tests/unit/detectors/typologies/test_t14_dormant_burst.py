"""T14: which bursts fire after silence or of a new firm, what is remembered of a party, and what takes it back."""

from datetime import date

import msgspec
import pytest

from detectors.books import payments
from detectors.books.party import unpack
from detectors.books.payments import RATE_MISSING, REVERSED, Payment
from detectors.typologies.declared import TrialDay
from detectors.typologies.t14_dormant_burst import DormantBurst
from detectors.typologies.t14_life import BLOCK_US, MOST_RECENT, Life, alive, taken, with_late
from detectors.values.legal_calendar import DAY_US, to_us
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
        {"day": 196.9},
    ],
    ids=str,
)
def test_just_less_does_not_fire(changes):
    """Fewer, a smaller sum, less than ten times, too little of a past, too slow, or known for too short a time."""
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
        "This party made 3 payments of 24,000.00 USD within 21 days, with 1 counterparty. In the 180 days before, no "
        "payment was told. Its 3 payments of all the time before came to 1,500.00 USD on average in each three weeks "
        "in which it paid at all. The burst is 16.0 times that; from 10 times on it is told (fxwatch default, in force "
        "since 2001-01-01). Who uses the account, and what the payments were for, requires a check."
    )
    assert reason.text_ko == (
        "당사자는 21일 동안 상대방 1명과 3건, 합계 미화 24,000.00달러를 거래하였습니다. 직전 180일 동안 확인된 거래가 "
        "없으며, 그 이전 전체 기간의 거래 3건은 거래가 있던 3주마다 평균 미화 1,500.00달러였습니다. 이번 거래는 그 "
        "16.0배이며, 기준은 10배입니다(시스템 기본값, 2001년 1월 1일 시행). 계좌를 사용하는 자와 거래의 원인에 대한 "
        "확인이 필요합니다."
    )
    assert last_hit(ledger).window == "21 rolling days after the quiet time"


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


# -- a new firm ------------------------------------------------------------------------------------------------------


def new_firm(facts=NEW, burst=(20_000.0,) * 6, before=(), **fields):
    """A firm's payments: small ones in its first days, then others from the twentieth day on."""
    ledger = FirmLedger(**facts)
    for number, usd in enumerate(before):
        ledger.send(f"b{number}", later(days=1 + number), usd, **fields)
    for number, usd in enumerate(burst):
        ledger.send(f"e{number}", later(days=20 + number), usd, **fields)
    return ledger


def test_a_new_firm_beyond_ten_times_its_capital_and_a_years_turnover_fires():
    """Its capital is 10 000 USD, its turnover 100 000."""
    ledger = new_firm()
    assert ledger.firing("T14") == ["e5"]
    assert ledger.measured("T14") == {
        "burst_payments": 6,
        "burst_sum": "120000.00",
        "burst_counterparties": 1,
        "capital_in_usd": "10000.00",
        "burst_times_capital": 12.0,
        "days_since_registration": 117,
    }
    assert last_hit(ledger).window == "7 rolling days of a new firm"
    assert {test.id: test.outcome for test in last_hit(ledger).tests} == {
        "was_quiet": "cannot_tell",
        "many_times_its_past": "cannot_tell",
        "new_firm": "met",
        "many_times_its_capital": "met",
    }


@pytest.mark.parametrize(
    "facts",
    [
        NEW | {"registered_on": date(2024, 3, 27)},
        NEW | {"registered_on": None},
        NEW | {"capital_krw": None},
        NEW | {"capital_krw": "0"},
        NEW | {"turnover_krw": None},
        NEW | {"capital_krw": "16800014"},
        NEW | {"turnover_krw": "168000000"},
    ],
    ids=["a year and a day", "no date", "no capital", "none at all", "no turnover", "below ten times", "as turnover"],
)
def test_what_the_profile_does_not_tell_is_not_met(facts):
    """A missing field never counts against a firm; nor does a burst below either line."""
    assert new_firm(facts).firing("T14") == []


@pytest.mark.parametrize(
    "facts",
    [
        NEW | {"registered_on": date(2024, 3, 28)},
        NEW | {"registered_on": date(2025, 6, 1)},
        NEW | {"capital_krw": "16800000"},
        NEW | {"turnover_krw": "167999000"},
    ],
    ids=["a year", "not registered yet", "ten times", "above turnover"],
)
def test_a_firm_at_the_lines_fires(facts):
    """365 days, ten times the capital, a cent above the turnover."""
    assert new_firm(facts).firing("T14") == ["e5"]


def test_five_payments_are_too_few_for_a_firm_without_a_past():
    """However much they come to."""
    assert new_firm(burst=(40_000.0,) * 5).firing("T14") == []


def test_a_person_is_no_new_firm():
    """Whatever the profile says."""
    assert new_firm(NEW | {"party_type": "person"}, party_type="person").firing("T14") == []


RICH = NEW | {"turnover_krw": "14000000000"}


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
    """Within a week, ten times what it paid before, and more than its capital."""
    ledger = new_firm(RICH, burst, before)
    assert ledger.firing("T14") == (["e2"] if fires else [])
    if fires:
        assert last_hit(ledger).window == "7 rolling days of a new firm"
        assert ledger.measured("T14")["times_mean"] == 10.0


def test_a_flood_up_to_the_capital_is_none():
    """A firm of 27 000 USD capital may spend it."""
    facts = RICH | {"capital_krw": "37800000"}
    assert new_firm(facts, (9_000.0,) * 3, (900.0,) * 3).firing("T14") == []
    assert new_firm(facts, (9_000.0, 9_000.0, 9_000.01), (900.0,) * 3).firing("T14") == ["e2"]


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


def row(at_us, usd=100, flags=0) -> bytes:
    """A packed payment."""
    return Payment(
        time=at_us,
        amount_us=at_us,
        event=1,
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
