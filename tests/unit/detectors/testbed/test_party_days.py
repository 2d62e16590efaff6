"""Party-days: which rows are one, which event stands for it, and what is known of it."""

import numpy as np

from detectors.testbed.party_days import PartyDays, party_days
from tests.support.synthetic_result import case, ground, mask, payment


def three() -> PartyDays:
    """Day 0 of a: rows 0, 2, 4; of b: row 3. Day 1 of a: row 6. Rows 1 and 5 are history, row 5 is all of c's."""
    rows = [
        payment("a0", "a", 0.1, score=0.4),
        payment("a1", "a", 0.2, score=0.9, history=True),
        payment("a2", "a", 0.3, score=0.7),
        payment("b0", "b", 0.4, score=0.0),
        payment("a3", "a", 0.5, score=0.7),
        payment("c0", "c", 0.6, score=0.8, history=True),
        payment("a4", "a", 1.1, score=0.2),
    ]
    return party_days(ground(rows, [case("T01-0001", "a", ["a0", "a1"], (0.1, 0.2))]))


def of(days: PartyDays, row: int) -> int:
    """The party-day of a row."""
    return int(days.of_row[row])


def test_rows_of_one_party_and_day_are_one_party_day() -> None:
    """Three rows of a's first day belong together; another day and another party are others; history is none."""
    days = three()
    assert len(days) == 3
    assert of(days, 0) == of(days, 2) == of(days, 4)
    assert sorted({of(days, 0), of(days, 3), of(days, 6)}) == [0, 1, 2]
    assert (of(days, 1), of(days, 5)) == (-1, -1)
    assert days.of_row.dtype == np.int64


def test_party_days_are_in_order_of_day_then_party() -> None:
    """By date, and within it by the party's number (its first appearance), however many days there are."""
    rows = [payment(f"e{day}{party}", party, day) for day in range(5) for party in "ba"]
    days = party_days(ground(list(reversed(rows))))
    # the last payment comes first, so that a has number 0
    assert days.party.tolist() == [0, 1] * 5
    assert days.row.tolist() == [8, 9, 6, 7, 4, 5, 2, 3, 0, 1]


def test_the_event_of_the_highest_score_stands_for_its_party_day() -> None:
    """Of a's first day rows 2 and 4 score 0.7: the earlier stands for it; history's 0.9 does not count."""
    days = three()
    first, other, second = (of(days, row) for row in (0, 3, 6))
    assert days.row[[first, other, second]].tolist() == [2, 3, 6]
    assert days.score[[first, other, second]].tolist() == [0.7, 0.0, 0.2]
    # numbered by first appearance: a is 0, b is 1
    assert days.party[[first, other, second]].tolist() == [0, 1, 0]


def test_a_party_day_is_illicit_by_its_own_events_and_honest_by_its_party() -> None:
    """The first day of a holds a payment of its case, the second none, though a is no honest party; b is one."""
    days = three()
    first, other, second = (of(days, row) for row in (0, 3, 6))
    assert days.illicit[[first, other, second]].tolist() == [True, False, False]
    assert days.honest[[first, other, second]].tolist() == [False, True, False]
    assert (days.illicit.dtype, days.honest.dtype) == (np.bool_, np.bool_)


def test_party_days_having_some_rows() -> None:
    """Rows of history stand in no party-day, and no row finds another's."""
    days = three()
    assert np.flatnonzero(days.having(mask(7, 4))).tolist() == [of(days, 0)]
    assert np.flatnonzero(days.having(mask(7, 3, 6))).tolist() == sorted([of(days, 3), of(days, 6)])
    assert not days.having(mask(7, 1, 5)).any()
    assert days.having(mask(7)).dtype == np.bool_


def test_a_party_days_scores_do_not_reach_the_next_one() -> None:
    """Against the obvious implementation, on many parties and days: one maximum a party and day."""
    rows = [
        payment(f"e{n}", f"p{n * 7 % 11}", n * 13 % 5, score=(n * 37 % 20) / 20, history=n % 9 == 0) for n in range(200)
    ]
    days = party_days(ground(rows))
    best: dict[tuple[str, int], int] = {}
    for place, row in enumerate(rows):
        held = best.get((row["party"], row["day"]))
        if not row["history"] and (held is None or row["score"] > rows[held]["score"]):
            best[row["party"], row["day"]] = place
    assert sorted(days.row.tolist()) == sorted(best.values())
    for place, row in enumerate(rows):
        assert row["history"] or days.row[of(days, place)] == best[row["party"], row["day"]]
