"""Phrases of alerts in both languages, and the values at which another phrase begins."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from detectors.contracts.alert import Measured
from detectors.contracts.configuration import Limit
from detectors.contracts.limits import DatedLimit, Rulebook
from detectors.values.legal_calendar import DAY_US, HOUR_US, MINUTE_US, to_us
from detectors.wording import phrases
from tests.support.ledger import START, configuration

SEOUL = ZoneInfo("Asia/Seoul")


def limit(provenance: str, *, verified: bool) -> DatedLimit:
    """A limit of 2024 as the rulebook of a configuration has it."""
    config = configuration()
    given = Limit(
        name="document_line",
        value="5000",
        unit="USD",
        effective_from=date(2024, 2, 1),
        provenance=provenance,
        verified=verified,
    )
    config.rules["T01"] = type(config.rules["T01"])(legal_basis="x", limits=(given,))
    found = Rulebook(config).limit("T01", "document_line", date(2025, 1, 1))
    assert found is not None
    return found


def test_amounts_have_their_currency_and_two_places():
    """Cents, with thousands set apart."""
    assert phrases.usd(2_940_000) == "29,400.00 USD"
    assert phrases.usd_ko(2_940_001) == "미화 29,400.01달러"
    assert (phrases.between(100, 100), phrases.between_ko(100, 100)) == ("1.00 USD", "미화 1.00달러")
    assert phrases.between(100, 101) == "1.00 USD to 1.01 USD"
    assert phrases.between_ko(100, 101) == "미화 1.00~1.01달러"


@pytest.mark.parametrize(
    ("provenance", "verified", "said", "said_ko"),
    [
        ("L", True, "law, in force since 2024-02-01", "법령, 2024년 2월 1일 시행"),
        (
            "L",
            False,
            "law, in force since 2024-02-01, figure not yet checked against the text",
            "법령, 2024년 2월 1일 시행, 원문 확인 필요",
        ),
        (
            "S",
            False,
            "published by the supervisor, in force since 2024-02-01, figure not yet checked against the text",
            "감독당국 공표, 2024년 2월 1일 시행, 원문 확인 필요",
        ),
        ("D", False, "fxwatch default, in force since 2024-02-01", "시스템 기본값, 2024년 2월 1일 시행"),
        ("D", True, "fxwatch default, in force since 2024-02-01", "시스템 기본값, 2024년 2월 1일 시행"),
    ],
)
def test_a_limit_says_where_it_comes_from_and_whether_it_was_checked(provenance, verified, said, said_ko):
    """A default of ours has no text to be checked against."""
    assert phrases.basis(limit(provenance, verified=verified)) == said
    assert phrases.basis_ko(limit(provenance, verified=verified)) == said_ko


def test_a_day_is_the_legal_one():
    """15:00 UTC of 3 March is 4 March in Seoul."""
    assert phrases.day(to_us(START.replace(hour=15)), SEOUL) == "2025-03-04"
    assert phrases.day(to_us(START.replace(hour=14)), SEOUL) == "2025-03-03"
    assert phrases.day_ko(to_us(START.replace(hour=15)), SEOUL) == "2025년 3월 4일"
    assert phrases.day_ko(to_us(START.replace(hour=14)), SEOUL) == "2025년 3월 3일"
    assert phrases.date_ko(date(2026, 12, 31)) == "2026년 12월 31일"


@pytest.mark.parametrize(
    ("length", "said", "said_ko"),
    [
        (0, "0 minutes", "0분"),
        (90 * MINUTE_US, "90 minutes", "90분"),
        (2 * HOUR_US - 1, "120 minutes", "120분"),
        (2 * HOUR_US, "2.0 hours", "2.0시간"),
        (2 * DAY_US - 1, "48.0 hours", "48.0시간"),
        (36 * HOUR_US, "36.0 hours", "36.0시간"),
        (2 * DAY_US, "2.0 days", "2.0일"),
        (180 * HOUR_US, "7.5 days", "7.5일"),
    ],
)
def test_a_length_of_time_is_told_in_the_unit_that_fits(length, said, said_ko):
    """Minutes under two hours, hours under two days."""
    assert (phrases.period(length), phrases.period_ko(length)) == (said, said_ko)


@pytest.mark.parametrize(
    ("count", "said", "said_ko"),
    [
        (1, " (fewer than 20, so weak evidence)", "(20건 미만이므로 근거가 약합니다)"),
        (19, " (fewer than 20, so weak evidence)", "(20건 미만이므로 근거가 약합니다)"),
        (20, "", ""),
    ],
)
def test_few_observations_are_told_to_be_weak_evidence(count, said, said_ko):
    """Under 20."""
    assert (phrases.few(count), phrases.few_ko(count)) == (said, said_ko)


def test_a_number_has_its_noun():
    """One, none and many."""
    assert [phrases.counted(number, "day", "days") for number in (0, 1, 2)] == ["0 days", "1 day", "2 days"]
    assert phrases.both("day", "일") == "day / 일"


def test_payments_kept_in_totals_are_told_with_what_is_not_known_of_them():
    """One and many; what was ordered and what was returned only where there is any."""
    assert phrases.folded_payments(1, 0, 0) == (
        " 1 of these payments is kept in totals only: counted to the cent, "
        "but a return, cancellation or settlement of one of them is no longer matched with it."
    )
    assert phrases.folded_payments(2, 150, 250) == (
        " 2 of these payments are kept in totals only: counted to the cent, "
        "but a return, cancellation or settlement of one of them is no longer matched with it."
        " Of their total 1.50 USD was ordered and not yet settled; settled since, it is counted twice."
        " Returns and cancellations of 2.50 USD found no payment; at most that much is to be taken off."
    )
    whole = (
        " 이 중 2건은 합계로만 보관됩니다. 금액은 정확히 합산되어 있으나, 해당 건의 반환·취소·결제는 "
        "더 이상 개별 거래와 연결되지 않습니다."
    )
    assert phrases.folded_payments_ko(2, 0, 0) == whole
    assert phrases.folded_payments_ko(2, 150, 250) == (
        whole + " 그 합계 중 미화 1.50달러는 합산 당시 결제 전이었으며, 이후 결제되었다면 이중으로 계산됩니다."
        " 대상 거래를 찾지 못한 반환·취소는 미화 2.50달러이며, 최대 그 금액만큼 차감될 수 있습니다."
    )


def test_pieces_kept_in_totals_are_told():
    """One and many."""
    rest = "kept in totals only and not looked at here."
    assert phrases.folded_pieces(1) == f" 1 further payment without documents of this time is {rest}"
    assert phrases.folded_pieces(2) == f" 2 further payments without documents of this time are {rest}"
    assert (
        phrases.folded_pieces_ko(2)
        == " 같은 기간의 무증빙 송금 2건은 합계로만 보관되어 여기에서는 고려하지 않았습니다."
    )


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ((0,), []),
        ((3,), ["folded_payments"]),
        ((3, 150, 250), ["folded_payments", "folded_orders_not_settled", "returns_not_matched"]),
        ((0, 0, 250), ["returns_not_matched"]),
    ],
)
def test_what_is_kept_in_totals_is_measured_where_there_is_any(given, names):
    """A count and amounts in USD."""
    known = {
        "folded_payments": Measured(name="folded_payments", value=3, unit="count"),
        "folded_orders_not_settled": Measured(name="folded_orders_not_settled", value="1.50", unit="USD"),
        "returns_not_matched": Measured(name="returns_not_matched", value="2.50", unit="USD"),
    }
    assert phrases.folded_shown(*given) == [known[name] for name in names]


def test_a_type_that_differs_names_both():
    """Told and judged, in this order."""
    assert phrases.other_type("bank", "person") == (
        "The reporting institution calls this party a bank here; it is known as a person."
    )
    assert phrases.other_type_ko("company", "sole_trader") == (
        "보고기관은 이 거래에서 당사자를 법인으로 표시하였으나, 이미 개인사업자로 확인된 당사자입니다."
    )


@pytest.mark.parametrize(
    ("names", "said", "said_ko"),
    [
        (["A"], "A", "A는"),
        (["A", "B"], "A and B", "A 및 B는"),
        (["A", "B", "C"], "A, B and C", "A, B 및 C는"),
        (["A", "B", "C", "D"], "A, B, C and 1 more", "A, B, C 및 그 밖의 1개 기관은"),
        (["", "A"], "A and other institutions", "A 및 기타 기관은"),
        ([""], "other institutions", "기타 기관은"),
        (["A B", 'C"D', "E-1"], '"A B", "C\'D" and E-1', '"A B", "C\'D" 및 E-1은'),  # a made-up name is quoted
        (
            ["", "A", "B", "C", "D", "E"],
            "A, B, C, 2 more and other institutions",
            "A, B, C, 그 밖의 2개 기관 및 기타 기관은",
        ),
    ],
)
def test_a_dispute_names_up_to_three_institutions_and_how_many_more(names, said, said_ko):
    """The empty name stands for those that are not told apart."""
    assert phrases.disputed_type("company", "person", names) == (
        "Institutions disagree on what this party is, and no profile says it. The reporting institution calls it "
        f"a company; it was called a person by {said}. This finding holds only if it is a person, and its strength is "
        "lower for that."
    )
    assert phrases.disputed_type_ko("company", "person", names) == (
        "당사자의 유형에 관하여 기관 간 표시가 서로 다르며 이를 확정하는 고객정보가 없습니다. 보고기관은 당사자를 "
        f"법인으로 표시하였고, {said_ko} 개인으로 표시하였습니다. "
        "이 결과는 당사자가 개인인 경우에만 해당하며, 그만큼 강도를 낮추었습니다."
    )


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (0.00097, "0.001", "0.00097"),
        (0.000999, "0.001", "0.000999"),
        (0.00023, "0.001", "0.0002"),
        (0.00000001, "0.001", "0.00000001"),
        (0.0, "0.001", "0"),
        (0.25, "0.5", "0.2"),
        (0.5, "0.5", "0.5"),
    ],
)
def test_a_value_under_its_limit_reads_so(value, limit, text):
    """One that is not under it is written as it is."""
    assert phrases.below(value, Decimal(limit)) == text
