"""Pieces of T01's band in totals, by purpose and day, and the share of the kept rows that each institution has."""

from datetime import UTC, date, datetime

import msgspec
import numpy as np
import pytest

from detectors.books import folded_payments
from detectors.books.folded_payments import LARGEST_TOTAL, OTHER_PURPOSES, OTHERS, Day, Folded, Needs, folded_of
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment, rows, unpacked_rows
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, configuration
from tests.support.wanted import needs_of

ZONE = Ledger(configuration()).state.effective.zone
# midnight of 4 March in Seoul
MIDNIGHT = to_us(datetime(2025, 3, 3, 15, tzinfo=UTC))
THIRD, FOURTH = date(2025, 3, 3).toordinal(), date(2025, 3, 4).toordinal()
LEGAL = OUT | NO_DOCUMENT | SETTLED
LOW, HIGH = 400_000, 500_000
NAMES = ["", "BANKA", "BANKB", "MADE1", "MADE2", "40101", "40201"]
EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def row(time: int, usd: int = LOW, flags: int = LEGAL, **fields: int) -> Payment:
    """A piece of BANKA for the purpose 40101, unless it is said otherwise."""
    return msgspec.structs.replace(
        EMPTY, **{"time": time, "usd": usd, "flags": flags, "institution": 1, "purpose": 5} | fields
    )


def table(*found: Payment):
    """These rows as columns."""
    return unpacked_rows(b"".join(one.packed() for one in found))


def needs(clock_us: int = MIDNIGHT, band: tuple[int, int] = (LOW, HIGH)) -> Needs:
    """The clock, in Seoul; BANKA and BANKB have shares of their own."""
    return needs_of(clock_us, 35 * DAY_US, band, ZONE, lambda name: name in {"BANKA", "BANKB"})


# Pieces


def test_pieces_are_counted_by_purpose_and_local_day():
    """Both ends of the band, out, without documents; the day changes at midnight in Seoul."""
    found = Folded(pieces={"40101": {THIRD: (1, 7)}})
    folded_payments._add_pieces(
        found,
        table(
            row(MIDNIGHT - 1, LOW),
            row(MIDNIGHT - 2, HIGH),
            row(MIDNIGHT, LOW + 5),
            row(MIDNIGHT, LOW, purpose=6),
            row(MIDNIGHT, LOW - 1),
            row(MIDNIGHT, HIGH + 1),
            row(MIDNIGHT, LOW, OUT | SETTLED),
            row(MIDNIGHT, LOW, NO_DOCUMENT | SETTLED),
        ),
        NAMES,
        needs(),
    )
    assert found.pieces == {
        "40101": {THIRD: (3, LOW + HIGH + 7), FOURTH: (1, LOW + 5)},
        "40201": {FOURTH: (1, LOW)},
    }


def test_what_came_back_is_no_piece_of_a_band_that_begins_at_nothing():
    """A cent is one, nothing is none."""
    found = Folded()
    folded_payments._add_pieces(found, table(row(MIDNIGHT, 0), row(MIDNIGHT, 1)), NAMES, needs(band=(0, HIGH)))
    assert found.pieces == {"40101": {FOURTH: (1, 1)}}


def test_the_seventeenth_purpose_stands_with_the_others():
    """Sixteen have their own place, also later; numbers are added, sums are cut to 63 bits."""
    pieces = {}
    for number in range(18):
        folded_payments._piece(pieces, f"P{number}", 7, (1, 10))
    folded_payments._piece(pieces, "P0", 7, (2, LARGEST_TOTAL))
    folded_payments._piece(pieces, "P1", 8, (3, 30))
    assert len(pieces) == 17
    assert pieces["P15"] == {7: (1, 10)}
    assert pieces[OTHER_PURPOSES] == {7: (2, 20)}
    assert pieces["P0"] == {7: (3, LARGEST_TOTAL)}
    assert pieces["P1"] == {7: (1, 10), 8: (3, 30)}


def test_the_pieces_of_a_purpose_are_its_own_and_those_that_may_be():
    """By day, in order; a purpose without a place of its own may be among the others."""
    found = Folded(pieces={"a": {9: (1, 10), 7: (2, 20)}, OTHER_PURPOSES: {8: (4, 40), 7: (100, 1000)}})
    assert list(found.pieces_of("a").items()) == [(7, (102, 1020)), (8, (4, 40)), (9, (1, 10))]
    assert list(found.pieces_of("b").items()) == [(7, (100, 1000)), (8, (4, 40))]
    assert Folded().pieces_of("a") == {}


def test_pieces_are_kept_as_long_as_a_window_may_reach_them():
    """Ninety days before the latest that may still come, and 35 before the clock; an empty purpose goes."""
    first = FOURTH - 35 - 90
    found = Folded(pieces={"a": {FOURTH: (1, 1), first: (2, 2), first - 1: (4, 4)}, "b": {first - 1: (1, 1)}})
    folded_payments._forget(found, needs())
    assert list(found.pieces["a"].items()) == [(first, (2, 2)), (FOURTH, (1, 1))]
    assert list(found.pieces) == ["a"]


@pytest.mark.parametrize(("count", "oldest"), [(160, (1, 1)), (161, (3, 11)), (162, (7, 111))])
def test_beyond_160_days_the_two_oldest_become_one(count, oldest):
    """The later one of both stands for them, whatever the order in which they came; 160 are left alone."""
    days = {FOURTH + number: (2 ** min(number, 3), 10**number if number < 3 else 0) for number in range(count)}
    found = Folded(pieces={"a": dict(reversed(days.items()))})
    folded_payments._forget(found, needs())
    assert list(found.pieces["a"]) == [FOURTH + number for number in range(count - 160, count)]
    assert next(iter(found.pieces["a"].values())) == oldest


def test_the_sum_of_days_that_become_one_is_cut():
    """To what 63 bits hold."""
    days = {FOURTH + number: (1, LARGEST_TOTAL) for number in range(161)}
    found = Folded(pieces={"a": days})
    folded_payments._forget(found, needs())
    assert found.pieces["a"][FOURTH + 1] == (2, LARGEST_TOTAL)


def test_pieces_of_two_tokens_of_a_party_are_added_up():
    """By purpose and day."""
    one, two = (
        Party(folded=msgspec.msgpack.encode(Folded(pieces=pieces)))
        for pieces in ({"a": {7: (1, 10)}}, {"a": {7: (2, 20), 8: (3, 30)}, "b": {7: (4, 40)}})
    )
    found = folded_of(Party(folded=folded_payments.join(one, two)))
    assert found.pieces == {"a": {7: (3, 30), 8: (3, 30)}, "b": {7: (4, 40)}}


# Shares


def fair(*institutions: int, order: tuple[int, ...] = ()) -> list[int]:
    """The order in which rows of these institutions are folded."""
    places = np.array(order or range(len(institutions)), "<i8")
    return folded_payments._fairly(places, np.array(institutions, "<u2"), NAMES, needs()).tolist()


def test_the_share_that_holds_most_gives_first():
    """After each step the shares are level, or the smaller one is whole; within a share the order is what it was."""
    assert fair(1, 1, 2, 2, 2) == [2, 0, 3, 1, 4]
    assert fair(2, 1, 1, 1) == [1, 2, 0, 3]
    assert fair(1, 1, 2, 2, 2, order=(4, 1, 3, 0, 2)) == [4, 1, 3, 0, 2]
    assert fair(1, 2, 2, 2, 1, order=(0, 1, 2, 3, 4)) == [1, 0, 2, 3, 4]
    assert fair(1, 2, 2, 2, 1, order=(0, 4, 3, 2, 1)) == [3, 0, 2, 4, 1]


def test_one_share_alone_keeps_its_order():
    """Also where it is that of all who have none."""
    assert fair(1, 1, 1, order=(2, 0, 1)) == [2, 0, 1]
    assert fair(3, 4, 3, order=(2, 0, 1)) == [2, 0, 1]
    assert fair() == []
    assert fair(1) == [0]


def test_shares_of_one_size_give_in_turn():
    """A hundred rows each, all of BANKA's before: the first of each, then the second of each."""
    assert fair(*[1] * 100, *[2] * 100) == [place for number in range(100) for place in (number, 100 + number)]


def test_small_payments_are_shared_fairly_too():
    """Of 2, 3 and 4 cents of one share and a cent of another, the larger share gives two before the cent goes."""
    found = [row(MIDNIGHT, 1, institution=2), *(row(MIDNIGHT, cents) for cents in (2, 3, 4))]
    assert folded_payments._least_needed_first(table(*found), NAMES, needs()).tolist() == [1, 2, 0, 3]


def test_whoever_has_no_share_of_its_own_shares_one_with_all_others():
    """Two made-up names hold three rows together, BANKA one: they give two before it gives any."""
    assert fair(1, 3, 4, 3) == [1, 2, 0, 3]


def test_what_is_not_needed_goes_first_whoever_sent_it():
    """A documented payment, and one beyond every window, of the smallest share; then the shares are level."""
    found = [
        row(MIDNIGHT, 5, OUT | SETTLED, institution=2),
        row(MIDNIGHT - 200 * DAY_US, 5, institution=2),
        row(MIDNIGHT - 9, institution=2),
        *(row(MIDNIGHT - number) for number in (3, 2, 1)),
    ]
    assert folded_payments._least_needed_first(table(*found), NAMES, needs()).tolist() == [0, 1, 3, 4, 2, 5]


def test_pieces_that_are_folded_go_into_their_totals():
    """Five rows to three: the larger share's two oldest pieces are counted by their day."""
    found = [row(MIDNIGHT - 9, institution=2), *(row(MIDNIGHT + number, LOW + number) for number in range(4))]
    party = Party(payments=b"".join(one.packed() for one in found), names=NAMES)
    with few_rows(4, 3):
        assert folded_payments.fold(party, needs()) == 2
    assert rows(party)["usd"].tolist() == [LOW, LOW + 2, LOW + 3]
    assert folded_of(party).pieces == {"40101": {FOURTH: (2, 2 * LOW + 1)}}
    assert folded_of(party).days == {FOURTH: Day(2 * LOW + 1, 2)}


# Institutions of a year


def test_the_64_institutions_with_most_keep_their_names():
    """Of 66 the two with least stand with the others: by all cents, then by those through small remitters."""
    shares = {"first": (5, 1), "later": (5, 1), "less": (5, 0), OTHERS: (100, 10)}
    more = [(f"B{number}", (6, 0)) for number in range(62)]
    folded_payments._share(shares, [*more, ("small", (4, 2)), ("B0", (1, 1))])
    assert len(shares) == 65
    assert shares[OTHERS] == (100 + 5 + 4, 10 + 0 + 2)
    assert set(shares) == {"first", "later", OTHERS, *(f"B{number}" for number in range(62))}
    assert shares["B0"] == (7, 1)


def test_of_equal_institutions_the_one_that_was_there_first_keeps_its_name():
    """And the sum of the others is cut to 63 bits."""
    shares = {f"B{number}": (5, 5) for number in range(64)} | {OTHERS: (LARGEST_TOTAL, LARGEST_TOTAL - 4)}
    folded_payments._share(shares, [("new", (5, 5))])
    assert "new" not in shares
    assert shares[OTHERS] == (LARGEST_TOTAL, LARGEST_TOTAL)
    assert len(shares) == 65


def test_up_to_64_institutions_have_their_names_beside_the_others():
    """The nameless one is none of them; without a 65th nothing is put there."""
    shares = {OTHERS: (1, 1)}
    folded_payments._share(shares, [(f"B{number}", (1, 0)) for number in range(64)])
    assert len(shares) == 65
    assert shares[OTHERS] == (1, 1)
    alone = {}
    folded_payments._share(alone, [(f"B{number}", (1, 0)) for number in range(64)])
    assert OTHERS not in alone
    folded_payments._share(alone, [("more", (7, 3))])
    assert (alone["more"], alone[OTHERS]) == ((7, 3), (1, 0))
