"""T18: which goods are odd for a firm, when a money business has outgrown itself, and what is remembered of both."""

from datetime import date

import msgspec
import pytest

from detectors.books.party import Facts, unpack
from detectors.typologies import firm
from detectors.typologies.declared import TrialDay
from detectors.typologies.kept_payments import Kept
from detectors.typologies.t18_industries import CHAPTERS, MACHINERY, chapters_of
from detectors.typologies.t18_memory import BLOCK_US, KEPT_DAYS, MOST_BLOCKS, WINDOW_DAYS, Dealings, Goods
from detectors.typologies.t18_mismatch import BusinessMismatch, Slot
from detectors.values.legal_calendar import DAY_US, to_us
from detectors.values.money import LARGEST_CENTS
from tests.support.declared_lines import declaration
from tests.support.firms import PARTY, FirmLedger
from tests.support.ledger import START, later

CLOTHES, MEAT, FISH, MACHINES = "610910", "020230", "030617", "845210"
MAKER = {"industry_code": "C14"}


def dealt(facts=MAKER, own=5, odd=3, usd=40_000.0, code=MEAT, step=10.0, **fields):
    """A firm's payments for its own goods, then for others."""
    ledger = FirmLedger(**facts)
    for number in range(own):
        ledger.send(f"b{number}", later(days=number), 1_000, hs_code=CLOTHES, **fields)
    for number in range(odd):
        ledger.send(f"e{number}", later(days=20 + step * number), usd, hs_code=code, **fields)
    return ledger


def kept(ledger) -> Slot:
    """The firm's slot."""
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T18"], type=Slot)


def hit_of(ledger):
    """The newest alert and its hit of T18."""
    found = [(alert, hit) for seen in ledger.seen for alert in seen.alerts for hit in alert.typologies]
    return [(alert, hit) for alert, hit in found if hit.id == "T18"][-1]


# -- goods -----------------------------------------------------------------------------------------------------------


def test_the_third_payment_for_goods_of_another_business_fires():
    """Together 120 000 USD within ninety days."""
    ledger = dealt()
    assert ledger.firing("T18") == ["e2"]
    assert ledger.measured("T18") == {
        "odd_goods_sum": "120000.00",
        "odd_goods_count": 3,
        "odd_chapters": 1,
        "own_goods_count": 5,
    }
    assert hit_of(ledger)[1].window == "odd goods of 90 days"


@pytest.mark.parametrize(
    "changes",
    [
        {"own": 4},
        {"odd": 2, "usd": 90_000.0},
        {"usd": 33_333.33},
        {"step": 45.0},
        {"code": CLOTHES},
        {"code": MACHINES},
        {"facts": {"industry_code": "G479"}},
        {"facts": {"industry_code": None}},
        {"facts": {}},
        {"facts": {"industry_code": "G463"}},
        {"facts": MAKER | {"party_type": "person"}, "party_type": "person"},
        {"facts": MAKER | {"party_type": "bank"}, "party_type": "bank"},
    ],
    ids=str,
)
def test_what_does_not_fire(changes):
    """A short past, too few, too small, too slow, own goods, machines, an industry that tells nothing, no firm."""
    assert dealt(**changes).firing("T18") == []


@pytest.mark.parametrize(
    "changes", [{"usd": 33_333.34}, {"step": 44.9}, {"direction": "in"}, {"facts": {"industry_code": "C1411"}}], ids=str
)
def test_what_is_just_enough_fires(changes):
    """100 000 USD, ninety days; receipts for goods as well, and an industry by its longer code."""
    assert dealt(**changes).firing("T18") == ["e2"]


@pytest.mark.parametrize(("told", "fires"), [({}, ["e2"]), ({"currency": "VND"}, [])], ids=["a cent", "no rate"])
def test_a_payment_of_a_cent_counts_and_one_of_unknown_worth_does_not(told, fires):
    """Of the firm's own goods before the odd ones."""
    ledger = FirmLedger(**MAKER)
    for number in range(5):
        ledger.send(f"b{number}", later(days=number), 0.01, hs_code=CLOTHES, **told)
    for number in range(3):
        ledger.send(f"e{number}", later(days=20 + number), 40_000, hs_code=MEAT)
    assert ledger.firing("T18") == fires


def test_a_sole_trader_is_a_firm():
    """And its profile says so."""
    assert dealt(MAKER | {"party_type": "sole_trader"}, party_type="sole_trader").firing("T18") == ["e2"]


def test_goods_that_the_firm_dealt_in_before_are_its_own():
    """Before its industry was told, or 125 days ago."""
    ledger = FirmLedger()
    ledger.send("meat", later(), 1_000, hs_code=MEAT)
    ledger.profile(later(days=1), **MAKER)
    for number in range(3):
        ledger.send(f"e{number}", later(days=20 + number), 40_000, hs_code=MEAT)
    assert ledger.firing("T18") == []
    ledger = dealt(odd=1)
    ledger.send("x", later(days=20 + KEPT_DAYS), 1_000, hs_code=CLOTHES)
    assert (kept(ledger).goods.seen, kept(ledger).goods.count, kept(ledger).goods.odd) == ([2, 61], 7, [])


@pytest.mark.parametrize(("before", "fires"), [(4, False), (5, True)])
def test_own_goods_count_that_came_before_the_first_odd_ones(before, fires):
    """Who deals in both from the start has one business, however many payments for its own goods follow."""
    ledger = FirmLedger(**MAKER)
    for number in range(before):
        ledger.send(f"b{number}", later(days=number), 5_000, hs_code=CLOTHES)
    for number in range(4):
        ledger.send(f"o{number}", later(days=10 + 10 * number), 40_000, hs_code=MEAT)
        ledger.send(f"a{number}", later(days=12 + 10 * number), 5_000, hs_code=CLOTHES)
    assert ledger.firing("T18") == (["o2", "o3"] if fires else [])


def test_the_past_is_told_anew_once_odd_goods_became_the_firms_own():
    """After 125 days they are part of it."""
    goods = Goods(count=1)
    assert goods.past == 1
    goods.before, goods.odd, goods.count = goods.past, [odd(0)], 9
    assert goods.past == 1
    goods.age(125 * DAY_US)
    assert (goods.past, goods.odd) == (10, [])


def test_a_new_industry_in_the_profile_makes_its_goods_usual():
    """Those paid before stay odd for a while, and fire no more."""
    ledger = dealt(odd=2)
    ledger.profile(later(days=35), industry_code="G463")
    for number in range(3):
        ledger.send(f"n{number}", later(days=40 + number), 40_000, hs_code=FISH)
    assert ledger.firing("T18") == []


def test_goods_of_an_industry_that_the_firm_had_before_are_its_own():
    """A firm that turned to food goes on with clothes that it had not paid for yet."""
    ledger = dealt(odd=0)
    ledger.profile(later(days=10), industry_code="G463")
    for number in range(3):
        ledger.send(f"n{number}", later(days=20 + number), 40_000, hs_code="420221")
    assert ledger.firing("T18") == []
    assert kept(ledger).goods.industries == ["C14", "G463"]


def test_four_industries_are_remembered_once_each():
    """The newest last."""
    goods = Goods()
    for industry in ("A", "B", "B", "C", "D", "E", "B"):
        goods.note(industry)
    assert goods.industries == ["B", "C", "D", "E"]


def test_odd_goods_are_said_in_both_languages():
    """Industry, own chapters, odd chapters."""
    ledger = dealt(odd=2)
    ledger.send("e2", later(days=40), 40_000, hs_code=FISH)
    alert, _ = hit_of(ledger)
    reason = next(one for one in alert.reasons if one.feature == "T18")
    assert reason.text_en == (
        "This firm is registered under the industry (C14), and its 5 earlier payments for goods were of the HS "
        "chapters 61. Within 90 days 3 payments of 120,000.00 USD were for goods of the chapters 02, 03, which go with "
        "neither. From 100,000.00 USD on it is told (fxwatch default, in force since 2001-01-01). A business may "
        "change: what was paid for requires a check."
    )
    assert reason.text_ko == (
        "이 업체의 등록 업종은 (C14)이며, 기존 물품 거래 5건의 품목 류는 61입니다. 최근 90일 동안 업종과 기존 거래에 "
        "없는 품목 류 02, 03에 대하여 3건, 합계 미화 120,000.00달러가 거래되었습니다. 기준은 미화 "
        "100,000.00달러입니다(시스템 기본값, 2001년 1월 1일 시행). 사업의 변경일 수 있으므로 실제 거래 물품의 확인이 "
        "필요합니다."
    )
    assert reason.own_n == 5
    assert [(one.change.split(" / ")[0], one.would_alert) for one in alert.counterfactual] == [
        ("Had this payment not been made, T18 would not have fired", False)
    ]
    assert ledger.fired["e2"]["T18"] == 0.5833


@pytest.mark.parametrize(
    ("fields", "outcomes"),
    [
        ({}, ("transactions.counterparty_bank_country", "transactions.declaration_no")),
        ({"counterparty_bank_country": "VN", "declaration_no": "D-1"}, ("not_met", "met")),
        ({"counterparty_bank_country": "HK"}, ("met", "transactions.declaration_no")),
    ],
    ids=str,
)
def test_route_and_declaration_are_tests_of_their_own(fields, outcomes):
    """The other side is in Vietnam."""
    _, hit = hit_of(dealt(**{"counterparty_country": "VN"} | fields))
    found = {test.id: test.missing or test.outcome for test in hit.tests}
    assert found["goods_of_another_business"] == "met"
    assert (found["bank_in_another_country"], found["declaration_named"]) == outcomes


def test_strength_grows_with_the_sum():
    """Half at the line, three quarters at its double."""
    assert dealt(odd=4, usd=25_000.0).fired["e3"]["T18"] == 0.5
    assert dealt(odd=4, usd=50_000.0).fired["e3"]["T18"] == 0.75
    assert dealt(usd=900_000.0).fired["e2"]["T18"] == 0.85


def test_a_return_takes_the_alert_back_and_a_small_one_does_not():
    """Two payments are left."""
    for amount, statuses in (("40000.00", ["raised", "retracted"]), ("1.00", ["raised"])):
        ledger = dealt()
        given = {"party": PARTY, "party_type": "company", "purpose": "10101", "evidence": "shown", "hs_code": MEAT}
        back = ledger.pay("r", later(days=41), amount, status="returned", original_event_id="e1", **given)
        assert [a.status for seen in (*ledger.seen, back) for a in seen.alerts if a.typologies] == statuses


def test_an_alert_stands_where_what_it_rests_on_may_be_kept_no_more():
    """A return more than 35 days after it."""
    ledger = dealt()
    ledger.send("later", later(days=76), 300, hs_code=CLOTHES)
    given = {"party": PARTY, "party_type": "company", "purpose": "10101", "evidence": "shown", "hs_code": MEAT}
    back = ledger.pay("r", later(days=77), "40000.00", status="returned", original_event_id="e1", **given)
    assert back.alerts == ()


def test_a_settlement_of_an_order_for_odd_goods_counts_once():
    """It takes another place in the ledger."""
    ledger = dealt(odd=2)
    for name, status in (("o", "ordered"), ("s", "settled")):
        ledger.send(name, later(days=41), 40_000, hs_code=MEAT, status=status, payment_id="P1")
    assert ledger.measured("T18")["odd_goods_count"] == 3
    assert len(kept(ledger).goods.odd) == 3


# -- what customs saw ------------------------------------------------------------------------------------------------


def named(ledger, number, code=None, seen=MEAT, **fields):
    """A payment that names a declaration of 40 000 USD, which customs told a day before."""
    if seen is not None:
        line = {"counterparty": "k1.111.payee", "party": PARTY, "declaration_no": f"N{number}", "hs_code": seen}
        declared = declaration(f"d{number}", later(days=19 + 10 * number), "40000.00", **line)
        ledger.put(declared, ledger.origin("customs.declarations.v1"))
    told = {"hs_code": code, "declaration_no": f"N{number}", "counterparty": "k1.111.payee"} | fields
    ledger.send(f"e{number}", later(days=20 + 10 * number), 40_000, **told)


@pytest.mark.parametrize(
    ("code", "seen", "fires"),
    [(None, MEAT, True), (CLOTHES, MEAT, True), (MEAT, CLOTHES, False), (MEAT, None, True), (None, None, False)],
    ids=["no code", "another code", "own goods came", "nothing came", "neither"],
)
def test_goods_that_customs_saw_count_before_what_the_payment_says(code, seen, fires):
    """The declaration tells the chapter of a payment that names it."""
    ledger = dealt(odd=0)
    for number in range(3):
        named(ledger, number, code, seen)
    assert ledger.firing("T18") == (["e2"] if fires else [])


def test_the_chapter_is_the_first_two_of_six_digits():
    """The first heading of a chapter is told of no other one."""
    ledger = dealt(odd=0)
    named(ledger, 0, seen="0200010000")
    assert [one.tag for one in kept(ledger).goods.odd] == [2]


def test_a_declaration_of_goods_of_several_chapters_does_not_tell_which_were_paid():
    """Then the payment's own code counts, and without one nothing does."""
    for code, fires in ((MEAT, ["e2"]), (CLOTHES, []), (None, [])):
        ledger = dealt(odd=0)
        for number in range(3):
            line = {"counterparty": "k1.111.payee", "party": PARTY, "declaration_no": f"N{number}", "hs_code": FISH}
            second = declaration(f"s{number}", later(days=19 + 10 * number), "100.00", **line)
            ledger.put(second, ledger.origin("customs.declarations.v1"))
            named(ledger, number, code)
        assert ledger.firing("T18") == fires, code


def test_whether_declaration_and_payment_agree_is_told():
    """Of the newest payment; what is missing is named."""
    outcomes = []
    for code, seen in ((MEAT, MEAT), (CLOTHES, MEAT), (None, MEAT), (MEAT, None)):
        ledger = dealt(odd=0)
        for number in range(3):
            named(ledger, number, code, seen)
        (found,) = (one for one in hit_of(ledger)[1].tests if one.id == "declared_goods_agree")
        outcomes.append((found.outcome, found.missing))
    assert outcomes == [
        ("met", None),
        ("not_met", None),
        ("cannot_tell", "transactions.hs_code"),
        ("cannot_tell", None),
    ]
    (found,) = (one for one in hit_of(dealt())[1].tests if one.id == "declared_goods_agree")
    assert (found.outcome, found.missing) == ("cannot_tell", "transactions.declaration_no")


# -- money businesses ------------------------------------------------------------------------------------------------

# half a million dollars a year
CHANGER = {"industry_code": "K661", "turnover_krw": "700000000"}
# the days of a ledger on which a stretch of four weeks begins
FIRST = -(-to_us(START) // BLOCK_US) * BLOCK_US - to_us(START)
FIRST_DAY = FIRST / DAY_US


def changed(facts=CHANGER, usual=50_000.0, blocks=3, usd=125_000.0, **fields):
    """A money business's dealing in the middle of each four weeks, then one in the next."""
    ledger = FirmLedger(**facts)
    given = {"channel": "exchanger", "purpose": "90101", "evidence": "verified"} | fields
    for number in range(blocks):
        ledger.send(f"b{number}", later(days=FIRST_DAY + 14 + 28 * number), usual, **given)
    # four weeks and a day after the last one
    ledger.send("grown", later(days=FIRST_DAY + 15 + 28 * blocks), usd, **given)
    return ledger


def test_a_money_business_that_outgrew_its_past_and_its_turnover_fires():
    """Two and a half times the median, and a quarter of a year's turnover."""
    ledger = changed(blocks=4)
    assert ledger.firing("T18") == ["grown"]
    assert ledger.measured("T18") == {
        "dealings_sum": "125000.00",
        "dealings_count": 1,
        "usual_dealings": "50000.00",
        "times_usual_dealings": 2.5,
        "blocks_before": 2,
        "turnover_in_usd": "500000.00",
        "share_of_yearly_turnover": 0.25,
    }
    alert, hit = hit_of(ledger)
    reason = next(one for one in alert.reasons if one.feature == "T18")
    assert reason.text_en == (
        "This money business moved 125,000.00 USD in 1 payment within 28 days. That is 2.5 times the median of "
        "50,000.00 USD of its 2 earlier four weeks, from 2.5 times on it is told (fxwatch default, in force since "
        "2001-01-01). It is also more than 0.25 of the turnover of a year in its profile, 500,000.00 USD (fxwatch "
        "default, in force since 2001-01-01). Whether the business grew or others deal through it requires a check."
    )
    assert reason.text_ko.startswith(
        "이 환전 관련 업체는 28일 동안 1건, 합계 미화 125,000.00달러를 거래하였습니다. 이는 과거 4주 구간 2개의 중앙값"
    )
    assert (reason.own_baseline, reason.own_n, hit.window) == ("50000.00", 2, "dealings of 28 days")
    assert {test.id: test.outcome for test in hit.tests} == {
        "beyond_its_own_past": "met",
        "beyond_its_declared_size": "met",
        "registered_business": "cannot_tell",
    }
    assert ledger.fired["grown"]["T18"] == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"blocks": 3},
        {"usd": 124_999.99},
        {"usual": 50_000.01},
        {"facts": CHANGER | {"turnover_krw": "700001400"}},
        {"facts": CHANGER | {"turnover_krw": None}},
        {"facts": CHANGER | {"industry_code": "K64"}},
        {"facts": CHANGER | {"industry_code": None}},
        {"facts": {}},
        {"channel": "branch"},
        {"usual": 10_000.0, "usd": 99_999.99, "facts": CHANGER | {"turnover_krw": "14000000"}},
        {"facts": CHANGER | {"party_type": "person"}, "party_type": "person"},
    ],
    ids=str,
)
def test_a_money_business_within_its_size_does_not_fire(changes):
    """A short past, less than the multiple, the share or the least sum; a missing field; no such business."""
    assert changed(**{"blocks": 4} | changes).firing("T18") == []


def test_a_money_business_that_grew_and_said_so_does_not_fire():
    """The newest turnover counts."""
    ledger = FirmLedger(**CHANGER)
    given = {"channel": "exchanger", "purpose": "90101", "evidence": "verified"}
    for number in range(4):
        ledger.send(f"b{number}", later(days=FIRST_DAY + 14 + 28 * number), 50_000, **given)
    ledger.profile(later(days=FIRST_DAY + 120), **CHANGER | {"turnover_krw": "2800000000"})
    ledger.send("grown", later(days=FIRST_DAY + 127), 125_000, **given)
    assert ledger.firing("T18") == []


def test_the_register_tells_a_money_business_too():
    """An exchanger of another industry deals as one; the alert says that it is registered, and none that it is not."""
    for facts, fires in (
        ({"industry_code": "G479", "register": "exchanger"}, ["grown"]),
        ({"register": "exchanger"}, ["grown"]),
        ({"industry_code": "G479", "register": "small_remitter"}, []),
        ({"industry_code": "G479"}, []),
    ):
        ledger = changed({"turnover_krw": "700000000"} | facts, blocks=4)
        assert ledger.firing("T18") == fires, facts
        if fires:
            (test,) = (one for one in hit_of(ledger)[1].tests if one.id == "registered_business")
            assert (test.outcome, test.missing) == ("met", None)
    (test,) = (one for one in hit_of(changed(blocks=4))[1].tests if one.id == "registered_business")
    assert (test.outcome, test.missing) == ("cannot_tell", "profiles.register")


def test_a_money_businesss_goods_are_dealings():
    """What goes over the counter is never odd."""
    ledger = changed(blocks=4, hs_code=MEAT)
    assert ledger.firing("T18") == ["grown"]
    assert kept(ledger).goods == Goods()


def test_growth_stands_whatever_is_returned_later():
    """Its past is kept in sums, from which nothing is taken back."""
    ledger = changed(blocks=4)
    given = {"party": PARTY, "party_type": "company", "channel": "exchanger", "purpose": "90101"}
    back = ledger.pay(
        "r", later(days=FIRST_DAY + 128), "100000.00", status="returned", original_event_id="grown", **given
    )
    assert back.alerts == ()


# -- what is remembered ----------------------------------------------------------------------------------------------


def test_dealings_are_summed_by_four_weeks():
    """Blocks without any are nought; the first of all is left out, and so is what came before it."""
    dealings = Dealings()
    assert dealings.usual(0) == (0, 0)
    for block, cents in ((5, 7), (5, 3), (7, 30), (8, 20), (4, 99)):
        dealings.add(block * BLOCK_US, cents)
    assert (dealings.first, dealings.cents) == (5, [10, 0, 30, 20])
    assert dealings.before(8 * BLOCK_US - 1) == [0]
    assert dealings.before(8 * BLOCK_US) == [0, 30]
    assert dealings.before(5 * BLOCK_US) == dealings.before(0) == []
    assert dealings.usual(8 * BLOCK_US) == (15, 2)
    assert dealings.usual(9 * BLOCK_US) == (20, 3)


def test_a_year_of_four_weeks_is_kept():
    """Older ones go; sums end at what 64 bits hold."""
    dealings = Dealings()
    for block in range(20):
        dealings.add(block * BLOCK_US, block)
    assert (dealings.first, dealings.cents) == (20 - MOST_BLOCKS, list(range(20 - MOST_BLOCKS, 20)))
    dealings.add(19 * BLOCK_US, LARGEST_CENTS)
    assert dealings.cents[-1] == LARGEST_CENTS
    dealings.add(1_000 * BLOCK_US, 5)
    assert dealings.cents == [0] * (MOST_BLOCKS - 1) + [5]


def odd(time_us: int, tag: int = 2, offset: int = 0) -> Kept:
    """A payment for odd goods."""
    return Kept(time_us, offset, 100, tag)


def test_goods_are_seen_once_each_and_age():
    """Odd ones become the firm's own after 125 days."""
    goods = Goods(odd=[odd(0), odd(0, 3), odd(1)])
    goods.add(61)
    goods.add(61)
    assert (goods.seen, goods.count) == ([61], 2)
    goods.age(KEPT_DAYS * DAY_US)
    assert (goods.seen, goods.count, len(goods.odd)) == ([2, 3, 61], 4, 1)


def test_the_window_of_odd_goods_is_ninety_days_and_those_told_before():
    """In order of time, then of the ledger."""
    goods = Goods(odd=[odd(3 * DAY_US, offset=2), odd(3 * DAY_US, offset=1), odd(0), odd(1)])
    found = goods.window(WINDOW_DAYS * DAY_US)
    assert [(one.time_us, one.offset) for one in found] == [(1, 0), (3 * DAY_US, 1), (3 * DAY_US, 2)]


@pytest.mark.parametrize(
    ("code", "has", "has_not"),
    [("C14", 61, 2), ("c 14", 61, 2), ("C1411", 61, 2), ("G463", 2, 61), ("G46310", 2, 61), ("C20", 39, 61)],
)
def test_an_industry_has_the_goods_of_its_beginning(code, has, has_not):
    """However it is spelled, and however long it is."""
    found = chapters_of(code)
    assert has in found
    assert has_not not in found


@pytest.mark.parametrize("code", [None, "", "C1", "G46", "G479", "J62", "K66"])
def test_industries_without_a_row_tell_nothing(code):
    """General traders, retailers, services."""
    assert chapters_of(code) is None


def test_every_maker_buys_machines_and_chapters_are_those_that_there_are():
    """Chapter 77 is kept free by the Harmonized System, and 97 is its last."""
    assert all(MACHINERY in found for code, found in CHAPTERS.items() if code.startswith("C"))
    assert all(1 <= min(found) <= max(found) <= 97 for found in CHAPTERS.values())
    assert not any(MACHINERY in CHAPTERS[code] for code in ("G462", "G463"))


def test_a_money_business_is_told_by_its_industry_or_its_register():
    """KSIC 66, however long the code; no other register than that of exchangers."""
    facts = Facts(0, None, None, None, None, None, None, None, ())
    codes = ("K66", "k6619", "K64", "", None)
    found = [firm.is_money_business(msgspec.structs.replace(facts, industry_code=code)) for code in codes]
    assert found == [True, True, False, False, False]
    registers = ("exchanger", "small_remitter", "specialised")
    found = [firm.is_money_business(msgspec.structs.replace(facts, register=one)) for one in registers]
    assert found == [True, False, False]
    assert firm.is_money_business(None) is False


def test_a_trial_pays_for_its_own_goods_and_for_others():
    """Twenty of each at most."""
    limits = {"own_goods_min": 5.0, "odd_goods_payments": 3.0, "odd_goods_min": 90_000.0}
    day = TrialDay(date(2025, 3, 3), later(), lambda name: limits.get(name, 0.0))
    known, *tried = [event for _, event in BusinessMismatch().trial(day)]
    assert (known.party, known.industry_code) == (tried[0].party, "C14")
    assert [event.hs_code for event in tried] == [CLOTHES] * 5 + [MEAT] * 3
    assert [float(event.amount) for event in tried] == [100.0] * 5 + [33_000.0] * 3
    assert len({event.event_time for event in tried}) == 8
    limits |= {"own_goods_min": 500.0, "odd_goods_payments": 500.0}
    assert len(list(BusinessMismatch().trial(day))) == 41
