"""T08: what was declared and what was settled drift apart."""

from datetime import date, datetime

import msgspec
import pytest

from detectors.books.due_dates import opened
from detectors.books.party import unpack
from detectors.books.trade_book import TradeBook
from detectors.contracts.limits import Rulebook
from detectors.typologies.due import OpenDate, PartyDates, Wake
from detectors.typologies.t08_declared_settled import LOOK_AGAIN_US, SILENT_US, DeclaredSettled
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import configuration, later
from tests.support.trade import SEOUL, START, TraderLedger, book_of, goods, paid

RULE = DeclaredSettled()
RULEBOOK = Rulebook(configuration())
AT_US = START + 30 * DAY_US
SIGHT = 2


class Past(msgspec.Struct):
    """What the rule sees of a party."""

    ledger: TradeBook
    slots: dict[str, bytes] = {}
    rulebook: Rulebook = RULEBOOK
    zone: object = SEOUL
    names: list[str] = []

    @property
    def trade(self) -> bytes:
        return self.ledger.packed()


def wake(past: Past, *names: str, party_type: str = "company", at_us: int = AT_US, **more) -> Wake:
    given = {"customs_us": at_us, "banks_us": at_us} | more
    due = tuple(OpenDate(at_us, f"T08 {name}", 0) for name in names or ("gap",))
    return Wake(past, due, at_us, date(2026, 4, 1), PartyDates({}), party_type, **given)


def open_imports(dollars: float, covered: float = 0) -> Past:
    items = [paid(1, dollars, terms=SIGHT)]
    if covered:
        items += [paid(2, covered, terms=SIGHT, counterparty=8), goods(3, covered, counterparty=8)]
    return Past(book_of(*items, clock_us=AT_US))


@pytest.mark.parametrize(("dollars", "fires"), [(49_999.99, False), (50_000, True)])
def test_it_fires_from_the_least_amount_on(dollars, fires):
    """50 000 dollars past their dates."""
    assert (RULE.woken(wake(open_imports(dollars))) is not None) == fires


@pytest.mark.parametrize(("covered", "fires"), [(11_880_000, True), (11_880_100, False)])
def test_it_fires_from_the_least_share_of_the_trade_on(covered, fires):
    """A hundredth of twelve million is 120 000."""
    assert (RULE.woken(wake(open_imports(120_000, covered))) is not None) == fires


@pytest.mark.parametrize("silent", [{"customs_us": None}, {"banks_us": AT_US - SILENT_US - 1}])
def test_it_waits_while_customs_or_the_banks_are_silent(silent):
    """A week."""
    past = open_imports(200_000)
    asked = wake(past, **silent)
    assert RULE.woken(asked) is None
    assert [one.at_us for one in asked.dates.of(RULE).waiting("gap")] == [AT_US + LOOK_AGAIN_US]
    assert past.slots == {}


def test_a_gap_and_a_screen_at_once_are_two_wakes():
    """The gap first; the screen with the next record."""
    asked = wake(open_imports(200_000), "gap", "screen")
    assert RULE.woken(asked).series == "gap"
    assert [one.at_us for one in asked.dates.of(RULE).waiting("screen")] == [AT_US]


def large(before: int, now: int) -> Past:
    """Sixty million declared in the last twelve months, gaps of one year before and of the last, in US dollars."""
    past = open_imports(1_000)
    book = past.ledger
    book.months.clear()
    for back in range(5):
        book.months[(2026 - back) * 12 + 1] = [6_000_000_000, 6_000_000_000 - (before if back else now) * 100, 0, 0]
    book.months[2021 * 12 + 1] = [100, 100, 0, 0]
    return past


def test_the_screen_needs_trade_and_a_gap_above_both():
    """50 million; larger than the year before and than the mean of four years."""
    at_us = to_us(datetime(2026, 3, 11, tzinfo=SEOUL))
    finding = RULE.woken(wake(large(1_000, 2_000), "screen", at_us=at_us))
    assert (finding.series, finding.size, finding.window) == ("screen", 200_000, "twelve months before 2026-03-01")
    assert {one.id for one in finding.tests if one.outcome == "met"} == {
        "large_trader",
        "above_year_before",
        "above_four_years",
    }
    assert RULE.woken(wake(large(2_000, 2_000), "screen", at_us=at_us)) is None
    small = large(1_000, 2_000)
    for sums in small.ledger.months.values():
        sums[0], sums[1] = sums[0] // 2, sums[1] // 2
    assert RULE.woken(wake(small, "screen", at_us=at_us)) is None


def test_the_screen_comes_again_each_month_for_a_firm_of_large_trade():
    """Ten days after the month's end, in Seoul."""
    at_us = to_us(datetime(2026, 3, 11, tzinfo=SEOUL))
    asked = wake(large(2_000, 2_000), "screen", at_us=at_us)
    RULE.woken(asked)
    assert [one.at_us for one in asked.dates.of(RULE).waiting("screen")] == [to_us(datetime(2026, 4, 11, tzinfo=SEOUL))]
    december = to_us(datetime(2025, 12, 11, tzinfo=SEOUL))
    past = Past(large(2_000, 2_000).ledger)
    # trade_min is in force since 2026-01-13
    asked = wake(past, "screen", at_us=december)
    RULE.woken(asked)
    assert asked.dates.of(RULE).waiting("screen") == []


def test_a_declaration_of_the_next_months_first_days_does_not_put_the_screen_off():
    """What waits for the tenth of March stays so on the second."""
    at = datetime(2026, 2, 10, 12, tzinfo=SEOUL)
    ledger = TraderLedger()
    ledger.rate(at)
    ledger.declare("february", at, "50000000")
    ledger.declare("march", datetime(2026, 3, 2, 12, tzinfo=SEOUL), "1")
    due = unpack(ledger.state.parties["k1.0a3.remitter"]).due
    assert [one.at_us for one in opened(due, "T08 screen")] == [to_us(datetime(2026, 3, 11, tzinfo=SEOUL))]


def test_what_was_alerted_stands_as_long_as_the_gap_of_that_time_is_there():
    """Goods that come later close it."""
    assert RULE.stands(open_imports(200_000), "gap", AT_US)
    assert RULE.standing(open_imports(200_000), "gap", AT_US) == 20_000_000
    closed = Past(book_of(paid(1, 200_000, terms=SIGHT), goods(2, 160_000, 40), clock_us=AT_US))
    assert not RULE.stands(closed, "gap", AT_US)
    at_us = to_us(datetime(2026, 3, 11, tzinfo=SEOUL))
    assert RULE.stands(large(1_000, 2_000), "screen", at_us)
    assert RULE.standing(large(1_000, 2_000), "screen", at_us) == 200_000


def test_banks_are_not_told_on():
    """Interbank trade finance is the customers'."""
    assert RULE.woken(wake(open_imports(200_000), party_type="bank")) is None


def test_through_the_core_both_rules_wake_at_one_date_in_one_alert():
    """Whoever reads it sees the payment once."""
    ledger = TraderLedger()
    ledger.trade("goods", later(days=1), "150000", trade_terms="sight")
    ledger.declare("other", later(days=32), party="k1.0a3.third")
    outputs = ledger.pay("clock", later(days=32, hours=1), "50", party="k1.0a3.passer", evidence="shown")
    assert [[hit.id for hit in alert.typologies] for alert in outputs.alerts] == [["T06", "T08"]]


def test_the_trial_pays_and_receives():
    """Above the least gap."""

    class Day:
        def limit(self, name: str) -> float:
            return {"open_gap_min": 100_000.0}[name]

        def paid(self, minutes, party, amount, **fields):
            return minutes, party, amount, fields["direction"]

    assert [each for _, each in RULE.trial(Day())] == [
        (0, "trader", 200_000.0, "out"),
        (1, "trader", 200_000.0, "in"),
    ]
    assert RULE.evaluate(None) is None
    assert RULE.changes(None, None) == ()
