"""What rules want kept: which payments, how far back, in which band, and what comes of several wishes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest

from detectors.books import folded_payments
from detectors.books.folded_payments import OTHER_PURPOSES, Folded, Needs, folded_of
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, SMALL_REMITTER, Horizons, Payment, rows, unpacked_rows
from detectors.books.wanted import ANY_AMOUNT, InForce, LookBack, OneByOne, Wanted, Which, any_amount, together
from detectors.contracts.limits import Rulebook
from detectors.values.legal_calendar import DAY_US, to_us
from streams.settings import overlay_configuration
from tests.support.few_rows import few_rows

ALL_FLAGS = (0, OUT, NO_DOCUMENT, OUT | NO_DOCUMENT)
RULEBOOK = Rulebook(overlay_configuration({}))
DAY = date(2025, 3, 4)
SEOUL = ZoneInfo("Asia/Seoul")
# noon of 4 March in Seoul
NOON = to_us(datetime(2025, 3, 4, 3, tzinfo=UTC))
ORDINAL = DAY.toordinal()
EMPTY = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


def small(rulebook: Rulebook, day: date) -> tuple[int, int]:
    """A band that depends on both: the day of the month in cents, and the document line."""
    line = rulebook.law("document_line", day)
    assert line is not None
    return day.day, line.cents


@pytest.mark.parametrize(
    ("which", "held"),
    [
        (Which(), ALL_FLAGS),
        (Which("out"), (OUT, OUT | NO_DOCUMENT)),
        (Which("in"), (0, NO_DOCUMENT)),
        (Which(undocumented=True), (NO_DOCUMENT, OUT | NO_DOCUMENT)),
        (Which("out", undocumented=True), (OUT | NO_DOCUMENT,)),
        (Which("in", undocumented=True), (NO_DOCUMENT,)),
    ],
)
def test_payments_are_told_by_direction_and_documents(which, held):
    """One number and a column of them alike; other flags, such as being settled, say nothing."""
    assert tuple(flags for flags in ALL_FLAGS if which.holds(flags)) == held
    column = np.array([flags | SETTLED for flags in ALL_FLAGS], "u1")
    assert tuple(np.array(ALL_FLAGS)[which.holds(column)].tolist()) == held


@pytest.mark.parametrize(
    ("wide", "narrow", "covers"),
    [
        (Which(), Which("out", undocumented=True), True),
        (Which(undocumented=True), Which("in", undocumented=True), True),
        (Which("out"), Which("out"), True),
        (Which("out"), Which(), False),
        (Which("in"), Which("out"), False),
        (Which(undocumented=True), Which("out"), False),
    ],
)
def test_a_wider_wish_covers_a_narrower_one(wide, narrow, covers):
    """By direction and by documents."""
    assert wide.covers(narrow) is covers


def test_horizons_are_those_of_each_wish_and_the_earliest_of_all():
    """Days back from the clock less the lateness, or the local year's start if that is earlier; 7 days for any row."""
    clock, lateness, year = 400 * DAY_US, 35 * DAY_US, 300 * DAY_US
    in_90 = LookBack(Which("in"), 90)
    of_the_year = LookBack(Which(undocumented=True), 10, calendar_year=True)
    assert Wanted((in_90, of_the_year)).horizons(clock, lateness, year) == Horizons(
        275 * DAY_US, 358 * DAY_US, ((OUT, 0, 275 * DAY_US), (NO_DOCUMENT, NO_DOCUMENT, 300 * DAY_US))
    )
    assert Wanted((of_the_year,)).horizons(clock, lateness, 364 * DAY_US).full_us == 355 * DAY_US
    assert Wanted((LookBack(Which("out"), 3),)).horizons(clock, lateness, year) == Horizons(
        358 * DAY_US, 358 * DAY_US, ((OUT, OUT, 362 * DAY_US),)
    )
    assert Wanted().horizons(clock, lateness, year) == Horizons(358 * DAY_US, 358 * DAY_US, ())


def test_a_band_is_that_of_the_limits_and_the_day():
    """Without one every amount is in it."""
    wanted = Wanted(one_by_one=(OneByOne(Which("in"), 90, small, "T19"), OneByOne(Which("out"), 7)))
    assert wanted.in_force(RULEBOOK, DAY) == (
        InForce(Which("in"), 90, 4, 500_000, "T19"),
        InForce(Which("out"), 7, *ANY_AMOUNT, None),
    )
    assert any_amount(RULEBOOK, DAY) == (0, 2**63 - 1)


def test_a_band_holds_both_its_ends():
    """Of the payments that are meant."""
    band = InForce(Which("in"), 90, 10, 20, None)
    assert [bool(band.holds(0, cents)) for cents in (9, 10, 20, 21)] == [False, True, True, False]
    assert not band.holds(OUT, 15)


def test_wishes_together_hold_each_thing_once_in_order():
    """The longer of two look-backs on the same payments; totals and declared lines as soon as one rule wants them."""
    piece = OneByOne(Which("in"), 30, small, "T19")
    one = Wanted((LookBack(Which("in"), 30),), (piece,), (Which("in"),))
    other = Wanted((LookBack(Which("out"), 5), LookBack(Which("in"), 20, calendar_year=True)), (), (Which("out"),))
    assert together([one, other, one]) == Wanted(
        (LookBack(Which("in"), 30, calendar_year=True), LookBack(Which("out"), 5)),
        (piece,),
        (Which("in"), Which("out")),
    )
    assert together([one, Wanted(totals=True), other]).totals
    assert together([one, Wanted(declarations=True), other]).declarations
    assert not together([one, other]).declarations
    assert together([one, Wanted(trade=True), other]).trade
    assert not together([one, other]).trade
    assert together([]) == Wanted()
    assert together([one, other]).longest_days() == 30
    assert together([]).longest_days() == 0


def test_two_rules_that_share_a_tally_are_refused():
    """Their pieces would be added up; rules without a tally, and one rule named twice, share nothing."""
    piece = OneByOne(Which("in"), 30, small, "T19")
    with pytest.raises(ValueError, match=r"two rules count other payments in one table; got: tallies \['T19', 'T19'\]"):
        together([Wanted(one_by_one=(piece,)), Wanted(one_by_one=(piece._replace(days=31),))])
    free = [Wanted(one_by_one=(piece._replace(days=days, tally=None),)) for days in (1, 2)]
    assert len(together([*free, Wanted(one_by_one=(piece,)), Wanted(one_by_one=(piece,))]).one_by_one) == 3


# What the books do with several wishes


OUT_PIECES = InForce(Which("out", undocumented=True), 90, 400, 500, "")
IN_PIECES = InForce(Which("in"), 200, 50, 60, "T19")
NAMES = ["", "BANKA", "gold"]


def needs(*in_force: InForce, totals: bool = True) -> Needs:
    """The clock at noon, five days of lateness, and these bands."""
    return Needs(NOON, 5 * DAY_US, Wanted(totals=totals), in_force, SEOUL)


def row(usd: int, flags: int, days_ago: int = 0, offset: int = 0) -> Payment:
    """A payment of BANKA for gold, so many days before noon."""
    at_us = NOON - days_ago * DAY_US
    return msgspec.structs.replace(EMPTY, time=at_us, usd=usd, flags=flags, offset=offset, institution=1, purpose=2)


def party_of(*found: Payment) -> Party:
    return Party(names=list(NAMES), payments=b"".join(one.packed() for one in found))


def test_each_rules_pieces_stand_in_its_own_table():
    """By purpose and day; the first rule's keys are purposes alone, as snapshots of before have them."""
    party = party_of(row(450, OUT | NO_DOCUMENT | SETTLED), row(55, SETTLED), row(61, SETTLED), row(55, OUT | SETTLED))
    with few_rows(3, 0):
        assert folded_payments.fold(party, needs(OUT_PIECES, IN_PIECES)) == 4
    found = folded_of(party)
    assert found.pieces == {"gold": {ORDINAL: (1, 450)}, "\0T19\0gold": {ORDINAL: (1, 55)}}
    assert found.pieces_of("gold") == {ORDINAL: (1, 450)}
    assert found.pieces_of("gold", "T19") == {ORDINAL: (1, 55)}
    assert found.pieces_of("other", "T19") == {}


def test_a_rule_without_a_tally_leaves_no_pieces():
    """Its folded payments are in the flows alone."""
    party = party_of(row(55, SETTLED), row(55, SETTLED))
    with few_rows(1, 0):
        folded_payments.fold(party, needs(IN_PIECES._replace(tally=None)))
    found = folded_of(party)
    assert found.pieces == {}
    assert found.flow(outbound=False, first_us=NOON - DAY_US, last_us=NOON) == 110
    assert found.flow(outbound=True, first_us=NOON - DAY_US, last_us=NOON) == 0


@pytest.mark.parametrize("totals", [True, False])
def test_totals_are_kept_where_a_rule_wants_them(totals):
    """Flows in any case: a feature looks back on them."""
    party = party_of(row(7, OUT | NO_DOCUMENT | SETTLED), row(8, OUT | NO_DOCUMENT | SETTLED))
    with few_rows(1, 0):
        folded_payments.fold(party, needs(totals=totals))
    found = folded_of(party)
    assert found.annual_total(2025) == (15 if totals else 0)
    assert bool(found.institutions) is totals
    assert (found.count, found.flow(outbound=True, first_us=NOON - DAY_US, last_us=NOON)) == (2, 15)


def test_totals_are_whole_numbers():
    """As the state is encoded: a float of the same value is of other bytes."""
    found = Folded()
    party = party_of(row(7, OUT | NO_DOCUMENT), row(8, OUT | NO_DOCUMENT | SMALL_REMITTER))
    folded_payments._add(found, rows(party), party.names, needs())
    figures = [figure for day in found.days.values() for figure in msgspec.structs.astuple(day)]
    assert figures == [15, 2, 8, 1, 15, 2, 0, 0]
    assert {type(figure) for figure in figures} == {int}


def test_the_purposes_of_each_table_have_places_of_their_own():
    """Sixteen a table; the seventeenth of one stands with that table's others."""
    pieces: dict[str, dict[int, tuple[int, int]]] = {}
    for number in range(17):
        for tally in ("", "T19"):
            folded_payments._piece(pieces, folded_payments.piece_key(tally, f"P{number}"), 7, (1, 10))
    assert len(pieces) == 34
    assert pieces[OTHER_PURPOSES] == pieces[f"\0T19\0{OTHER_PURPOSES}"] == {7: (1, 10)}
    assert Folded(pieces=pieces).pieces_of("P99", "T19") == {7: (1, 10)}


def test_what_any_rule_wants_one_by_one_is_folded_last():
    """First what none wants, then what lies beyond the look-back, under a band, over it, then awaited, then pieces."""
    undocumented, documented = OUT | NO_DOCUMENT | SETTLED, OUT | SETTLED
    expected = [
        row(900, documented),  # no rule's
        row(55, SETTLED, days_ago=206),  # beyond the 200 days and the lateness
        row(450, undocumented, days_ago=96),  # beyond the 90 days of the other rule
        row(49, SETTLED, days_ago=205),  # under the one band
        row(399, undocumented),  # under the other
        row(61, SETTLED),  # over
        row(501, undocumented),
        row(900, OUT),  # an order that no rule wants
        row(900, 0),  # one that a rule wants
        row(50, SETTLED, days_ago=205),  # pieces, the oldest first
        row(60, SETTLED),
        row(400, undocumented),
    ]
    shuffled = [
        msgspec.structs.replace(expected[place], offset=place) for place in (10, 3, 0, 7, 5, 11, 1, 9, 2, 8, 4, 6)
    ]
    party = party_of(*shuffled)
    given = needs(OUT_PIECES, IN_PIECES)
    order = folded_payments._least_needed_first(rows(party), party.names, given)
    assert rows(party)["offset"][order].tolist() == list(range(12))


def test_what_lies_in_or_over_any_band_that_means_it_is_not_small():
    """A payment under one rule's band and in another's is that rule's piece."""
    wide = InForce(Which(), 200, 10, 20, None)
    table = unpacked_rows(b"".join(row(usd, SETTLED, offset=usd).packed() for usd in (15, 25, 55, 9)))
    order = folded_payments._least_needed_first(table, NAMES, needs(IN_PIECES, wide))
    assert table["offset"][order].tolist() == [9, 25, 15, 55]


def test_pieces_are_kept_as_long_as_their_rule_looks_back():
    """Each table by its own rule, and 70 days more at most; a table without a rule any more is let go."""
    days = {ORDINAL - ago: (1, 10) for ago in (0, 94, 95, 96, 204, 205, 206)}
    found = Folded(pieces={"gold": dict(days), "\0T19\0gold": dict(days), "\0T20\0gold": dict(days)})
    folded_payments._forget(found, needs(OUT_PIECES, IN_PIECES))
    assert {key: sorted(ORDINAL - day for day in kept) for key, kept in found.pieces.items()} == {
        "gold": [0, 94, 95],
        "\0T19\0gold": [0, 94, 95, 96, 204, 205],
    }
    many = {ORDINAL + ahead: (1, 10) for ahead in range(300)}
    found = Folded(pieces={"\0T19\0gold": many})
    folded_payments._forget(found, needs(IN_PIECES))
    assert len(found.pieces["\0T19\0gold"]) == 270
    assert found.pieces["\0T19\0gold"][ORDINAL + 30] == (31, 310)
