"""Rows joined with what was planted: whose events they are, which alerts would find a case, what money moved."""

import numpy as np
import pytest

from detectors.testbed.ground import Ground, Links, lay_ground
from detectors.testbed.truth import Truth
from tests.support.synthetic_result import at, case, ground, lookalike, mask, payment, sheet


def pairs(links: Links) -> list[tuple[int, int]]:
    """(thing, row) of each link, in its order."""
    return list(zip(links.thing.tolist(), links.row.tolist(), strict=True))


def test_links_are_sorted_and_each_once() -> None:
    """By thing, then row; a pair that was named twice counts once; which of them have some row."""
    links = Links.of(np.array([5, 1, 5, 0, 1]), np.array([1, 1, 1, 2, 0]))
    assert pairs(links) == [(0, 1), (1, 1), (1, 5), (2, 0)]
    assert links.hit(mask(6, 5, 2), 4).tolist() == [False, True, False, False]
    assert links.hit(mask(6, 1), 4).tolist() == [True, True, False, False]
    assert links.touched(6).tolist() == [True, True, False, False, False, True]


def test_nothing_planted() -> None:
    """A truth of nothing leaves every party honest, and columns of whole numbers and truths without any entry."""
    told = ground([payment("a", "a", 0), payment("b", "b", 0)])
    assert (told.cases, told.honest.tolist(), told.illicit.tolist()) == (0, [True, True], [False, False])
    for column in (told.illicit_cents, told.moved_cents, told.case_us, told.events.row, told.reach.thing):
        assert (len(column), column.dtype) == (0, np.int64)
    assert (told.named("T01").tolist(), told.named("T01").dtype) == ([], np.bool_)


def planted() -> Ground:
    """Rows 0 to 3 of a, 4 to 7 of b (its case: 5 and 6), 8 of helper c, 9 of d. Row 3 and all of d are history."""
    rows = [
        *[payment(f"a{n}", "a", n, history=n == 3) for n in range(4)],
        *[payment(f"b{n}", "b", n) for n in range(4)],
        payment("c0", "c", 2),
        payment("d0", "d", 2, history=True),
    ]
    cases = [
        case("T02-0001", "b", ["b2", "b1"], (1, 2), party_ids=("b", "c"), variant="slow"),
        case("T01-0002", "d", ["d0", "a3", "elsewhere"], (2, 3)),
    ]
    return ground(
        rows, cases, [lookalike("rent", "a", ["a0", "a3"]), lookalike("firm", "b"), lookalike("tuition", "d")]
    )


def test_whose_events_rows_are() -> None:
    """Events are found by their id whoever's row it is; what the sheet has no row of is left out."""
    told = planted()
    assert pairs(told.events) == [(0, 5), (0, 6), (1, 3), (1, 9)]
    assert np.flatnonzero(told.illicit).tolist() == [3, 5, 6, 9]
    assert (told.typology, told.variant) == (("T02", "T01"), ("slow", "template"))
    assert told.named("T01").tolist() == [False, True]
    assert told.case_us.tolist() == [round(at(day).timestamp()) * 1_000_000 for day in (1, 2)]


def test_which_alerts_would_find_a_case() -> None:
    """The first case by b from day 1 on and by its helper; the second by nobody, because its rows are history."""
    assert pairs(planted().reach) == [(0, 5), (0, 6), (0, 7), (0, 8)]


def test_a_cases_parties_are_found_to_the_microsecond() -> None:
    """From the first event to 30 days after the last: a microsecond before and after is outside."""
    found = sheet([payment("x", "a", 1), *[payment(f"b{n}", "b", day) for n, day in enumerate((1, 1, 31, 31))]])
    found.time_us[[1, 4]] += [-1, 1]
    told = lay_ground(found, Truth(cases=(case("T01-0001", "b", ["b1"], (1, 1)),)), {"b": "b"})
    assert pairs(told.reach) == [(0, 2), (0, 3)]


def test_who_is_honest() -> None:
    """Neither whom a case names nor whose row is one of its events: not a, b, c or d. An unknown party is no fault."""
    assert not planted().honest.any()
    rows = [payment("a", "a", 0), payment("b", "b", 0), payment("c", "c", 0), payment("x", "x", 0)]
    told = ground(rows, [case("T01-0001", "a", ["b"], (0, 0), party_ids=("c", "unseen"))])
    assert told.honest.tolist() == [False, False, False, True]


def test_history_has_no_day() -> None:
    """Days are those of rows that may alert; each row has its day's place among them, and history none."""
    told = planted()
    assert told.may_alert.tolist() == [True] * 3 + [False] + [True] * 5 + [False]
    assert told.day_of.tolist() == [0, 1, 2, -1, 0, 1, 2, 3, 2, -1]
    assert told.day_of.dtype == np.int64
    assert (told.days - told.days[0]).tolist() == [0, 1, 2, 3]


def test_look_alikes_are_their_rows_that_may_alert() -> None:
    """Rent has row 0 (row 3 is history), firm all of b but its case's payments, tuition no row that may alert."""
    told = planted()
    assert pairs(told.alike) == [(0, 0), (1, 4), (1, 7)]
    assert told.lookalike_seen.tolist() == [True, True, False]


def test_an_order_counts_where_nothing_was_settled() -> None:
    """The first case's order was never settled, the second's was; what was cancelled moved nothing."""
    rows = [
        payment("o", "a", 0, usd=500, status="ordered"),
        payment("c", "a", 1, usd=70, status="cancelled"),
        payment("p", "b", 0, usd=30, status="ordered"),
        payment("s", "b", 1, usd=20, status="settled"),
    ]
    cases = [
        case("T01-0001", "a", ["o", "c"], (0, 1)),
        case("T01-0002", "b", ["p", "s"], (0, 1)),
        case("T01-0003", "b", ["s"], (1, 1), illicit_usd="7.50"),
    ]
    told = ground(rows, cases)
    assert told.moved_cents.tolist() == [50_000, 0, 0, 2000, 2000]
    assert told.illicit_cents.tolist() == [50_000, 2000, 750]


def test_cents_are_exact_however_many() -> None:
    """Sums past 2^53 cents keep the last one."""
    found = sheet([payment("a0", "a", 0), payment("a1", "a", 1)])
    found.usd_cents[:] = [2**53, 1]
    told = lay_ground(found, Truth(cases=(case("T01-0001", "a", ["a0", "a1"], (0, 1)),)), {"a": "a"})
    assert told.illicit_cents.tolist() == [2**53 + 1]


def test_a_truth_must_be_of_the_stream() -> None:
    """One event of it in the result is enough; parties without events, or nothing planted, are of any stream."""
    rows = [payment("a", "a", 0)]
    assert ground(rows, (), [lookalike("rent", "z", ["z"]), lookalike("rent", "a", ["a"])]).lookalike_seen.tolist() == [
        False,
        True,
    ]
    assert ground(rows, (), [lookalike("rent", "a")]).lookalike_seen.tolist() == [True]
    with pytest.raises(ValueError, match="none of the 2 events that it names is in the result"):
        ground(rows, [case("T01-0001", "a", ["y", "z"], (0, 0))])
    with pytest.raises(ValueError, match="no token is known of a party of the truth; got: 'b'"):
        lay_ground(sheet(rows), Truth(cases=(case("T01-0001", "b", ["a"], (0, 0)),)), {"a": "a"})


def test_rows_may_come_in_any_order_of_time() -> None:
    """A stream's records are late at times: the same rows in another order have the same links."""
    told, rows = planted(), np.array([9, 2, 7, 0, 5, 3, 8, 1, 6, 4])
    tokens = {name: name for name in "abcd"}
    turned = lay_ground(told.sheet.take(rows), told.truth, tokens)
    assert sorted((thing, int(rows[row])) for thing, row in pairs(turned.reach)) == pairs(told.reach)
    assert (turned.honest == told.honest[rows]).all()
