"""Dated limits: what their values may be, how an alert shows them, and which of them is in force."""

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from detectors.contracts.alert import LimitShown
from detectors.contracts.configuration import Limit
from detectors.contracts.limits import LARGEST, DatedLimit, LimitKind, Rulebook, number
from tests.support.ledger import configuration

DAY = date(2024, 5, 1)


def limit(value="1.25", **fields):
    """A limit of T02."""
    given = {"name": "annual_cap", "unit": "USD", "effective_from": DAY, "provenance": "S", "verified": True}
    return Limit(value=value, **(given | fields))


@pytest.mark.parametrize(
    ("kind", "value", "fault"),
    [
        (LimitKind("USD", "1", "10"), "0.99", "1 to 10 USD"),
        (LimitKind("USD", "1", "10"), "1", None),
        (LimitKind("USD", "1", "10"), "1.5", None),
        (LimitKind("USD", "1", "10"), "10", None),
        (LimitKind("USD", "1", "10"), "10.01", "1 to 10 USD"),
        (LimitKind("days", "1", "10", whole=True), "2", None),
        (LimitKind("days", "1", "10", whole=True), "2.0", None),
        (LimitKind("days", "1", "10", whole=True), "2.5", "a whole number, 1 to 10 days"),
        (LimitKind("days", "1", "10", whole=True), "11", "a whole number, 1 to 10 days"),
    ],
)
def test_a_limit_out_of_its_range_is_told_what_is_expected(kind, value, fault):
    """Both ends belong to the range; a count of days may not be broken."""
    assert kind.fault(Decimal(value)) == fault


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("5000", 5000),
        ("0.8", Decimal("0.8")),
        ("1e3", 1000),
        ("25E-1", Decimal("2.5")),
        ("1E+2", 100),
        ("1e18", 10**18),
        ("999999999999999999", 10**18 - 1),
    ],
)
def test_a_limits_value_is_a_decimal_of_0_to_1e18(text, value):
    """Both ends are allowed, with or without an exponent."""
    assert number(text) == value
    assert LARGEST == 10**18


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "NaN",
        "Infinity",
        "1_000",
        " 1",
        "1e999998",
        "1e19",
        "1000000000000000001",
        "1.1e18",
        "1" * 19,
        "0." + "1" * 19,
        "\u0661",
    ],
)
def test_anything_else_is_refused_with_what_was_written(text):
    """Python takes most of them for numbers, and the hundredths of some are too long for any partition."""
    with pytest.raises(ValueError, match=r"not a number of 0 or more; got: '.*'; expected: a decimal string, at most"):
        number(text)


def test_a_long_text_is_shown_by_its_first_40_characters():
    """A refusal is read by people, and a sender may write anything."""
    with pytest.raises(ValueError, match=f"got: '{'9' * 40}';"):
        number("9" * 500)


def test_a_limit_is_ready_for_exact_arithmetic():
    """Hundredths of its unit, cut below them: nothing is beyond a limit that is not beyond it to the cent."""
    assert [DatedLimit(limit(value)).cents for value in ("1.25", "5000", "0.999", "1e3")] == [125, 500_000, 99, 100_000]
    assert DatedLimit(limit("1.25")).number == Decimal("1.25")


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [("USD", "5000", "5000"), ("KRW", "1e9", "1e9"), ("ratio", "0.80", 0.8), ("days", "7", 7)],
)
def test_an_alert_shows_money_as_it_was_written_and_the_rest_as_numbers(unit, value, shown):
    """With its date, where it comes from, and whether it was checked."""
    assert DatedLimit(limit(value, unit=unit)).shown() == LimitShown(
        name="annual_cap", value=shown, unit=unit, effective_from=DAY, provenance="S", verified=True
    )
    assert isinstance(DatedLimit(limit(value, unit=unit)).shown().value, str if unit in {"USD", "KRW"} else float)


def book_of(*limits):
    """The rulebook of T02 with these limits alone."""
    shipped = configuration()
    rules = shipped.rules | {"T02": msgspec.structs.replace(shipped.rules["T02"], limits=limits)}
    return Rulebook(msgspec.structs.replace(shipped, rules=rules))


def test_the_limit_in_force_is_the_newest_that_began_by_the_day():
    """In whatever order they are configured; none before the first, none of a name or typology that is not known."""
    book = book_of(
        limit("3", effective_from=date(2025, 1, 1)),
        limit("1", effective_from=date(2023, 1, 1)),
        limit("9", effective_from=date(2023, 6, 1), name="other"),
        limit("2", effective_from=date(2024, 1, 1)),
    )
    days = [(2022, 12, 31), (2023, 1, 1), (2023, 12, 31), (2024, 1, 1), (2026, 1, 1)]
    found = [book.limit("T02", "annual_cap", date(*day)) for day in days]
    assert [each and each.limit.value for each in found] == [None, "1", "1", "2", "3"]
    assert book.limit("T02", "other", date(2024, 1, 1)).limit.value == "9"
    assert book.limit("T02", "none", date(2024, 1, 1)) is None
    assert book.limit("T99", "annual_cap", date(2024, 1, 1)) is None


def test_the_limits_of_some_names_are_kept_by_day(monkeypatch):
    """Only those in force, of that typology and day; looked up once, and never more sets than a bound."""
    book = book_of(
        limit("1", effective_from=date(2023, 1, 1)), limit("9", effective_from=date(2024, 1, 1), name="other")
    )
    names = ("annual_cap", "other", "none")
    before, day = date(2023, 1, 1), date(2024, 1, 1)
    found = book.named("T02", names, day)
    assert {name: one.limit.value for name, one in found.items()} == {"annual_cap": "1", "other": "9"}
    assert book.named("T02", names, day) is found
    assert {name: one.limit.value for name, one in book.named("T02", names, before).items()} == {"annual_cap": "1"}
    assert list(book.named("T02", ("other",), day)) == ["other"]
    assert book.named("T99", names, day) == book.named("T02", names, date(2022, 12, 31)) == {}
    monkeypatch.setattr("detectors.contracts.limits.MOST_KEPT", 4)
    assert book.named("T02", names, day) is found
    book.named("T02", ("annual_cap",), day)
    assert book.named("T02", names, day) is found
    book.named("T02", ("none",), day)
    assert book.named("T02", names, day) is not found
    assert book.named("T02", names, day) == found


def test_limits_of_any_typology_are_kept_by_day_too(monkeypatch):
    """Each is that of the first typology whose table has one; a name without any, or not in force yet, is left out."""
    book = Rulebook(configuration())
    names = ("tolerance_share", "annual_cap", "unheard_of")
    found = book.any_named(names, date(2026, 1, 1))
    assert found == {name: book.of_any(name, date(2026, 1, 1)) for name in names[:2]}
    assert None not in found.values()
    assert book.any_named(names, date(1900, 1, 1)) == {}
    assert book.any_named(names, date(2026, 1, 1)) is found
    # the next day is under the same law
    assert book.any_named(names, date(2026, 1, 2)) is found
    monkeypatch.setattr("detectors.contracts.limits.MOST_KEPT", 1)
    book.any_named(names[:1], date(2026, 1, 2))
    assert book.any_named(names, date(2026, 1, 1)) is not found


def test_a_value_that_is_no_number_names_its_limit():
    """The reader of a configuration finds the line."""
    with pytest.raises(ValueError, match="limit annual_cap of T02: not a number of 0 or more; got: 'much'"):
        book_of(limit("much"))


def test_what_follows_from_limits_is_worked_out_once_between_two_changes(monkeypatch):
    """Two days under the same law share an answer, a day under another has its own, and times are bounded."""
    book = book_of(limit("1", effective_from=date(2023, 1, 1)), limit("9", effective_from=date(2024, 1, 1)))
    asked = []

    def band(rulebook, day):
        asked.append(day)
        return 0, rulebook.limit("T02", "annual_cap", day).cents

    monkeypatch.setattr("detectors.contracts.limits.MOST_TIMES", 1)
    days = date(2023, 1, 1), date(2023, 1, 2), date(2024, 1, 1), date(2024, 1, 2), date(2023, 1, 3)
    assert [book.band(band, day) for day in days] == [(0, 100), (0, 100), (0, 900), (0, 900), (0, 100)]
    assert asked == [days[0], days[2], days[4]]
