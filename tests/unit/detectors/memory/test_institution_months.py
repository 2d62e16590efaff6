"""What institutions told in a month: counted, bounded, and given out once the month is told of."""

import msgspec
import pytest

from detectors.contracts.screens import COUNTS
from detectors.memory.institution_months import (
    MOST_MONTHS,
    MOST_NAMES,
    MOST_PARTS,
    InstitutionMonths,
    LegalDay,
)
from detectors.values.shares import OTHERS

MONTH = 2026 * 12 + 9


def told(*names: str) -> InstitutionMonths:
    """A payment of each, one without documents."""
    found = InstitutionMonths()
    for name in names:
        found.add(MONTH, name, [COUNTS.index("payments"), COUNTS.index("outgoing"), COUNTS.index("no_document")])
    return found


def taken(months: InstitutionMonths, month: int) -> dict[str, dict[str, int]]:
    """The parts of a month, without zeros."""
    parts = list(months.take(month))
    assert {part.month for part in parts} <= {month}
    assert all(tuple(part.counts) == COUNTS for part in parts)
    return {part.name: {name: number for name, number in part.counts.items() if number} for part in parts}


def test_each_institution_is_counted_for_itself():
    """By name; a month that went out is empty."""
    months = told("BANKB", "BANKA", "BANKB")
    months.add(MONTH + 1, "BANKA", [COUNTS.index("payments"), COUNTS.index("late")])
    assert months.oldest() == MONTH
    one = {"payments": 1, "outgoing": 1, "no_document": 1}
    assert taken(months, MONTH) == {"BANKA": one, "BANKB": dict.fromkeys(one, 2)}
    assert months.oldest() == MONTH + 1
    assert taken(months, MONTH + 1) == {"BANKA": {"payments": 1, "late": 1}}
    assert months.oldest() is None


def test_what_is_told_of_a_month_that_went_out_counts_in_the_next():
    """No part is written twice."""
    months = told("BANKA")
    taken(months, MONTH)
    months.add(MONTH, "BANKA", [COUNTS.index("payments")])
    assert taken(months, MONTH + 1) == {"BANKA": {"payments": 1}}


def test_a_record_writes_so_many_parts_at_most():
    """The next one goes on, by name."""
    months = told(*(f"BANK{number:04}" for number in range(MOST_PARTS + 3)))
    assert list(taken(months, MONTH)) == [f"BANK{number:04}" for number in range(MOST_PARTS)]
    assert months.oldest() == MONTH
    months.add(MONTH, "BANK0000", [COUNTS.index("payments")])
    assert len(taken(months, MONTH)) == 3
    assert months.oldest() == MONTH + 1


def test_names_and_months_are_bounded():
    """More institutions are one, and months beyond count in the oldest."""
    months = told(*(f"BANK{number:04}" for number in range(MOST_NAMES + 5)), "BANK0001")
    for later in range(1, MOST_MONTHS + 2):
        months.add(MONTH + later, "BANKA", [COUNTS.index("payments")])
    _, held = msgspec.msgpack.decode(months.to_state())
    assert sorted(held) == list(range(MONTH, MONTH + MOST_MONTHS))
    assert len(held[MONTH]) == MOST_NAMES + 1
    assert (held[MONTH][OTHERS][0], held[MONTH]["BANK0001"][0]) == (7, 2)


def test_it_is_saved_whole():
    """And a state of other counts is refused."""
    months = told("BANKB", "BANKA")
    again = InstitutionMonths.from_state(months.to_state())
    assert again.to_state() == months.to_state()
    with pytest.raises(ValueError, match="not of this release"):
        InstitutionMonths.from_state(msgspec.msgpack.encode((0, {MONTH: {"BANKA": [1]}})))


def test_legal_days_are_kept_for_the_configuration_in_force():
    """The newest four, each from its first microsecond to that of the next one."""
    months, configuration = InstitutionMonths(), object()
    days = [LegalDay(number * 10, number * 10 + 10, MONTH, None, 1, 0, None, configuration) for number in range(5)]
    assert [months.keep_day(day) for day in days] == days
    assert [months.day_of(at, configuration) for at in (9, 10, 19, 20, 49, 50)] == [
        None,
        days[1],
        days[1],
        days[2],
        days[4],
        None,
    ]
    assert months.day_of(15, object()) is None
    assert months.to_state() == InstitutionMonths().to_state()
