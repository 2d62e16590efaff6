"""T12: which purposes are odd for a person, how surprising a series of them is, and what is remembered of both."""

from datetime import date

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.typologies.declared import TrialDay
from detectors.typologies.kept_payments import Kept
from detectors.typologies.t12_past import DRIFT_DAYS, KEPT_DAYS, KINDS, NEW, Purposes, chance
from detectors.typologies.t12_past import STUDY as STUDY_PLACE
from detectors.typologies.t12_purpose_drift import PurposeDrift
from detectors.typologies.t12_words import NAMES
from detectors.values.legal_calendar import DAY_US
from tests.support.firms import PARTY, FirmLedger
from tests.support.ledger import later

GIFT, STUDY, LIVING, SERVICE, CAPITAL = "40101", "40201", "40301", "20101", "50401"
PERSON = {"party_type": "person"}


def drifted(past=7, odd=3, usd=15_000.0, purpose=STUDY, evidence="shown", usual=GIFT, step=3.0, **fields):
    """A person's gifts, then payments of another purpose."""
    ledger, kind = FirmLedger(), fields.get("party_type", "person")
    for number in range(past):
        ledger.send(f"b{number}", later(days=number), 300, purpose=usual, evidence="none", party_type=kind)
    for number in range(odd):
        given = {"purpose": purpose, "evidence": evidence} | PERSON | fields
        ledger.send(f"e{number}", later(days=30 + step * number), usd, **given)
    return ledger


def kept(ledger) -> Purposes:
    """The person's slot."""
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T12"], type=Purposes)


def hit_of(ledger):
    """The newest alert and its hit of T12."""
    found = [(alert, hit) for seen in ledger.seen for alert in seen.alerts for hit in alert.typologies]
    return [(alert, hit) for alert, hit in found if hit.id == "T12"][-1]


def test_the_third_payment_of_study_money_after_seven_gifts_fires():
    """Less than one chance in a thousand, and 45 000 USD with papers that nobody verified."""
    ledger = drifted()
    assert ledger.firing("T12") == ["e2"]
    assert ledger.measured("T12") == {
        "odd_payments": 3,
        "odd_sum": "45000.00",
        "odd_without_document": "0.00",
        "usual_payments": 7,
        "chance_of_purposes": 0.00097,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"past": 6},
        {"past": 4, "odd": 9, "evidence": "none", "usd": 1_500.0},
        {"past": 40, "odd": 2, "usd": 30_000.0},
        {"usd": 13_333.33},
        {"evidence": "none", "usd": 3_333.33},
        {"evidence": "verified"},
        {"report_no": "R-1"},
        {"purpose": CAPITAL},
        {"purpose": None},
        {"purpose": "unknown"},
        {"purpose": GIFT},
        {"direction": "in"},
        {"party_type": "company"},
        {"party_type": "sole_trader"},
        {"party_type": "bank"},
        {"step": 60.0},
    ],
    ids=str,
)
def test_what_does_not_fire(changes):
    """Likelier, a short past, too few, too small, verified, reported, capital, unknown, usual, no person's."""
    assert drifted(**changes).firing("T12") == []


@pytest.mark.parametrize(
    ("changes", "fires"),
    [
        ({"usd": 13_333.34}, ["e2"]),
        ({"evidence": "none", "usd": 3_333.34}, ["e2"]),
        ({"evidence": "exempt"}, ["e2"]),
        ({"past": 5, "odd": 4}, ["e3"]),
        ({"past": 6, "odd": 4}, ["e3"]),
        ({"step": 59.9}, ["e2"]),
    ],
    ids=str,
)
def test_what_is_just_enough_fires(changes, fires):
    """Each limit counts from its own value on; the window is 120 days."""
    assert drifted(**changes).firing("T12") == fires


def test_a_kind_of_a_tenth_of_the_past_is_usual():
    """One study payment of ten is usual, one of eleven is odd."""
    for gifts, fires in ((9, []), (10, ["x3"])):
        ledger = FirmLedger()
        ledger.send("first", later(), 300, purpose=STUDY, evidence="shown", **PERSON)
        for number in range(gifts):
            ledger.send(f"g{number}", later(days=1 + number), 300, purpose=GIFT, evidence="none", **PERSON)
        for number in range(4):
            ledger.send(f"x{number}", later(days=40 + number), 12_000, purpose=STUDY, evidence="shown", **PERSON)
        assert ledger.firing("T12") == fires
        assert any(one.tag < NEW for one in kept(ledger).odd) is bool(fires)


def test_several_odd_purposes_count_together():
    """Studies and services in turn."""
    ledger = FirmLedger()
    for number in range(12):
        ledger.send(f"b{number}", later(days=number), 300, purpose=GIFT, evidence="none", **PERSON)
    for number in range(4):
        purpose = (STUDY, SERVICE)[number % 2]
        ledger.send(f"e{number}", later(days=30 + number), 12_000, purpose=purpose, evidence="shown", **PERSON)
    assert ledger.firing("T12") == ["e3"]
    _, hit = hit_of(ledger)
    # 1/16.5 * 2/17.5 * 3/18.5 * 4/19.5
    assert {one.name: one.value for one in hit.measured}["chance_of_purposes"] == 0.00023


def test_what_is_found_is_said_in_both_languages():
    """The usual purposes with counts, the odd ones, the chance and the limit."""
    alert, hit = hit_of(drifted(evidence="none"))
    reason = next(one for one in alert.reasons if one.feature == "T12")
    assert reason.text_en == (
        "This person's 7 usual payments were for gifts (7). Within 120 days 3 payments of 45,000.00 USD followed for "
        "studies (3), all of it without any document. By that past such a series has a chance of 0.00097; below 0.001 "
        "it is told (fxwatch default, in force since 2001-01-01). Lives change: what the payments were for requires a "
        "check."
    )
    assert reason.text_ko == (
        "이 개인의 평소 지급 7건은 증여 (7)입니다. 이후 120일 동안 유학 (3) 사유로 3건, 합계 미화 45,000.00달러가 "
        "지급되었고, 모두 증빙서류가 없습니다. 과거 사유로 보아 이러한 지급이 이어질 확률은 0.00097이며, 기준은 0.001 "
        "미만입니다(시스템 기본값, 2001년 1월 1일 시행). 생활의 변화일 수 있으므로 실제 사유의 확인이 필요합니다."
    )
    assert (reason.own_n, hit.window) == (7, "odd purposes of 120 days")
    assert [(one.change.split(" / ")[0], one.would_alert) for one in alert.counterfactual] == [
        ("Had the bank verified the documents of this payment, T12 would not have fired", False)
    ]


@pytest.mark.parametrize(
    ("classes", "outcome"),
    [((), "cannot_tell"), (("tuition",), "not_met"), (("goods",), "met"), (("gambling",), "met"), (("crypto",), "met")],
    ids=str,
)
def test_a_text_of_another_purpose_is_a_test_of_its_own(classes, outcome):
    """Without a text it cannot be told."""
    _, hit = hit_of(drifted(remittance_classes=classes))
    found = {test.id: (test.outcome, test.missing) for test in hit.tests}
    assert found["text_of_another_purpose"][0] == outcome
    assert found["text_of_another_purpose"][1] == ("transactions.remittance_info" if not classes else None)
    assert found["student_or_stay"] == ("cannot_tell", None)
    assert found["without_documents"][0] == "not_met"
    assert found["no_verified_documents"][0] == found["purposes_unusual"][0] == "met"


def test_strength_grows_with_surprise():
    """Two fifths at the limit; each tenth of the chance takes a tenth of the rest."""
    assert drifted().fired["e2"]["T12"] == 0.4
    assert drifted(past=12, odd=4).fired["e3"]["T12"] == 0.46
    assert drifted(past=60, odd=24, step=1.0).fired["e23"]["T12"] == 0.85


def test_a_return_takes_the_alert_back_and_a_small_one_does_not():
    """Two of 15 000 are left."""
    for amount, statuses in (("15000.00", ["raised", "retracted"]), ("1.00", ["raised"])):
        ledger = drifted()
        given = {"party": PARTY, "status": "returned", "original_event_id": "e1", "purpose": STUDY, "evidence": "shown"}
        back = ledger.pay("r", later(days=40), amount, **given | PERSON)
        assert [a.status for seen in (*ledger.seen, back) for a in seen.alerts if a.typologies] == statuses
        assert sum(one.usd for one in kept(ledger).odd) == 4_500_000 - int(float(amount) * 100)


def test_an_alert_stands_where_what_it_rests_on_may_be_kept_no_more():
    """A return more than 35 days later finds odd payments that have become usual."""
    ledger = drifted()
    ledger.send("later", later(days=80), 300, purpose=GIFT, **PERSON)
    given = {"party": PARTY, "status": "returned", "original_event_id": "e1", "purpose": STUDY, "evidence": "shown"}
    assert ledger.pay("r", later(days=81), "15000.00", **given | PERSON).alerts == ()


def test_odd_payments_become_usual_after_155_days():
    """They count as the past of a later one."""
    ledger = drifted(odd=2)
    ledger.send("x", later(days=30 + KEPT_DAYS - 0.01), 300, purpose=GIFT, evidence="none", **PERSON)
    assert (len(kept(ledger).odd), kept(ledger).total) == (2, 8)
    ledger.send("y", later(days=33 + KEPT_DAYS), 300, purpose=GIFT, evidence="none", **PERSON)
    assert (len(kept(ledger).odd), kept(ledger).total) == (0, 11)
    assert kept(ledger).count(KINDS.index("study")) == 2


def test_a_payment_told_late_completes_the_series():
    """The others came after it."""
    ledger = drifted(odd=2, step=6.0)
    ledger.send("late", later(days=32), 15_000, purpose=STUDY, evidence="shown", **PERSON)
    assert ledger.firing("T12") == ["late"]


def test_a_settlement_of_an_odd_order_counts_once():
    """It takes another place in the ledger."""
    ledger = drifted(odd=2)
    for name, status in (("o", "ordered"), ("s", "settled")):
        given = {"purpose": STUDY, "evidence": "shown", "status": status, "payment_id": "P1"} | PERSON
        ledger.send(name, later(days=40), 15_000, **given)
    assert ledger.measured("T12")["odd_payments"] == 3
    assert len(kept(ledger).odd) == 3


def test_a_persons_slot_is_a_few_bytes():
    """Nine numbers and nothing else, where no purpose is odd."""
    assert len(unpack(drifted(odd=0).state.parties[PARTY]).slots["T12"]) <= 13


# -- study money, however short the past -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fires"),
    [
        ({}, ["e2"]),
        ({"past": 3}, ["e2"]),
        ({"usd": 19_999.99}, []),
        ({"odd": 2, "usd": 60_000.0}, []),
        ({"evidence": "none", "usd": 20_000.0}, ["e2"]),
        ({"evidence": "verified"}, []),
        ({"purpose": LIVING, "usd": 25_000.0}, []),
        ({"step": 60.0}, []),
        ({"report_no": "R-1"}, []),
    ],
    ids=str,
)
def test_study_money_of_a_person_who_had_none_fires(changes, fires):
    """Sixty thousand in three payments of 120 days; nobody has to have a past for that, and no other kind has it."""
    assert drifted(**{"past": 1, "usd": 20_000.0} | changes).firing("T12") == fires


def test_who_is_known_to_pay_for_studies_goes_on_and_a_verified_payment_says_nothing_of_others():
    """A study payment that became usual after 155 days; one whose documents were verified."""
    for evidence, days, fires in (("shown", KEPT_DAYS + 1, []), ("verified", 5, ["e2"]), ("shown", 5, ["e2"])):
        ledger = FirmLedger()
        ledger.send("first", later(), 300, purpose=STUDY, evidence=evidence, **PERSON)
        ledger.send("then", later(days=days), 300, purpose=GIFT, evidence="none", **PERSON)
        for number in range(3):
            at = later(days=days + 1 + number)
            ledger.send(f"e{number}", at, 20_000, purpose=STUDY, evidence="shown", **PERSON)
        assert ledger.firing("T12") == fires


@pytest.mark.parametrize(
    ("purpose", "told", "outcome", "missing"),
    [
        (STUDY, True, "met", None),
        (STUDY, False, "not_met", None),
        (STUDY, None, "cannot_tell", "transactions.designated_bank"),
        (SERVICE, False, "cannot_tell", None),
    ],
)
def test_studies_go_through_the_designated_bank(purpose, told, outcome, missing):
    """Regulation 4-5(2) asks it of studies and stays alone; a missing field is no breach."""
    hit = hit_of(drifted(purpose=purpose, designated_bank=told))[1]
    (test,) = (one for one in hit.tests if one.id == "designated_bank")
    assert (test.outcome, test.missing) == (outcome, missing)


def test_what_of_it_has_no_document_is_said_in_part():
    """Two payments with documents that were shown, one without any."""
    ledger = drifted(evidence="shown", odd=2)
    ledger.send("bare", later(days=60), 12_000, purpose=STUDY, evidence="none", **PERSON)
    reason = next(one for one in hit_of(ledger)[0].reasons if one.feature == "T12")
    assert "12,000.00 USD of it without any document and none with documents that the bank verified." in reason.text_en
    assert "그중 미화 12,000.00달러는 증빙서류가 없으며 은행이 확인한 증빙서류는 없습니다." in reason.text_ko


def test_study_money_is_said_in_its_own_words():
    """No chance is told of a past that is too short for one."""
    ledger = drifted(past=1, usd=20_000.0)
    alert, hit = hit_of(ledger)
    reason = next(one for one in alert.reasons if one.feature == "T12")
    assert reason.text_en == (
        "Within 120 days this person, not known to have paid for studies before, made 3 payments of 60,000.00 USD for "
        "studies, none of it with documents that the bank verified. From 60,000.00 USD on it is told "
        "(fxwatch default, in force since 2001-01-01). Whether there is a student requires a check."
    )
    assert reason.text_ko == (
        "과거 유학 지급이 확인되지 않은 이 개인은 120일 동안 유학 사유로 3건, 합계 미화 60,000.00달러를 "
        "지급하였고, 은행이 확인한 증빙서류는 없습니다. 기준은 미화 "
        "60,000.00달러입니다(시스템 기본값, 2001년 1월 1일 시행). 실제 유학생이 있는지 확인이 필요합니다."
    )
    assert "chance_of_purposes" not in ledger.measured("T12")
    assert next(test.outcome for test in hit.tests if test.id == "purposes_unusual") == "cannot_tell"
    assert ledger.fired["e2"]["T12"] == 0.4
    assert drifted(past=1, usd=40_000.0).fired["e2"]["T12"] == 0.7
    assert drifted(past=1, usd=400_000.0).fired["e2"]["T12"] == 0.85


def test_a_return_takes_study_money_back():
    """Two payments are left."""
    ledger = drifted(past=1, usd=20_000.0)
    given = {"party": PARTY, "status": "returned", "original_event_id": "e1", "purpose": STUDY, "evidence": "shown"}
    back = ledger.pay("r", later(days=40), "20000.00", **given | PERSON)
    assert [alert.status for alert in back.alerts] == ["retracted"]


def test_studies_kept_apart_are_part_of_the_past_of_other_kinds():
    """Not odd, and counted."""
    past = Purposes([0, 0, 0, 0, 3, 0, 0, 0, 0], [odd(0, STUDY_PLACE + NEW), odd(1, STUDY_PLACE)])
    assert (past.count(STUDY_PLACE), past.total) == (1, 4)
    assert Purposes(odd=[odd(0, NEW)]).count(0) == 1
    assert past.is_first(STUDY_PLACE)
    assert Purposes().is_first(STUDY_PLACE)
    assert not past.is_first(4)


# -- the past --------------------------------------------------------------------------------------------------------


def odd(time_us: int, tag: int = 5, offset: int = 0) -> Kept:
    """An odd payment."""
    return Kept(time_us, offset, 100, tag)


def test_the_chance_of_a_purpose_is_the_estimator_of_krichevsky_and_trofimov():
    """Half a payment for each kind that there is."""
    past = Purposes([0, 0, 0, 0, 7, 0, 0, 0, 0])
    assert chance(past, []) == 1.0
    assert chance(past, [5]) == 0.5 / 11.5
    assert chance(past, [4]) == 7.5 / 11.5
    assert chance(past, [5, 5]) == 0.5 / 11.5 * (1.5 / 12.5)
    assert chance(past, [5, 6]) == 1.0 / 11.5 * (2.0 / 12.5)
    assert chance(Purposes(), [5]) == 0.5 / 4.5


def test_counts_and_total_of_a_past():
    """None at first."""
    past = Purposes()
    assert (past.count(4), past.total) == (0, 0)
    past.add(4)
    past.add(4)
    past.add(8)
    assert (past.count(4), past.count(8), past.total) == (2, 1, 3)
    assert Purposes().counts == []


def test_the_window_begins_after_120_days_and_payments_told_before_later_ones_are_in_it():
    """In order of time, then of the ledger."""
    past = Purposes(odd=[odd(3 * DAY_US, offset=2), odd(3 * DAY_US, offset=1), odd(0), odd(1)])
    assert [(one.time_us, one.offset) for one in past.drift(DRIFT_DAYS * DAY_US)] == [
        (1, 0),
        (3 * DAY_US, 1),
        (3 * DAY_US, 2),
    ]
    assert len(past.drift(0)) == 4


def test_age_takes_both_tags_of_a_kind_for_the_same():
    """With a document shown and without."""
    past = Purposes(odd=[odd(0, 5), odd(0, 5 + len(KINDS)), odd(1, 5)])
    past.age(KEPT_DAYS * DAY_US)
    assert (past.count(5), past.total, len(past.odd)) == (2, 2, 1)


def test_every_kind_has_a_name():
    """In the order of the slots."""
    assert len(NAMES) == len(KINDS) == 9


def test_a_trial_pays_a_past_and_then_what_the_limits_ask_for():
    """Twice the past that is asked for; twenty of each are counted at most."""
    limits = {"past_min": 5.0, "odd_payments_min": 3.0, "bare_min": 10_000.0, "shown_min": 40_000.0}
    day = TrialDay(date(2025, 3, 3), later(), lambda name: limits.get(name, 0.0))
    tried = [event for _, event in PurposeDrift().trial(day)]
    assert [event.purpose for event in tried] == [GIFT] * 10 + [STUDY] * 3
    assert [float(event.amount) for event in tried[10:]] == [14_666.666667] * 3
    assert len({event.event_time for event in tried}) == 13
    limits |= {"past_min": 500.0, "odd_payments_min": 500.0}
    assert len(list(PurposeDrift().trial(day))) == 60
