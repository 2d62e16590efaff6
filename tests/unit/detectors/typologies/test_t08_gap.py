"""T08's measures: what is open past its date both ways, and the gap of years by month."""

from datetime import date, datetime

from detectors.contracts.limits import Rulebook
from detectors.typologies.t08_gap import gap_at, month_of, outward, traded_until, years_at
from detectors.typologies.trade_overdue import Traded
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import configuration
from tests.support.trade import SEOUL, START, book_of, goods, paid, received, shipped

RULEBOOK = Rulebook(configuration())
DUE = (date(2026, 3, 31) - date(1970, 1, 1)).days
LATER = START + 200 * DAY_US
SIGHT = 2


def traded(*items) -> Traded:
    return Traded(book_of(*items, clock_us=START), RULEBOOK, SEOUL)


def test_value_goes_out_by_imports_without_goods_and_exports_without_money():
    """And comes in the other way round; of four counterparties."""
    gap = gap_at(
        traded(
            paid(1, 10_000, terms=SIGHT, counterparty=1),
            shipped(2, 20_000, due=DUE, counterparty=2),
            goods(3, 40_000, due=DUE, counterparty=3),
            received(4, 8_000, -1, terms=SIGHT, counterparty=4),
        ),
        LATER,
    )
    assert (gap.imports_uncovered, gap.exports_unreceived) == (1_000_000, 2_000_000)
    assert (gap.imports_unpaid, gap.receipts_uncovered) == (4_000_000, 0)
    assert (gap.outward, gap.inward) == (3_000_000, 4_000_000)
    assert [one.item.event for one in gap.waiting] == [1, 2]
    assert (gap.traded, gap.share) == (3_000_000, 1.0)


def test_receipts_for_no_known_export_stand_against_exports_and_the_rest_comes_in():
    """8 000 of 20 000; and all of it where 30 000 came."""

    def found(dollars: float):
        return gap_at(traded(shipped(2, 20_000, due=DUE), received(4, dollars, 1, terms=SIGHT, counterparty=4)), LATER)

    assert (found(8_000).exports_unreceived, found(8_000).receipts_uncovered) == (1_200_000, 0)
    assert (found(30_000).exports_unreceived, found(30_000).receipts_uncovered) == (0, 1_000_000)
    assert found(30_000).waiting == []


def test_what_waits_within_its_terms_is_no_gap():
    """Nothing is due on the first day."""
    gap = gap_at(traded(paid(1, 10_000, terms=SIGHT), shipped(2, 20_000, due=DUE)), START)
    assert (gap.outward, gap.inward, gap.waiting) == (0, 0, [])
    assert gap_at(traded(), START).share == 0.0
    days = [(due_us - START) / DAY_US for due_us, _ in outward(traded(paid(1, 10_000, terms=SIGHT), goods(3, 5_000)))]
    assert days == [30]
    assert [item.event for _, item in outward(traded(shipped(2, 20_000, due=DUE)))] == [2]


def test_trade_is_of_twelve_months_that_of_the_time_the_last():
    """March 2026 to February 2027."""
    past = traded(paid(1, 10_000), shipped(2, 20_000, due=DUE), goods(3, 7_000, counterparty=8))
    march = to_us(datetime(2026, 3, 31, 23, tzinfo=SEOUL))
    assert month_of(past, march) == 2026 * 12 + 2
    assert traded_until(past, march) == 3_000_000
    assert traded_until(past, to_us(datetime(2027, 2, 1, tzinfo=SEOUL))) == 3_000_000
    assert traded_until(past, to_us(datetime(2027, 3, 1, tzinfo=SEOUL))) == 0
    assert traded_until(past, to_us(datetime(2026, 2, 28, tzinfo=SEOUL))) == 0


def yearly(*declared: float) -> Traded:
    """Imports declared on each 2 March, the newest last, of which 1 000 dollars were paid."""
    past = traded()
    for back, dollars in enumerate(reversed(declared)):
        month = (2026 - back) * 12 + 2
        past.book.months[month] = [round(dollars * 100), 100_000, 0, 0]
    return past


def test_years_are_of_twelve_whole_months_before_that_of_the_time():
    """Each gap is the difference of the year's sums; the mean is of the four years before the last."""
    april = to_us(datetime(2026, 4, 10, tzinfo=SEOUL))
    imports, exports = years_at(yearly(2_000, 3_000, 4_000, 5_000, 9_000), april)
    assert (imports.gap, imports.before, imports.mean, imports.declared) == (800_000, 400_000, None, 900_000)
    assert not imports.is_up
    assert (exports.gap, exports.declared, exports.is_up) == (0, 0, False)
    past = yearly(0, 2_000, 3_000, 4_000, 5_000, 9_000)
    imports, _ = years_at(past, april)
    assert (imports.before, imports.mean, imports.is_up) == (400_000, (1 + 2 + 3 + 4) * 100_000 // 4, True)
    past.book.months[2025 * 12 + 2][0] = 900_000
    imports, _ = years_at(past, april)
    assert (imports.before, imports.is_up) == (800_000, False)


def test_the_gap_of_a_year_has_no_sign():
    """Paid more than declared is a gap as well as less."""
    april = to_us(datetime(2026, 4, 10, tzinfo=SEOUL))
    imports, _ = years_at(yearly(0, 400), april)
    assert imports.gap == 60_000
