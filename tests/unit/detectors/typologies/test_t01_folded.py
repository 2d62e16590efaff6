"""T01 where pieces are kept in totals only, and where one other institution's pieces are left out: the figures."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books.folded_payments import Day, Folded
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment, append, rows
from detectors.contracts.alert import Measured
from detectors.contracts.limits import Rulebook
from detectors.typologies import t01_folded
from detectors.typologies import t01_split_remittance as t01
from detectors.typologies.base import Context
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.values.legal_calendar import DAY_US, HOUR_US, to_us
from tests.support.few_rows import few_rows
from tests.support.ledger import configuration, later, payment

DEFAULT = configuration()
RULEBOOK = Rulebook(DEFAULT)
NAMES = ["", "BANKA", "BANKB", "BANKC", "40101", "40201"]
A, B, C = 1, 2, 3
# 4 March 2025, 16 h in Seoul
NOW = to_us(datetime(2025, 3, 4, 7, tzinfo=UTC))
TODAY = date(2025, 3, 4).toordinal()
EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def piece(hours: float, cents: int = 490_000, institution: int = A, payee: int = 9) -> Payment:
    """A piece so many hours before now."""
    return msgspec.structs.replace(
        EMPTY,
        time=NOW - int(hours * HOUR_US),
        usd=cents,
        institution=institution,
        beneficiary=payee,
        purpose=4,
        flags=OUT | NO_DOCUMENT | SETTLED,
    )


def context(*pieces: Payment, folded: dict[int, tuple[int, int]] | None = None, **fields) -> Context:
    """A company's context, of which the last piece is the payment; `folded` are pieces by local day."""
    party = Party()
    found = [msgspec.structs.replace(one, offset=number) for number, one in enumerate(pieces)]
    for one in found:
        append(party, one)
    given = {
        "transaction": payment("a", later(), party_type="company"),
        "payment": found[-1],
        "rows": rows(party),
        "names": NAMES,
        "day": date(2025, 3, 4),
        "year_us": (0, 2**62),
        "zone": ZoneInfo("Asia/Seoul"),
        "rulebook": RULEBOOK,
        "legend": DEFAULT.legend,
        "slots": {},
        "shared": {},
        "deal": None,
        "folded": None if folded is None else Folded(pieces={"40101": folded}),
    }
    return Context(**given | fields)


def found(*pieces: Payment, **fields):
    """What T01 finds."""
    return SplitRemittance().evaluate(context(*pieces, **fields))


def values(finding) -> dict[str, object]:
    """What is measured, by name."""
    return {each.name: each.value for each in finding.measured}


# Upper bounds


def test_one_piece_beside_two_in_totals_is_a_bound_of_three():
    """4 000 kept, two of 9 800 in today's totals: 13 800 at most, at 0.7 x 0.9 of what an exact group weighs."""
    bound = found(piece(0, 400_000), folded={TODAY: (2, 980_000)})
    assert bound.bound
    assert values(bound) == {
        "pieces_at_most": 3,
        "sum_at_most": "13800.00",
        "sum_over_line_at_most": 2.76,
        "pieces_kept_one_by_one": 1,
        "folded_pieces": 2,
        "folded_pieces_sum": "9800.00",
    }
    assert bound.strength == round(0.7 * 0.9 * (1 - 0.5 * 0.5**1.38), 4)
    assert (bound.window, bound.size, bound.offsets) == ("1 d", 1_380_000, (0,))
    assert [each.name for each in bound.limits] == [
        "document_line",
        "band_low",
        "pieces_min",
        "sum_multiple",
        "window_day",
    ]
    assert found(piece(0, 400_000)) is None


@pytest.mark.parametrize(
    ("in_totals", "fires"), [((2, 600_000), True), ((2, 599_999), False), ((1, 600_000), False), ((3, 700_000), True)]
)
def test_a_bound_satisfies_the_rule_at_its_edges(in_totals, fires):
    """Three pieces and 10 000 USD, with the 4 000 that are kept."""
    assert (found(piece(0, 400_000), folded={TODAY: in_totals}) is not None) == fires


def test_of_several_windows_the_one_that_may_hold_most_is_shown_and_the_strongest_counts():
    """12 days before one more of 4 500: 18 300 within the month; within the day the 13 800 weigh more."""
    bound = found(piece(0, 400_000), folded={TODAY: (2, 980_000), TODAY - 12: (1, 450_000)})
    assert (bound.window, bound.size) == ("30 d", 1_830_000)
    assert bound.strength == round(0.7 * 0.9 * (1 - 0.5 * 0.5**1.38), 4)
    assert bound.limits[-1].name == "window_month"


def test_a_persons_bound_before_the_cap_weighs_less():
    """Since 2026 0.8 of it, as an exact group does."""
    given = {"transaction": payment("a", later()), "day": date(2026, 3, 4), "folded": {TODAY: (2, 980_000)}}
    assert found(piece(0, 400_000), **given).strength == round(0.8 * 0.7 * 0.9 * (1 - 0.5 * 0.5**1.38), 4)


def test_nothing_is_said_of_fewer_pieces_where_they_are_not_known_one_by_one():
    """Documents, or an amount below the band, are all that is offered."""
    before = context(piece(0, 400_000), folded={TODAY: (2, 980_000)})
    changes = SplitRemittance().changes(before, SplitRemittance().evaluate(before))
    assert [change.text_en.split()[1] for change in changes] == ["documents", "this"]


def test_an_exact_group_is_told_as_such_though_pieces_are_in_totals():
    """Three of 4 900 are found; what is folded beside them is no part of the sum that is told."""
    exact = found(piece(2), piece(1), piece(0), folded={TODAY: (2, 980_000)})
    assert not exact.bound
    assert (exact.at_risk, values(exact)["pieces"]) == (1_470_000, 3)


def test_a_bound_says_all_that_is_known_of_it():
    """Every figure with its unit, and the whole sentences."""
    bound = found(piece(1, 400_000, B), piece(0, 400_000), folded={TODAY: (2, 984_567)})
    assert bound.measured == tuple(
        Measured(name=name, value=value, unit=unit)
        for name, value, unit in (
            ("pieces_at_most", 4, "count"),
            ("sum_at_most", "17845.67", "USD"),
            ("sum_over_line_at_most", 3.57, "ratio"),
            ("pieces_kept_one_by_one", 2, "count"),
            ("folded_pieces", 2, "count"),
            ("folded_pieces_sum", "9845.67", "USD"),
        )
    )
    assert (bound.institutions, bound.series, bound.folded) == (("BANKA", "BANKB"), "40101", 2)
    assert (bound.growth, bound.memory_us) == (200, 90 * DAY_US)
    assert (bound.at_risk, bound.value, bound.unit) == (1_784_567, "17845.67", "USD")
    assert (bound.own_baseline, bound.own_n, bound.peer_baseline) == (None, 0, None)
    assert bound.text_en == (
        "Up to 4 transfers just under the document line of 5,000.00 USD (law, in force since 2019-01-01, figure "
        "not yet checked against the text), without documents or report, lie within 1 day; stated purpose: gift "
        "to a person abroad. Together they are at most 17,845.67 USD, 3.6 times the line. This party has made more "
        "payments than are kept one by one: of 2 of these transfers (9,845.67 USD) only day, purpose and amount "
        "are known, so they may have gone to several beneficiaries. This is an upper bound."
    )
    assert bound.text_ko == (
        "증빙면제 기준금액 미화 5,000.00달러(법령, 2019년 1월 1일 시행, 원문 확인 필요) 이하의 무증빙·무신고 송금이 "
        "1일 이내에 최대 4건 있습니다(사유: 증여성 송금). 합계는 최대 미화 17,845.67달러로, 기준금액의 "
        "3.6배입니다. 당사자의 송금이 개별 보관 한도를 초과하여 이 중 2건(미화 9,845.67달러)은 일자·사유·금액만 "
        "보관되어 있으므로 수취인이 여럿일 수 있습니다. 따라서 위 건수와 합계는 최대치입니다."
    )


def test_a_bound_of_a_week_says_days():
    """A folded piece of two days before, with two of now."""
    week = found(piece(1), piece(0), folded={TODAY - 2: (1, 490_000)})
    assert week.window == "7 d"
    assert "without documents or report, lie within 7 days; stated purpose" in week.text_en
    assert "이하의 무증빙·무신고 송금이 7일 이내에 최대 3건" in week.text_ko


def bound_of(*pieces: Payment, days: int, folded: dict[int, tuple[int, int]]):
    """The bound of a window of so many days."""
    one = context(*pieces, folded=folded)
    return t01_folded.bound(one, one.rows, "window_week", days * DAY_US)


def test_the_window_that_may_hold_most_is_the_bound():
    """From this midnight on, with what comes a week later: more than from a week ago; sixty days ago is in neither."""
    folded = {TODAY - 60: (9, 4_500_000), TODAY - 7: (1, 400_000), TODAY: (1, 450_000), TODAY + 7: (3, 1_400_000)}
    bound = bound_of(piece(0), days=7, folded=folded)
    assert (bound.window, bound.kept["time"].tolist()) == ("window_week", [NOW])
    assert (bound.pieces, bound.total, bound.folded, bound.folded_total) == (5, 2_340_000, 4, 1_850_000)


def test_a_window_without_pieces_in_totals_is_no_bound():
    """Twenty days ago is not of the day, nor of the week; the pieces that are kept were looked at exactly."""
    assert bound_of(piece(1), piece(0), days=1, folded={TODAY - 20: (5, 2_000_000)}) is None
    assert bound_of(piece(1), piece(0), days=7, folded={TODAY - 20: (5, 2_000_000)}) is None
    assert bound_of(piece(1), piece(0), days=30, folded={TODAY - 20: (5, 2_000_000)}).pieces == 7


def test_bounds_are_exact_beyond_what_floats_hold():
    """2^60 + 1 cents, and a piece."""
    bound = bound_of(piece(0), days=1, folded={TODAY: (2, 2**60 + 1)})
    assert (bound.total, bound.folded_total) == (2**60 + 490_001, 2**60 + 1)


# Growth


@pytest.mark.parametrize("hours", [0, 14])
@pytest.mark.parametrize(("kept", "size"), [(6, 1_470_000 + 11), (7, 1_470_000)])
def test_a_group_of_half_of_the_kept_rows_grows_with_what_is_folded(kept, size, hours):
    """90 days before and after, to the day in Seoul; three pieces of six rows are half, of seven they are not."""
    days = {TODAY - 91: (1, 1000), TODAY - 90: (1, 1), TODAY + 90: (1, 10), TODAY + 91: (1, 1000)}
    with few_rows(99, kept):
        exact = found(piece(hours + 1), piece(hours + 0.5), piece(hours), folded=days)
    assert (exact.size, exact.at_risk) == (size, 1_470_000)


# Institutions


def test_a_finding_says_how_much_came_from_whom_and_what_is_left_without_each_other_one():
    """Three of BANKA's, the payment's, one of BANKC's, two of BANKB's: 14 700, 4 100 and 9 600 USD.

    Without BANKB 18 800 are left, without BANKC 24 300. Without BANKA, whose payment it is, is not asked.
    """
    pieces = [piece(6, 480_000, B), piece(5, 480_000, B), piece(4, 410_000, C), piece(3), piece(2), piece(0)]
    finding = found(*pieces)
    assert finding.institution == "BANKA"
    assert finding.parts == (("BANKA", 1_470_000), ("BANKB", 960_000), ("BANKC", 410_000))
    assert finding.without == (("BANKB", 1_880_000), ("BANKC", 2_430_000))


def test_the_own_part_alone_is_told_beside_two_other_institutions():
    """Three of BANKA's are 14 700 USD and satisfy the rule, two do not. Beside one other bank it is not asked."""
    others = [piece(6, 480_000, B), piece(5, 480_000, B), piece(4, 410_000, C)]
    assert found(*others, piece(3), piece(2), piece(0)).alone == 1_470_000
    assert found(*others, piece(2), piece(0)).alone == 0
    assert found(*others[:2], piece(3), piece(2), piece(0)).alone == 0


def test_what_does_not_satisfy_the_rule_without_an_institution_is_not_told():
    """Two of each bank: without the other one there are two."""
    finding = found(piece(4, institution=B), piece(3, institution=B), piece(2), piece(0))
    assert finding.parts == (("BANKA", 980_000), ("BANKB", 980_000))
    assert finding.without == ()


def test_pieces_of_another_bank_to_many_payees_hide_no_split():
    """Three pieces to three payees, four of another bank to four more: found without these, as a set of payees."""
    others = [piece(9 - number, institution=B, payee=20 + number) for number in range(4)]
    own = [piece(2, payee=10), piece(1, payee=11), piece(0, payee=12)]
    finding = found(*others, *own)
    assert (finding.offsets, finding.size) == ((4, 5, 6), 1_470_000)
    assert finding.strength == round(0.9 * (1 - 0.5 * 0.5**1.47), 4)
    assert found(*others, *own[:1], own[2]) is None


def test_the_bank_with_most_payees_is_left_out_first():
    """Then the rest of all others is the group: BANKC's piece of the week is one of it, and 19 600 are shown."""
    others = [piece(9 - number, institution=B, payee=20 + number) for number in range(4)]
    own = [piece(2, payee=10), piece(1, payee=11), piece(0, payee=10)]
    finding = found(piece(90, institution=C, payee=30), *others, *own)
    assert (finding.offsets, finding.window) == ((0, 5, 6, 7), "7 d")
    assert finding.institutions == ("BANKA", "BANKC")


def test_a_payment_too_large_or_of_a_bank_or_documented_is_no_piece():
    """And neither is one before the line's first day."""
    pieces = piece(2), piece(1)
    assert found(*pieces, piece(0)) is not None
    assert found(*pieces, piece(0, 500_001)) is None
    assert found(*pieces, piece(0), transaction=payment("a", later(), party_type="bank")) is None
    assert found(*pieces, msgspec.structs.replace(piece(0), flags=OUT | SETTLED)) is None
    assert found(*pieces, piece(0), day=date(2018, 12, 31)) is None


def test_windows_reach_to_both_sides_of_the_payment():
    """A late piece with one before and one after it within the day, and one 89 days after it."""
    at = [piece(20), piece(-3), piece(-24 * 89), piece(0)]
    finding = found(*at)
    assert [at[offset].time - NOW for offset in finding.offsets] == [-20 * HOUR_US, 0, 3 * HOUR_US, 89 * DAY_US]
    assert finding.window == "90 d"


# Groups


def weight(total: int) -> float:
    """What a sum of cents says where 10 000 USD fire."""
    return 1 - 0.5 * 0.5 ** (total / 1_000_000)


def test_pieces_to_the_payments_own_payee_weigh_in_full_whatever_others_there_are():
    """Three to one payee, four to four others, by one bank: the three are the group."""
    others = [piece(9 - number, payee=20 + number) for number in range(4)]
    finding = found(*others, piece(2), piece(1), piece(0))
    assert finding.offsets == (4, 5, 6)
    assert finding.strength == round(weight(1_470_000), 4)


def test_no_institution_is_left_out_where_a_group_is_found_with_all():
    """Three to one payee in 20 days; today's three by one bank to three payees are hidden by another's four."""
    own = [piece(480), piece(240), piece(3, payee=10), piece(2, payee=11)]
    others = [piece(9 - number, institution=B, payee=20 + number) for number in range(4)]
    finding = found(*own, *others, piece(0))
    assert finding.strength == round(0.75 * weight(1_470_000), 4)


def test_of_the_groups_without_an_institution_the_first_that_satisfies_the_rule_is_told():
    """Without BANKB, five of BANKA's in the week; that BANKA's three of the day are stronger is not looked for.

    BANKC's two, three hours later, are too many payees for the day and lie beyond the fullest week.
    """
    own = [piece(24 * 6.9, payee=12), piece(24 * 6.9, payee=12), piece(2, payee=10), piece(1, payee=11)]
    others = [piece(3, institution=B, payee=20 + number) for number in range(4)]
    third = [piece(-3, 400_000, C, payee=30 + number) for number in range(2)]
    finding = found(*own, *others, *third, piece(0, payee=10))
    assert (finding.size, finding.window) == (2_450_000, "7 d")
    assert finding.strength == round(0.9 * 0.9 * weight(2_450_000), 4)


def test_seventy_pieces_of_a_day_are_one_group():
    """However many, the sum is exact."""
    finding = found(*(piece(number / 10) for number in range(70, -1, -1)))
    assert (finding.size, finding.window, len(finding.offsets)) == (71 * 490_000, "1 d", 71)


def test_a_window_needs_pieces_of_its_own():
    """Two of 5 000 today and one of eighty days ago: the day has two, only the quarter three."""
    finding = found(piece(24 * 80, 500_000), piece(1, 500_000), piece(0, 500_000))
    assert finding.window == "90 d"
    assert finding.strength == round(0.55 * weight(1_500_000), 4)


def test_payees_are_counted_within_the_window():
    """Three payees five days ago are nothing to today's two."""
    before = [piece(120, payee=20 + number) for number in range(3)]
    finding = found(*before, piece(2), piece(1, payee=10), piece(0))
    assert (finding.window, finding.offsets) == ("1 d", (3, 4, 5))


def test_up_to_sixteen_others_the_least_number_that_silences_is_found():
    """Without the newest the payee has too few, and payees are too many; without the newest eight it fires again."""
    payees = [10] * 8 + [20, 21, 22, 23, 24, 25, 9, 9]
    one = context(*(piece(20 - number, payee=payee) for number, payee in enumerate(payees)), piece(0))
    assert t01._fewest_removed(one, list(range(16))) == 1


# Figures


def test_one_payee_and_bank_are_told_in_the_singular_and_ratios_rounded():
    """14 733.50 USD are 2.9467 times the line; of gaps of one and of three hours the longer one stands for both."""
    finding = found(piece(4, 491_117), piece(3, 491_117), piece(0, 491_116))
    assert "went to 1 beneficiary through 1 institution within 4.0 hours" in finding.text_en
    assert "median gap 3.0 hours" in finding.text_en
    assert (values(finding)["sum_over_line"], values(finding)["span"]) == (2.95, 0.167)
    assert finding.text_en.endswith("close in time, within 1 day.")
    other = found(piece(4000, 70_000), piece(4, 491_117), piece(3, 491_117), piece(0, 491_116))
    assert "Of this party's 1 other payment without documents, 0 % lie in that band (fewer" in other.text_en
    assert "본인의 다른 무증빙 송금 1건 중 이 금액 구간에 속하는 비율은 0%입니다(20건" in other.text_ko


@pytest.mark.parametrize(
    ("pieces", "share"),
    [({}, None), ({"pieces": [12.0, 0.0]}, 0.0), ({"pieces": [1.0, 1.0]}, 1.0), ({"pieces": [20.0, 7.0]}, 0.35)],
)
def test_the_partitions_share_in_the_band_is_told_as_far_as_there_is_one(pieces, share):
    """None before any payment, nothing where none lay in the band."""
    finding = found(piece(2), piece(1), piece(0), shared={"T01": pieces} if pieces else {})
    assert finding.peer_baseline == share
    none = "No other payment of this party without documents is known, so it cannot be compared with its own past."
    none_ko = "본인의 다른 무증빙 송금이 확인되지 않아 본인의 과거와 비교할 수 없습니다."
    few, few_ko = "(fewer than 20, so weak evidence)", "(20건 미만이므로 근거가 약합니다)"
    told = {
        None: (
            "No payment of its comparison group without documents is known yet.",
            "비교 고객군의 무증빙 송금은 아직 확인되지 않았습니다.",
        ),
        0.0: (
            f"Of its comparison group's 12 payments without documents, 0 % do {few}.",
            f"비교 고객군의 무증빙 송금 12건 중 이 금액 구간에 속하는 비율은 0%입니다{few_ko}.",
        ),
        1.0: (
            f"Of its comparison group's 1 payment without documents, 100 % do {few}.",
            f"비교 고객군의 무증빙 송금 1건 중 이 금액 구간에 속하는 비율은 100%입니다{few_ko}.",
        ),
        0.35: (
            "Of its comparison group's 20 payments without documents, 35 % do.",
            "비교 고객군의 무증빙 송금 20건 중 이 금액 구간에 속하는 비율은 35%입니다.",
        ),
    }[share]
    assert f" {none} {told[0]} The supervisor's tests" in finding.text_en
    assert f" {none_ko} {told[1]} 감독당국의 동일 송금" in finding.text_ko


def test_days_are_those_of_the_legal_zone():
    """One and two hours after midnight of 4 March in Seoul it is the 3rd in London: folded payments and dates."""
    days = {TODAY - 2: 1, TODAY - 1: 10, TODAY + 1: 100, TODAY + 2: 1000}
    folded = Folded(days={day: Day(count=count) for day, count in days.items()})
    one = msgspec.structs.replace(context(piece(15), piece(14.5), piece(14)), folded=folded)
    finding = SplitRemittance().evaluate(one)
    assert values(finding)["folded_payments"] == 110
    assert "(all on 2025-03-04; " in finding.text_en
    assert "동일 송금인이 2025년 3월 4일 하루 중 60분 사이에(송금 간격의 중앙값" in finding.text_ko
