"""T01's windows are open at their end, and the annual cap decides how much the document line says."""

from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from detectors.books.payments import ROW, Payment
from detectors.typologies import t01_windows
from tests.support.ledger import Ledger, configuration

EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
MICROSECOND = timedelta(microseconds=1)
BEFORE = datetime(2025, 3, 3, 1, tzinfo=UTC)
AFTER = datetime(2026, 3, 3, 1, tzinfo=UTC)


def split(ledger: Ledger, start: datetime, apart: timedelta, **fields):
    """The T01 hit of three pieces of 4 900 USD, the last of which comes `apart` after the first; None without one."""
    for number, at in enumerate((start, start + apart / 2, start + apart)):
        outputs = ledger.pay(f"piece{number}{start}", at, **fields)
    return next((hit for alert in outputs.alerts for hit in alert.typologies if hit.id == "T01"), None)


@pytest.mark.parametrize(
    ("apart", "window"),
    [
        (timedelta(days=1) - MICROSECOND, "1 d"),
        (timedelta(days=1), "7 d"),
        (timedelta(days=7) - MICROSECOND, "7 d"),
        (timedelta(days=7), "30 d"),
        (timedelta(days=30), "90 d"),
        (timedelta(days=90) - MICROSECOND, "90 d"),
    ],
)
def test_a_window_holds_its_beginning_and_not_its_end(apart, window):
    """A piece exactly one day after the first is not of the same day's window; a microsecond earlier it is."""
    assert split(Ledger(), BEFORE, apart).window == window


@pytest.mark.parametrize(("apart", "window"), [(timedelta(days=1) - MICROSECOND, "1 d"), (timedelta(days=1), "7 d")])
def test_the_window_around_a_late_piece_is_open_at_its_end_too(apart, window):
    """The piece that comes last into the ledger stands in the middle of the window, with pieces before and after."""
    ledger = Ledger()
    ledger.pay("first", BEFORE)
    ledger.pay("last", BEFORE + apart)
    (alert,) = ledger.pay("middle", BEFORE + timedelta(hours=6)).alerts
    assert [hit.window for hit in alert.typologies] == [window]


def test_pieces_of_exactly_the_longest_window_are_no_group():
    """The last of three pieces comes exactly 90 days after the first: the window holds two."""
    assert split(Ledger(), BEFORE, timedelta(days=90)) is None


def test_before_the_cap_is_used_up_the_line_says_less():
    """Since 2026 a person's line waits for the annual cap: the same pieces weigh 0.8 of what they weighed in 2025."""
    binding = split(Ledger(), BEFORE, timedelta(hours=8)).strength
    waiting = split(Ledger(), AFTER, timedelta(hours=8)).strength
    assert waiting == pytest.approx(0.8 * binding, abs=1e-4)


def test_once_the_cap_is_used_up_the_line_binds_in_full():
    """After 100 000 USD of the year, the pieces weigh as they did in 2025."""
    ledger = Ledger()
    ledger.pay("large", AFTER - timedelta(days=30), "100001")
    binding = split(Ledger(), BEFORE, timedelta(hours=8)).strength
    assert split(ledger, AFTER, timedelta(hours=8)).strength == pytest.approx(binding, abs=1e-4)


def test_a_company_waits_for_its_cap_as_a_person_does():
    """Regulation 4-3(1) is for residents, firms among them; before 2025-12-29 the line binds at once."""
    binding = split(Ledger(), BEFORE, timedelta(hours=8), party_type="company").strength
    waiting = split(Ledger(), AFTER, timedelta(hours=8), party_type="company").strength
    assert waiting == pytest.approx(0.8 * binding, abs=1e-4)


def test_pieces_before_the_cap_can_be_left_unreported():
    """With `report_before_cap` at 0 the pattern is silent while the cap is not used up, and only then."""
    rules = configuration().rules["T01"]
    limits = [
        {
            "name": limit.name,
            "value": "0" if limit.name == "report_before_cap" else limit.value,
            "unit": limit.unit,
            "effective_from": limit.effective_from,
            "provenance": limit.provenance,
        }
        for limit in rules.limits
    ]
    quiet = configuration(rules={"T01": {"limits": limits}})
    assert split(Ledger(quiet), AFTER, timedelta(hours=8)) is None
    assert split(Ledger(quiet), BEFORE, timedelta(hours=8)) is not None


def pieces(*found: tuple[int, int, int]):
    """Rows of these times, amounts and payees."""
    table = np.zeros(len(found), ROW)
    for place, (time, cents, payee) in enumerate(found):
        table[place]["time"], table[place]["usd"], table[place]["beneficiary"] = time, cents, payee
    return table


FOUR = ((0, 1, 7), (5, 2, 8), (10, 3, 7), (15, 4, 9))


@pytest.mark.parametrize("kind", [t01_windows.Windows, t01_windows.FewWindows])
@pytest.mark.parametrize(
    ("found", "at_us", "width_us", "expected", "payees"),
    [
        (FOUR, 10, 10, (2, 4, 7), 2),
        (FOUR, 10, 11, (1, 4, 9), 3),
        (FOUR, 0, 10, (0, 2, 3), 2),
        (FOUR, 5, 5, (1, 2, 2), 1),
        (FOUR, 9, 100, (0, 4, 10), 3),
        (FOUR, 100, 10, (0, 0, 0), 0),
        (FOUR, 25, 10, (0, 0, 0), 0),
        (FOUR, 24, 10, (3, 4, 4), 1),
        ((), 5, 10, (0, 0, 0), 0),
        (((0, 3, 1), (4, 3, 1), (9, 3, 1)), 5, 5, (1, 2, 3), 1),
        (((0, 3, 1), (4, 3, 1), (8, 3, 1)), 4, 5, (0, 2, 6), 1),
        (((2, 1, 1), (2, 5, 2), (2, 9, 1)), 2, 1, (0, 3, 15), 2),
        (((1, 2**62, 1),) * 5, 1, 1, (0, 5, 5 * 2**62), 1),
        (((0, 0, 1), (1, 0, 2)), 1, 5, (0, 2, 0), 2),
    ],
)
def test_the_fullest_window_holds_the_payment_and_most_money(kind, found, at_us, width_us, expected, payees):
    """It begins at a piece, later than the width before the payment and not after it; of equal ones the earliest."""
    windows = kind(pieces(*found))
    assert windows.fullest(at_us, width_us) == expected
    assert windows.beneficiaries(*expected[:2]) == payees


def test_the_one_before_to_the_same_beneficiary_is_found():
    """Of a, b, a, a, b: none, none, the first, the third, the second."""
    assert t01_windows._same_before(np.array([7, 5, 7, 7, 5], "<u8")).tolist() == [-1, -1, 0, 2, 1]
    assert t01_windows._same_before(np.array([7, 5] * 100, "<u8")).tolist() == [-1, -1, *range(198)]
    assert t01_windows._same_before(np.zeros(0, ROW)["beneficiary"]).tolist() == []


# Without one institution


def left(institutions, payees, own: int = 1) -> list[list[int]]:
    """The places of the pieces that stay each time."""
    table = np.zeros(len(institutions), ROW)
    table["institution"], table["beneficiary"], table["offset"] = institutions, payees, np.arange(len(institutions))
    payment = msgspec.structs.replace(EMPTY, institution=own)
    return [rows["offset"].tolist() for rows in t01_windows.without_one(table, payment)]


def test_the_two_other_institutions_with_most_payees_are_left_out_in_turn_then_all_others():
    """Of 2, 3 and 4 that is 3 with two payees, then 2, which has as many as 4; payees of several are each's own."""
    institutions = (2, 3, 4, 1, 2, 4, 3, 2, 4, 2)
    payees = (20, 21, 21, 9, 20, 21, 20, 20, 21, 20)
    assert left(institutions, payees) == [[0, 2, 3, 4, 5, 7, 8, 9], [1, 2, 3, 5, 6, 8], [3]]


def test_of_equal_institutions_the_first_by_number_is_left_out():
    """Twenty of one payee, twenty of two: of the latter 4 and 6, as 2 is the payment's own."""
    institutions = [*range(1, 41), *range(2, 41, 2)]
    without = left(institutions, [9] * 40 + [10] * 20, own=2)
    assert [{*institutions} - {institutions[place] for place in places} for places in without[:2]] == [{4}, {6}]
    assert without[2] == [1, 40]


def test_a_single_institution_is_not_left_out():
    """Nothing would be left."""
    assert left((2, 2), (9, 10)) == []
