"""What a typology sees of a payment and its party: what the law adds up, and what would have been otherwise."""

from datetime import date
from types import SimpleNamespace

import msgspec
import pytest

from detectors.books.folded_payments import Day, Folded
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment, append, rows
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Context, Past, largest_others, slot, sums_by_institution, undocumented_sum
from tests.support.ledger import configuration, later, payment

DEFAULT = configuration()
LEGAL = OUT | NO_DOCUMENT
ROW = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def row(**changes: int) -> Payment:
    """A payment that the law adds up, of 10 USD at the time 100."""
    return msgspec.structs.replace(ROW, **{"time": 100, "usd": 1000, "flags": LEGAL} | changes)


def table(*found: Payment):
    """These rows as columns, in this order."""
    party = Party()
    for one in found:
        append(party, one)
    return rows(party)


def context(*found: Payment, **fields) -> Context:
    """A context of these rows, of which the last is the payment; the year is from 100 to 200 us."""
    given = {
        "transaction": payment("a", later(hours=0)),
        "payment": found[-1] if found else ROW,
        "rows": table(*found),
        "names": ["", "40101", "x"],
        "day": date(2025, 3, 3),
        "year_us": (100, 200),
        "zone": None,
        "rulebook": Rulebook(DEFAULT),
        "legend": DEFAULT.legend,
        "slots": {},
        "shared": {},
        "deal": None,
    }
    return Context(**given | fields)


@pytest.mark.parametrize(
    ("changes", "added"),
    [
        ({}, True),
        ({"flags": LEGAL | SETTLED}, True),
        ({"usd": 1}, True),
        ({"usd": 0}, False),
        ({"flags": OUT}, False),
        ({"flags": NO_DOCUMENT}, False),
        ({"flags": 0}, False),
    ],
)
def test_the_law_adds_up_what_goes_out_without_documents_and_has_a_worth(changes, added):
    """From the first cent on."""
    assert context(row(**changes)).undocumented == added


def test_a_limit_is_that_of_the_payments_day_and_typology():
    """The cap of the day before 4 July 2023, and of that day; T01 has none."""
    for day, cap in ((date(2023, 7, 3), 50_000), (date(2023, 7, 4), 100_000)):
        assert context(row(), day=day).limit("T02", "annual_cap").number == cap
    assert context(row()).limit("T01", "annual_cap") is None


def test_rows_that_count_are_told_by_time_then_ledger_position():
    """From the first moment to before the last, whatever their order in the ledger."""
    found = [row(time=150, offset=1), row(time=100, offset=5), row(time=199, offset=2), row(time=150, offset=0),
             row(time=99, offset=3), row(time=200, offset=4), row(time=120, usd=0, offset=6),
             row(time=120, flags=OUT, offset=7), row(time=120, flags=NO_DOCUMENT, offset=8),
             row(time=120, usd=1, offset=9)]  # fmt: skip
    assert context(*found).undocumented_rows(100, 200)["offset"].tolist() == [5, 9, 0, 1, 2]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (0, 2, 1)])
def test_rows_of_one_time_are_told_in_the_order_of_the_ledger(order):
    """Also where only one pair of them stands the wrong way round."""
    found = [row(time=100, offset=0), row(time=100, offset=1), row(time=101, offset=2)]
    assert context(*(found[place] for place in order)).undocumented_rows(0, 200)["offset"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("times", "offsets", "expected"),
    [
        ((100, 102, 101), (0, 1, 2), [0, 2, 1]),
        ((100, 101, 100), (0, 1, 2), [0, 2, 1]),
        ((100, 100, 100), (1, 3, 2), [1, 2, 3]),
    ],
)
def test_rows_are_compared_with_the_one_before_them(times, offsets, expected):
    """Not with the first: each of these comes after it, and yet they are out of order."""
    found = [row(time=time, offset=offset) for time, offset in zip(times, offsets, strict=True)]
    assert context(*found).undocumented_rows(0, 200)["offset"].tolist() == expected


def test_an_earlier_payment_of_a_later_ledger_position_comes_first():
    """Time decides, then the ledger."""
    found = context(row(time=101, offset=0), row(time=100, offset=1)).undocumented_rows(0, 200)
    assert found["offset"].tolist() == [1, 0]


def test_the_annual_total_is_of_the_payments_year_kept_and_folded():
    """Both ends of the year; out, and without documents."""
    found = [
        row(time=99, usd=1),
        row(time=100, usd=20),
        row(time=199, usd=300),
        row(time=200, usd=4000),
        row(flags=OUT, usd=50_000),
        row(flags=NO_DOCUMENT, usd=600_000),
    ]
    assert context(*found).annual_total() == 320
    assert undocumented_sum(table(*found), 100, 200) == 320
    folded = Folded(days={date(2025, 3, 3).toordinal(): Day(7), date(2024, 3, 3).toordinal(): Day(70)})
    assert context(*found, folded=folded).annual_total() == 327


def test_a_payment_that_was_another_is_another_in_the_rows_too():
    """Its own row alone, by its ledger position; the context it came from stays as it was."""
    before = context(row(offset=1), row(offset=2))
    changed = before.with_payment(usd=5, flags=OUT)
    assert changed.payment == row(offset=2, usd=5, flags=OUT)
    assert changed.rows["usd"].tolist() == [1000, 5]
    assert changed.rows["flags"].tolist() == [LEGAL, OUT]
    assert (before.payment, before.rows["usd"].tolist()) == (row(offset=2), [1000, 1000])


def test_payments_that_were_not_made_are_gone_from_the_rows():
    """Those at the ledger positions that are named."""
    before = context(row(offset=1), row(offset=2), row(offset=3))
    assert before.without([1, 3]).rows["offset"].tolist() == [2]
    assert before.without([]).rows["offset"].tolist() == [1, 2, 3]
    assert before.rows["offset"].tolist() == [1, 2, 3]


def test_a_party_read_as_another_type_is_of_that_type_and_no_other():
    """The type it is judged as, and what other institutions say."""
    before = context(row(), readings=("company",))
    assert [before.may_be(kind) for kind in ("person", "company", "bank")] == [True, True, False]
    after = before.read_as("company")
    assert (after.transaction.party_type, after.readings) == ("company", ())
    assert [after.may_be(kind) for kind in ("person", "company", "bank")] == [False, True, False]
    assert after.transaction.event_id == before.transaction.event_id


@pytest.mark.parametrize(
    ("purpose", "texts"),
    [
        (0, ("no stated purpose", "사유 미기재")),
        (1, ("gift to a person abroad", "증여성 송금")),
        (2, ("purpose code x", "사유코드 x")),
    ],
)
def test_a_purpose_is_told_in_both_languages_or_by_its_code(purpose, texts):
    """As the legend has it."""
    assert context(row(purpose=purpose)).purpose_texts() == texts


def test_a_slot_is_the_typologys_own_or_empty():
    """Unpacked as what it is."""
    slots = {"T16": msgspec.msgpack.encode([1, 2])}
    for one in (context(row(), slots=slots), Past(None, [], None, None, slots, None, None)):
        assert slot(one, "T16", tuple[int, int], None) == (1, 2)
        assert slot(one, "T01", list[int], [5]) == [5]
    with pytest.raises(msgspec.ValidationError):
        slot(SimpleNamespace(slots=slots), "T16", str, "")


# Institutions


def test_the_two_institutions_with_most_beside_the_payments_own_are_left_out_in_turn():
    """Largest first; the empty name, of payments kept in totals, is no institution."""
    parts = (("A", 5), ("OWN", 90), ("B", 7), ("", 80), ("C", 6))
    assert largest_others(parts, "OWN") == ["B", "C"]
    assert largest_others(parts, "B") == ["OWN", "C"]
    assert largest_others((("OWN", 1), ("A", 2)), "OWN") == ["A"]
    assert largest_others((), "OWN") == []


def test_the_sum_of_each_institution_is_told_the_payments_own_first():
    """Then the largest; nothing of its own is a sum of nothing."""
    found = table(
        row(institution=2, usd=5), row(institution=0, usd=70), row(institution=2, usd=600), row(institution=1, usd=8)
    )
    names = ["A", "B", "C", "D"]
    assert sums_by_institution(found, names, 1) == (("B", 8), ("C", 605), ("A", 70))
    assert sums_by_institution(found, names, 3) == (("D", 0), ("C", 605), ("A", 70), ("B", 8))


def test_the_sums_of_the_64_largest_institutions_are_told():
    """And the payment's own, which is none of them; exact beyond 64 bits."""
    each = [row(institution=number, usd=number + 1) for number in range(66)]
    found = table(*each, row(institution=65, usd=2**63 - 1))
    names = [f"B{number}" for number in range(66)]
    expected = [("B65", 2**63 + 65), *((f"B{number}", number + 1) for number in range(64, 1, -1))]
    assert sums_by_institution(found, names, 0) == (("B0", 1), *expected)
