"""T07's dates, and what stands against exports whose money did not come."""

from datetime import date

import pytest

from detectors.books.trade_items import OFFSET_REPORT, REPORTED, TERMS
from detectors.contracts.limits import Rulebook
from detectors.typologies.t07_due import money_due, of_strangers, short_of
from detectors.typologies.trade_overdue import Traded
from detectors.values.legal_calendar import DAY_US
from tests.support.ledger import configuration
from tests.support.trade import SEOUL, START, book_of, goods, paid, received, shipped

RULEBOOK = Rulebook(configuration())
LATER = START + 60 * DAY_US
DUE = (date(2026, 3, 31) - date(1970, 1, 1)).days


def traded(*items) -> Traded:
    return Traded(book_of(*items), RULEBOOK, SEOUL)


def test_an_export_waits_until_its_date_and_the_grace_or_for_three_months():
    """31 March ends 29 days and 15 hours after START; a date before the declaration is as the declaration's time."""
    due_of = money_due(traded())
    assert (due_of(shipped(1, 5, due=DUE)) - START) / DAY_US == 29 + 15 / 24 + 14
    assert (due_of(shipped(1, 5, due=DUE - 60)) - START) / DAY_US == 14
    assert (due_of(shipped(1, 5)) - START) / DAY_US == 90
    assert due_of(shipped(1, 5, days=-12_000)) is None
    # 9999-12-31 stands for no date
    assert (due_of(shipped(1, 5, due=(date(9999, 12, 31) - date(1970, 1, 1)).days)) - START) / DAY_US == 90


def test_receipts_of_others_stand_against_it_unless_they_came_before_or_in_advance():
    """Free by law, from whomever."""

    def others(**fields):
        days = fields.pop("days", 10)
        return short_of(traded(shipped(1, 80_000, due=DUE), received(2, 50_000, days, counterparty=8, **fields)), LATER)

    late, came = others()
    assert ([one.usd for one in late], came) == ([8_000_000], 5_000_000)
    assert others(days=-1)[1] == 0
    assert others(days=0)[1] == 5_000_000
    assert others(terms=TERMS.index("advance"))[1] == 0
    assert others(due=DUE)[1] == 0


def test_unpaid_imports_stand_against_it_where_an_offset_is_reported():
    """With that buyer alone."""
    sold, bought = shipped(1, 80_000, due=DUE), goods(2, 130_000, 1, due=DUE + 90)

    def difference(report: int):
        return paid(3, 50_000, 5, flags=report)

    assert short_of(traded(sold, bought, difference(REPORTED | OFFSET_REPORT)), LATER) == ([], 0)
    late, _ = short_of(traded(sold, bought, difference(REPORTED)), LATER)
    assert [one.usd for one in late] == [8_000_000]
    other = paid(3, 50_000, 5, flags=REPORTED | OFFSET_REPORT, counterparty=8)
    late, _ = short_of(traded(sold, bought, other), LATER)
    assert [one.usd for one in late] == [8_000_000]


def test_all_unpaid_imports_of_the_buyer_stand_against_it_to_the_cent():
    """Two of 65 000, and a cent more was exported."""
    report = paid(4, 50_000, 5, flags=REPORTED | OFFSET_REPORT)
    bought = (goods(2, 90_000, 1, due=DUE + 90), goods(3, 90_000, 2, due=DUE + 90))
    late, _ = short_of(traded(shipped(1, 130_000.01, due=DUE), *bought, report), LATER)
    assert [one.usd for one in late] == [1]


def strangers(*items) -> list[int]:
    """Events of the receipts told by institutions without a part in the trade."""
    past = traded(shipped(1, 80_000, due=DUE), *items)
    late, _ = short_of(past, LATER)
    return [item.event for item in of_strangers(past, late)]


MADE_UP = received(2, 80_000, 20, counterparty=8, institution=66)


@pytest.mark.parametrize(
    ("others", "found"),
    [
        # nobody had a part: whoever tells is the firm's bank
        ((), []),
        ((received(3, 1_000, 21, counterparty=9, institution=5),), []),
        # a bank of before, of either direction; and one whose receipt a declared export is matched with
        ((received(3, 1_000, -1, counterparty=9, institution=5),), [2]),
        ((paid(3, 1_000, -1, counterparty=9, institution=5),), [2]),
        ((received(3, 1_000, 0, counterparty=9, institution=5),), []),
        ((shipped(4, 9_000, 1, counterparty=9), received(3, 9_000, 5, counterparty=9, institution=5)), [2]),
        # its own payment of before, and its own matched receipt, make it one of them
        ((received(3, 1_000, -1, counterparty=9, institution=66),), []),
        ((shipped(4, 9_000, 1, counterparty=9), received(3, 9_000, 5, counterparty=9, institution=66)), []),
    ],
)
def test_receipts_of_institutions_without_a_part_in_the_trade_are_told_apart(others, found):
    """Where another institution had one."""
    assert strangers(MADE_UP, *others) == found


def test_receipts_that_do_not_count_are_no_strangers():
    """Those in advance; and none where nothing is overdue."""
    bank = received(3, 1_000, -1, counterparty=9, institution=5)
    own = received(4, 500.01, 20, counterparty=8, institution=66)
    assert strangers(bank, own, received(2, 80_000, 20, counterparty=8, institution=66, terms=1)) == [4]
    assert of_strangers(traded(bank, MADE_UP), []) == []


def test_nothing_overdue_is_nothing_short():
    """Receipts alone are not looked at."""
    assert short_of(traded(received(2, 50_000, 10)), LATER) == ([], 0)
