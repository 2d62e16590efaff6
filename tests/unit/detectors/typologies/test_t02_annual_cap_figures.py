"""T02: the figures and sentences of a crossed cap, with payments that are kept in totals only, and its edges."""

from datetime import date

import msgspec
import pytest

from detectors.books.folded_payments import Day, Folded
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED
from detectors.contracts.alert import LimitShown, Measured
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Finding, Past
from detectors.typologies.t02_annual_cap import AnnualCap
from detectors.typologies.t02_scopes import EVERYWHERE
from detectors.typologies.t02_words import law_tests
from detectors.wording import phrases
from tests.support.annual_cap import NAMES, SEOUL, SMALL, at, context, paid, table
from tests.support.ledger import configuration

RULE = AnnualCap()
CAP = LimitShown(name="annual_cap", value="100000", unit="USD", effective_from=date(2023, 7, 4), provenance="L")
GROWTH = LimitShown(name="growth_ratio", value=1.25, unit="ratio", effective_from=date(2001, 1, 1), provenance="D")


@pytest.mark.parametrize(("cents", "alone"), [(0, 0), (1, 100_000_01)])
def test_the_own_banks_part_alone_is_told_where_it_is_over_the_cap(cents, alone):
    """100 000 USD are the cap; another bank's 200 000 crossed it before."""
    found = RULE.evaluate(context(paid(at(2025, 3, 3), 200_000, "BANKB"), paid(at(2025, 3, 4), 100_000, cents=cents)))
    assert found.alone == alone


def measured(finding):
    """Measured values by name."""
    return {each.name: each.value for each in finding.measured}


def ordinal(*day):
    """A local day as folded payments know it."""
    return date(*day).toordinal()


# 81 000 USD of 2025 in eight payments, of which 10 000 USD in one went through small remitters
FOLDED = Folded(
    count=9,
    days={
        ordinal(2025, 3, 1): Day(8_000_000, 6, 1_000_000, 1, 700_000, 1, 50_000, 1),
        ordinal(2025, 2, 1): Day(100_000, 2),
        ordinal(2024, 12, 31): Day(99_999_900, 1),
    },
    institutions={
        2025: {"BANKA": (5_000_000, 1_000_000), "BANKD": (2_000_000, 0), "": (600_000, 0), "BANKE": (500_000, 0)},
        2024: {"BANKG": (99_999_900, 0)},
    },
)


def with_folded():
    """Three payments beside the folded ones; those of other years, inbound, or with documents do not count."""
    return context(
        paid(at(2024, 12, 31, 23, 59), 400_000),
        paid(at(2025, 1, 10, 10), 30_000, "BANKB"),
        paid(at(2025, 3, 1), 20_000, "BANKA"),
        paid(at(2025, 3, 2), 50_000, "BANKA", OUT | SETTLED),
        paid(at(2025, 3, 3), 60_000, "BANKA", NO_DOCUMENT | SETTLED),
        paid(at(2025, 6, 1, 12), 5_000, "BANKZ"),
        folded=FOLDED, slots={2024: 4_000_000},
    )  # fmt: skip


def test_all_that_an_alert_says_of_a_crossed_cap():
    """30 000 on 10 January, 1 000 folded on 1 February, 80 000 folded on 1 March: crossed, and two payments after it.

    136 000 USD are 36 000 over the cap: 3.6 tenths of it, and 1 - 0.3 x 0.5 ** 3.6 is 0.9753.
    """
    finding = RULE.evaluate(with_folded())
    english = (
        "In 2025 this person remitted 136,000.00 USD without documents or report in 11 payments through all "
        "institutions (BANKA 70,000.00 USD, BANKB 30,000.00 USD, BANKD 20,000.00 USD, other institutions 6,000.00 USD, "
        "BANKE 5,000.00 USD and 1 more). The yearly cap is 100,000.00 USD (law, in force since 2023-07-04, figure not "
        "yet checked against the text). It was crossed on 2025-03-01 and is exceeded by 36,000.00 USD; 2 further "
        "payments followed the crossing. In 2024 the total was 40,000.00 USD."
    )
    korean = (
        "송금인은 2025년 중 전 금융기관을 통하여 증빙서류나 신고 없이 11건, 합계 미화 136,000.00달러를 송금하였습니다"
        "(BANKA 미화 70,000.00달러, BANKB 미화 30,000.00달러, BANKD 미화 20,000.00달러, 기타 기관 미화 6,000.00달러, "
        "BANKE 미화 5,000.00달러 외 1개 기관). 연간 한도는 미화 100,000.00달러"
        "(법령, 2023년 7월 4일 시행, 원문 확인 필요)입니다. 2025년 3월 1일에 한도를 넘어 현재 초과 금액은 미화 "
        "36,000.00달러이며, 초과 이후 2건을 추가로 송금하였습니다. 2024년 합계는 미화 40,000.00달러였습니다."
    )
    assert finding == Finding(
        strength=0.9753,
        limits=(CAP, GROWTH),
        window="calendar year 2025",
        measured=(
            Measured(name="annual_total", value="136000.00", unit="USD"),
            Measured(name="over_cap", value="36000.00", unit="USD"),
            Measured(name="payments", value=11, unit="count"),
            Measured(name="cap_crossed_on", value="2025-03-01", unit="local date"),
            Measured(name="payments_after_crossing", value=2, unit="count"),
            Measured(name="total at BANKA", value="70000.00", unit="USD"),
            Measured(name="total at BANKB", value="30000.00", unit="USD"),
            Measured(name="total at BANKD", value="20000.00", unit="USD"),
            Measured(name="total at other institutions", value="6000.00", unit="USD"),
            Measured(name="total at BANKE", value="5000.00", unit="USD"),
            Measured(name="total at BANKZ", value="5000.00", unit="USD"),
            Measured(name="folded_payments", value=8, unit="count"),
            Measured(name="folded_orders_not_settled", value="7000.00", unit="USD"),
            Measured(name="returns_not_matched", value="500.00", unit="USD"),
        ),
        offsets=(101, 102, 105),
        institutions=("BANKA", "BANKB", "BANKD", "BANKE", "BANKZ"),
        series="2025 all",
        size=13_600_000,
        growth=125,
        memory_us=366 * 86_400_000_000,
        at_risk=3_600_000,
        value="136000.00",
        unit="USD",
        own_baseline="40000.00",
        own_n=1,
        peer_baseline=None,
        folded=8,
        institution="BANKZ",
        # BANKZ is the payment's own; without BANKA 66 000 are left, under the cap, without BANKB 106 000
        parts=(
            ("BANKA", 7_000_000),
            ("BANKB", 3_000_000),
            ("BANKD", 2_000_000),
            ("", 600_000),
            ("BANKE", 500_000),
            ("BANKZ", 500_000),
        ),
        without=(("BANKB", 10_600_000),),
        text_en=english + phrases.folded_payments(8, 700_000, 50_000),
        text_ko=korean + phrases.folded_payments_ko(8, 700_000, 50_000),
        # no institution is above the cap alone; the payment of 5 000 is not above the line
        tests=law_tests(with_folded(), EVERYWHERE, at_one=False),
    )


def small_remitters(folded=None):
    """In 2024: 9 000 through a bank, 30 000, 25 000 and 2 000 through small remitters."""
    return context(
        paid(at(2024, 1, 5, 9), 9_000, "BANKB"),
        paid(at(2024, 2, 5, 9), 30_000, "FINA", SMALL),
        paid(at(2024, 3, 5, 9), 25_000, "FINB", SMALL),
        paid(at(2024, 4, 5, 9), 2_000, "FINA", SMALL),
        folded=folded,
    )  # fmt: skip


def test_small_remitters_are_added_up_alone():
    """57 000 are 7 000 over their cap, though 66 000 in all are under the other one: 1 - 0.3 x 0.5 ** 1.4."""
    finding = RULE.evaluate(small_remitters())
    assert (finding.series, finding.size, finding.at_risk, finding.strength) == (
        "2024 small remitters",
        5_700_000,
        700_000,
        0.8863,
    )
    assert [(each.name, each.value) for each in finding.measured] == [
        ("annual_total", "57000.00"),
        ("over_cap", "7000.00"),
        ("payments", 3),
        ("cap_crossed_on", "2024-03-05"),
        ("payments_after_crossing", 1),
        ("total at FINA", "32000.00"),
        ("total at FINB", "25000.00"),
    ]
    assert (finding.own_baseline, finding.own_n, finding.folded) == (None, 0, 0)
    assert finding.text_en == (
        "In 2024 this person remitted 57,000.00 USD without documents or report in 3 payments through small remitters "
        "(FINA 32,000.00 USD, FINB 25,000.00 USD). The yearly cap is 50,000.00 USD (law, in force since 2023-07-04, "
        "figure not yet checked against the text). It was crossed on 2024-03-05 and is exceeded by 7,000.00 USD; "
        "1 further payment followed the crossing. No payment without documents is known for 2023."
    )
    assert finding.text_ko == (
        "송금인은 2024년 중 소액해외송금업자를 통하여 증빙서류나 신고 없이 3건, 합계 미화 57,000.00달러를 "
        "송금하였습니다(FINA 미화 32,000.00달러, FINB 미화 25,000.00달러). 연간 한도는 미화 50,000.00달러"
        "(법령, 2023년 7월 4일 시행, 원문 확인 필요)입니다. 2024년 3월 5일에 한도를 넘어 현재 초과 금액은 미화 "
        "7,000.00달러이며, 초과 이후 1건을 추가로 송금하였습니다. 2023년의 무증빙 송금은 확인되지 않습니다."
    )


def test_of_folded_payments_small_remitters_have_their_own_part():
    """4 000 folded, 1 000 of it in two payments through small remitters: 58 000, and no bank's part is named."""
    folded = Folded(3, {ordinal(2024, 4, 1): Day(400_000, 3, 100_000, 2)},
                    {2024: {"BANKB": (300_000, 0), "FINB": (100_000, 100_000)}})  # fmt: skip
    finding = RULE.evaluate(small_remitters(folded=folded))
    values = measured(finding)
    assert (finding.size, values["payments"], values["payments_after_crossing"]) == (5_800_000, 5, 3)
    assert {name: value for name, value in values.items() if name.startswith("total at")} == {
        "total at FINA": "32000.00",
        "total at FINB": "26000.00",
    }


@pytest.mark.parametrize(("cents", "crossed"), [(0, False), (1, True)])
def test_the_cap_of_small_remitters_is_crossed_by_a_cent(cents, crossed):
    """Exactly 50 000 USD are allowed."""
    seen = context(
        paid(at(2024, 2, 5), 30_000, "FINA", SMALL), paid(at(2024, 3, 5), 20_000, "FINB", SMALL, cents=cents)
    )
    assert (RULE.evaluate(seen) is not None) is crossed


def test_a_payment_through_a_bank_does_not_complete_the_cap_of_small_remitters():
    """55 000 went through them before; what is paid now went through a bank."""
    rows = [paid(at(2024, 2, 5), 55_000, "FINA", SMALL), paid(at(2024, 3, 5), 100, "BANKA")]
    assert RULE.evaluate(context(*rows)) is None
    assert RULE.evaluate(context(*reversed(rows))) is not None


def test_the_cap_of_small_remitters_holds_while_the_total_is_just_the_other_cap():
    """45 000 through a bank and 55 000 through small remitters are exactly 100 000: only their own is crossed."""
    seen = context(paid(at(2024, 2, 5), 45_000, "BANKA"), paid(at(2024, 3, 5), 55_000, "FINA", SMALL))
    assert RULE.evaluate(seen).series == "2024 small remitters"


def test_only_a_persons_payment_without_documents_crosses_a_cap():
    """A company has none; a documented payment completes nothing, whatever was paid before it."""
    assert RULE.evaluate(context(paid(at(2025, 1, 5), 200_000), party_type="company")) is None
    assert RULE.evaluate(context(paid(at(2025, 1, 5), 200_000), paid(at(2025, 1, 6), 5, flags=OUT | SETTLED))) is None


def test_before_small_remitters_had_a_cap_of_their_own_there_is_none():
    """On 3 July 2023 the cap of all alone was in force, 50 000 USD."""
    assert RULE.evaluate(context(paid(at(2023, 7, 3), 50_000, "FINA", SMALL))) is None
    assert RULE.evaluate(context(paid(at(2023, 7, 3), 50_001, "FINA", SMALL))).series == "2023 all"


@pytest.mark.parametrize("lacking", ["annual_cap", "growth_ratio"])
def test_a_day_without_one_of_the_limits_is_silent(lacking):
    """A limit that begins later is not applied before its day."""
    limits = [
        {
            "name": name,
            "value": value,
            "unit": unit,
            "provenance": "D",
            "effective_from": date(2025 if name == lacking else 2001, 1, 1),
        }
        for name, value, unit in (("annual_cap", "50000", "USD"), ("growth_ratio", "1.25", "ratio"))
    ]
    assert RULE.evaluate(context(paid(at(2024, 12, 31), 60_000), limits=limits)) is None
    assert RULE.evaluate(context(paid(at(2025, 1, 1), 60_000), limits=limits)) is not None


def test_a_payment_that_only_reaches_the_cap_does_not_cross_it():
    """100 000 USD on 5 January are just the cap; the cent of 6 January crosses it, and one payment follows."""
    finding = RULE.evaluate(context(paid(at(2025, 1, 5), 100_000), paid(at(2025, 1, 6), 0, cents=1),
                                    paid(at(2025, 1, 7), 5)))  # fmt: skip
    assert measured(finding)["cap_crossed_on"] == "2025-01-06"
    assert measured(finding)["payments_after_crossing"] == 1


def test_one_payment_may_cross_the_cap_alone():
    """110 000 USD are a tenth of the cap beyond it: half of the doubt of 0.3 is gone."""
    finding = RULE.evaluate(context(paid(at(2025, 1, 5), 110_000)))
    assert finding.strength == 0.85
    assert "in 1 payment through all institutions (BANKA 110,000.00 USD)." in finding.text_en
    assert "; no further payment followed the crossing. No payment" in finding.text_en
    assert "달러이며, 초과 이후 추가 송금은 없습니다. 2024년의" in finding.text_ko


@pytest.mark.parametrize(
    ("dollars", "cents", "strength"), [(100_000, 1, 0.7), (148_000, 0, 0.9892), (160_000, 0, 0.99)]
)
def test_the_strength_of_a_crossing_is_between_a_slip_and_no_doubt(dollars, cents, strength):
    """A cent over is 0.7; 4.8 tenths over are 1 - 0.3 x 0.5 ** 4.8; never is it more than 0.99."""
    assert RULE.evaluate(context(paid(at(2025, 1, 5), dollars, cents=cents))).strength == strength


def test_the_year_of_a_crossing_is_the_local_one():
    """15:30 UTC on 31 December 2025 is half past midnight of 2026 in Seoul."""
    found = context(paid(at(2025, 12, 31, 23, 59), 99_000), paid(at(2026, 1, 1, 0, 30), 110_000))
    finding = RULE.evaluate(found)
    assert (finding.series, finding.window, finding.size) == ("2026 all", "calendar year 2026", 11_000_000)
    assert measured(finding)["cap_crossed_on"] == "2026-01-01"


@pytest.mark.parametrize(
    ("banks", "named", "more"), [(5, 5, ""), (6, 5, " and 1 more"), (50, 5, " and 45 more"), (51, 5, " and 46 more")]
)
def test_five_institutions_are_named_and_fifty_are_measured(banks, named, more):
    """The largest first, and their number where there are more; all of them stand in the list of institutions."""
    shares = {f"BANK{number:02}": (1_000_000 * (60 - number), 0) for number in range(banks - 1)}
    folded = Folded(1, {ordinal(2025, 1, 1): Day(sum(cents for cents, _ in shares.values()), 11)}, {2025: shares})
    finding = RULE.evaluate(context(paid(at(2025, 1, 5), 60_000), folded=folded))
    assert len([name for name in measured(finding) if name.startswith("total at")]) == min(banks, 50)
    told = [each for each in finding.measured if each.name == "institutions"]
    assert told == ([Measured(name="institutions", value=banks, unit="count")] if banks > 50 else [])
    assert len(finding.institutions) == banks
    listed = finding.text_en.partition("through all institutions (")[2].partition(")")[0]
    assert listed.count(" USD") == named
    assert listed.endswith(f"USD{more}")
    assert f" 외 {banks - 5}개 기관)" in finding.text_ko if more else "외" not in finding.text_ko.partition(")")[0]


@pytest.mark.parametrize(
    ("other", "own", "without"),
    [(5, 100_000, ()), (5, 100_001, (("BANKB", 10_000_100),)), (150_000, 60_000, ()), (150_000, 100_000, ())],
)
def test_what_crosses_the_cap_without_one_other_bank_is_told(other, own, without):
    """BANKB's part is left out, never the payment's own; what only reaches the cap then is over none."""
    finding = RULE.evaluate(context(paid(at(2025, 1, 5), other, "BANKB"), paid(at(2025, 1, 6), own, "BANKA")))
    assert (finding.without, finding.institution) == (without, "BANKA")


def test_folded_payments_of_a_day_count_before_its_others():
    """Payments of a cent stand at the midnights of three folded days; the cap is crossed on the second of these.

    Behind it come the 12 of that midnight, the third folded day and its 21. (Only some processors sort ties otherwise.)
    """
    rows = [paid(at(2025, 3, day), 0, cents=1) for day, count in ((1, 11), (2, 12), (3, 21)) for _ in range(count)]
    days = {ordinal(2025, 3, day): Day(cents, 1) for day, cents in ((1, 1), (2, 10_000_001), (3, 1))}
    folded = Folded(3, days, {2025: {"BANKA": (10_000_003, 0)}})
    assert measured(RULE.evaluate(context(*rows, folded=folded)))["payments_after_crossing"] == 12 + 1 + 21


def test_totals_beyond_what_floats_hold_are_exact_to_the_cent():
    """Folded payments of last year only: this year's have an exact total of three times the largest amount, and 1."""
    largest = 2**62
    rows = [paid(at(2025, 1, day), 0, cents=largest) for day in (1, 2, 3)] + [paid(at(2025, 1, 4), 0, cents=1)]
    found = context(*rows, folded=Folded(1, {ordinal(2024, 1, 1): Day(5, 1)}, {2024: {"BANKA": (5, 0)}}))
    assert RULE.evaluate(found).size == 3 * largest + 1
    found = context(paid(at(2025, 1, 1), 0, cents=2**60 + 1), folded=Folded(1, {ordinal(2024, 1, 1): Day(5, 1)}, {}))
    assert RULE.evaluate(found).size == 2**60 + 1


# -- what is remembered ----------------------------------------------------------------------------------------------


def learned(seen):
    """The years' totals that are remembered after a payment; None where nothing is."""
    RULE.learn(seen)
    return msgspec.msgpack.decode(seen.slots["T02"], type=dict[int, int]) if "T02" in seen.slots else None


def test_the_totals_of_two_years_are_remembered():
    """The year's total so far, and the one of the newest year before; an older one goes."""
    assert learned(context(paid(at(2025, 1, 5), 70), slots={2023: 1, 2024: 2})) == {2024: 2, 2025: 7_000}


def test_only_a_persons_payments_without_documents_are_remembered():
    """What a company pays, and what was documented, is no use of the yearly amount."""
    assert learned(context(paid(at(2025, 1, 5), 70), party_type="company")) is None
    assert learned(context(paid(at(2025, 1, 5), 70, flags=OUT | SETTLED))) is None


@pytest.mark.parametrize(("second", "kept"), [(2**62 - 2, 2**63 - 2), (2**62 - 1, 2**63 - 1), (2**62, 2**63 - 1)])
def test_a_total_beyond_63_bits_is_remembered_as_the_largest(second, kept):
    """2 ** 63 cents do not fit the state's integers, and every limit is passed all the same."""
    rows = [paid(at(2025, 1, 5), 0, cents=2**62), paid(at(2025, 1, 6), 0, cents=second)]
    assert learned(context(*rows)) == {2025: kept}
    assert restated(rows, {2025: 5}, None) == {2025: kept}


def restated(rows, totals, folded):
    """The years' totals after amounts changed."""
    slots = {} if totals is None else {"T02": msgspec.msgpack.encode(totals)}
    RULE.restate(Past(table(rows), NAMES, SEOUL, Rulebook(configuration()), slots, folded, lambda *_: None))
    return msgspec.msgpack.decode(slots["T02"], type=dict[int, int]) if slots else None


def test_after_a_correction_the_newest_years_total_is_that_of_its_payments():
    """Folded ones of that local year count, last year's figure stays, and a party without totals gets none."""
    rows = [paid(at(2024, 12, 31, 23, 59), 1), paid(at(2025, 1, 1), 20), paid(at(2025, 12, 31, 23, 59), 300)]
    assert restated(rows, {2024: 77, 2025: 99}, None) == {2024: 77, 2025: 32_000}
    assert restated(rows, {2024: 77, 2025: 99}, FOLDED) == {2024: 77, 2025: 32_000 + 8_100_000}
    assert restated(rows, None, FOLDED) is None


def test_what_an_alert_rests_on_is_the_years_total_of_its_series():
    """The local year; small remitters alone in their own series."""
    rows = [paid(at(2023, 12, 31, 23, 59), 1), paid(at(2024, 1, 1), 20, "FINA", SMALL), paid(at(2024, 5, 1), 300)]
    past = Past(table(rows), NAMES, SEOUL, Rulebook(configuration()), {}, None, lambda *_: None)
    assert RULE.standing(past, "2024 all", 0) == 32_000
    assert RULE.standing(past, "2024 small remitters", 0) == 2_000
    assert RULE.standing(past, "2023 all", 0) == 100


# -- what would not have alerted -------------------------------------------------------------------------------------


def changes(seen):
    """The other inputs that are tried."""
    return RULE.changes(seen, RULE.evaluate(seen))


def test_documents_shown_is_the_same_payment_but_for_its_documents():
    """Nothing else of it changes, and it no longer counts."""
    (change,) = changes(with_folded())
    assert (change.text_en, change.text_ko) == (
        "had documents been shown for this transfer",
        "이 송금에 대한 증빙서류가 제출되었다면",
    )
    assert change.context.payment == msgspec.structs.replace(with_folded().payment, flags=OUT | SETTLED)
    assert change.context.annual_total() == 13_100_000


@pytest.mark.parametrize(("before", "left"), [(99_999, 100), (100_000, None), (100_001, None)])
def test_what_was_left_under_the_cap_of_all_is_tried(before, left):
    """Nothing is said of it where nothing was left."""
    found = changes(context(paid(at(2025, 1, 5), before), paid(at(2025, 1, 6), 5_000)))
    assert [change.context.payment.usd for change in found[1:]] == ([] if left is None else [left])


def test_a_cent_left_under_the_cap_of_small_remitters_is_tried():
    """49 999.99 USD went through them."""
    rows = [paid(at(2024, 1, 5), 49_999, "FINA", SMALL, cents=99), paid(at(2024, 1, 6), 500, "FINB", SMALL)]
    _, change = changes(context(*rows))
    assert change.context.payment.usd == 1
    assert change.text_en == "had this transfer been 0.01 USD or less (what was left under the cap)"
    assert change.text_ko == "이 송금액이 한도 잔액 미화 0.01달러 이하였다면"
