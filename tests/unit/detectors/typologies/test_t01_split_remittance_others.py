"""T01 where one other institution's pieces are left out, and which pieces make a group."""

from datetime import date

import msgspec
import pytest

from detectors.books.folded_payments import Day, Folded
from detectors.books.payments import OUT, SETTLED
from detectors.typologies import t01_split_remittance as t01
from detectors.typologies.t01_split_remittance import SplitRemittance
from detectors.values.legal_calendar import DAY_US, HOUR_US
from tests.support.ledger import later, payment
from tests.unit.detectors.typologies.test_t01_folded import NOW, TODAY, B, C, context, found, piece, values


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
