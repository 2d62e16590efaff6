"""Which traders are in the supervisor's list of a month: whose gap grew against the year before and four years."""

from datetime import date, datetime

import pytest

from detectors.typologies.due import OpenDate, PartyDates, Wake
from detectors.typologies.screening import KIND, SCREENS, TRADE, month_at
from detectors.typologies.screens import listed
from detectors.typologies.t08_declared_settled import LOOK_AGAIN_US, SILENT_US
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.screened import ScreenedLedger
from tests.support.trade import SEOUL, book_of, paid
from tests.unit.detectors.typologies.test_t08_declared_settled import Past, large

DUE_US = to_us(datetime(2026, 3, 11, tzinfo=SEOUL))
FEBRUARY = month_at(DUE_US - 20 * DAY_US, SEOUL)


def woken(past: Past, party_type: str = "company", **more) -> Wake:
    """February 2026 is told of."""
    given = {"customs_us": DUE_US, "banks_us": DUE_US} | more
    due = (OpenDate(DUE_US, KIND + TRADE, FEBRUARY.number),)
    return Wake(past, due, DUE_US + 1, date(2026, 3, 11), PartyDates({}, None, DUE_US + 1), party_type, **given)


def waiting(wake: Wake) -> list[tuple[int, int]]:
    """The months that are waited for, and when they are due."""
    return [(one.item, one.at_us) for one in wake.dates.of(SCREENS).waiting(TRADE)]


def test_a_trader_whose_gap_is_above_both_is_in_the_months_list():
    """With T08's own figures and sentences; the next month waits."""
    wake = woken(large(1_000, 2_000))
    ((month, entry),) = listed(wake)
    assert (month.name, entry.screen) == ("2026-02", "trade_gap")
    assert {one.id: one.outcome for one in entry.tests} == {
        "large_trader": "met",
        "above_year_before": "met",
        "above_four_years": "met",
    }
    assert [one.name for one in entry.limits] == ["trade_min", "told_days"]
    told = {one.name: one.value for one in entry.measured}
    assert (told["import_gap_12_months"], told["import_gap_year_before"]) == ("2000.00", "1000.00")
    assert "60,000,000.00 USD" in entry.text_en
    assert "60,000,000.00달러" in entry.text_ko
    assert len(entry.offsets) == 1
    assert entry.institutions == ()
    assert waiting(wake) == [(FEBRUARY.number + 1, to_us(datetime(2026, 4, 11, tzinfo=SEOUL)))]


def test_a_gap_that_did_not_grow_is_in_no_list():
    """Equal to the year before; the trader is looked at again all the same."""
    wake = woken(large(2_000, 2_000))
    assert list(listed(wake)) == []
    assert len(waiting(wake)) == 1


def test_a_ledger_of_four_years_cannot_tell_and_lists_nobody():
    """The mean of four years before the last one is not known."""
    past = large(1_000, 2_000)
    for month in [one for one in past.ledger.months if one < 2022 * 12 + 2]:
        del past.ledger.months[month]
    assert list(listed(woken(past))) == []


@pytest.mark.parametrize(
    "silent", [{"customs_us": None}, {"banks_us": DUE_US - SILENT_US - 1}], ids=["customs", "banks"]
)
def test_while_somebody_is_silent_the_month_waits(silent):
    """A week, and it is the same month."""
    wake = woken(large(1_000, 2_000), **silent)
    assert list(listed(wake)) == []
    assert waiting(wake) == [(FEBRUARY.number, DUE_US + 1 + LOOK_AGAIN_US)]


def test_small_traders_and_banks_are_in_no_list():
    """Below the amount nobody is waited for any more."""
    small = Past(book_of(paid(1, 200_000)))
    for wake in (woken(small), woken(large(1_000, 2_000), "bank")):
        assert list(listed(wake)) == []
        assert waiting(wake) == []


def test_through_the_core_a_large_trader_waits_for_its_month():
    """From the declaration on with which it trades enough; one of fewer dollars waits for nothing."""
    at = datetime(2026, 2, 10, 12, tzinfo=SEOUL)
    ledger = ScreenedLedger()
    ledger.rate(at)
    ledger.declare("small", at, "49999999")
    assert not ledger.due(TRADE)
    ledger.declare("more", at, "1")
    assert [one.item for one in ledger.due(TRADE)] == [2026 * 12 + 1]
    ledger.declare("march", datetime(2026, 3, 2, 12, tzinfo=SEOUL), "1")
    assert [one.item for one in ledger.due(TRADE)] == [2026 * 12 + 1, 2026 * 12 + 2]
    assert ledger.entries == []
