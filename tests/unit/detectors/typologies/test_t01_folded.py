"""T01 where pieces are kept in totals only: bounds at their edges."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors.books.folded_payments import Folded
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment, append, rows
from detectors.contracts.alert import Measured
from detectors.contracts.limits import Rulebook
from detectors.typologies import t01_folded
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


@pytest.mark.parametrize("hours", [0, 14])
@pytest.mark.parametrize(("kept", "size"), [(6, 1_470_000 + 11), (7, 1_470_000)])
def test_a_group_of_half_of_the_kept_rows_grows_with_what_is_folded(kept, size, hours):
    """90 days before and after, to the day in Seoul; three pieces of six rows are half, of seven they are not."""
    days = {TODAY - 91: (1, 1000), TODAY - 90: (1, 1), TODAY + 90: (1, 10), TODAY + 91: (1, 1000)}
    with few_rows(99, kept):
        exact = found(piece(hours + 1), piece(hours + 0.5), piece(hours), folded=days)
    assert (exact.size, exact.at_risk) == (size, 1_470_000)
