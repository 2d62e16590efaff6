"""What follows when amounts change after the fact: typologies' memory, sizes of alerts, and who is brought up to date.

Whole ledgers stand in test_restatement_rates.py. Here 1 400 000 won are 200 USD at 7 000 and 1 000 USD at 1 400.
"""

from fractions import Fraction

import msgspec
import pytest

from detectors.books import payments
from detectors.books.folded_payments import Folded
from detectors.books.party import Alerted, Party, pack, unpack
from detectors.books.payments import NO_DOCUMENT, OUT, SETTLED, Payment
from detectors.books.restatement import Correction
from detectors.memory import taken_back
from detectors.memory.taken_back import before, bring_others_up_to_date, bring_up_to_date, follow
from detectors.values.legal_calendar import HOUR_US
from tests.support.ledger import Ledger

WRONG, RIGHT = 20_000, 100_000
NAMES = ["", "BANKA", "KRW"]


def won(offset, usd=WRONG, **fields):
    """A payment of 1 400 000 won at a ledger position."""
    given = {
        "time": 0,
        "amount_us": 0,
        "event": 10_000 + offset,
        "payment": 0,
        "beneficiary": 7,
        "usd": usd,
        "amount": 1_400_000,
        "offset": offset,
        "purpose": 0,
        "institution": 1,
        "currency": 2,
        "exponent": 0,
        "flags": OUT | NO_DOCUMENT | SETTLED,
    }
    return Payment(**(given | fields))


def party_of(*rows, **fields):
    """A party of these payments."""
    party = Party(names=list(NAMES), **fields)
    for row in rows:
        payments.append(party, row)
    return party


def alerted(typology="T02", series="s", size=500, at_us=9, **parts):
    """What was alerted on."""
    return Alerted(typology, series, size, at_us, "alert", "case", parts)


class Watched:
    """A typology that stands on the payments' sum and tells what it was shown."""

    def __init__(self, name):
        self.id, self.restated, self.stood = name, [], []

    def restate(self, past):
        self.restated.append(past)
        past.slots[self.id] = b"anew"
        assert past.reference("USD/KRW", 0, 6) == (1400, 1)

    def standing(self, past, series, at_us):
        self.stood.append((past.slots.get(self.id), series, at_us))
        assert past.reference("USD/KRW", 0, 6) == (1400, 1)
        return int(past.rows["usd"].sum())


@pytest.fixture
def watched(monkeypatch):
    """Two such typologies in place of the registry."""
    found = (Watched("T01"), Watched("T02"))
    monkeypatch.setattr("detectors.typologies.REGISTRY", found)
    return found


@pytest.fixture
def state():
    """A partition with a configuration in force and the right rate of time 0, which came at position 5."""
    found = Ledger().state
    found.rates.add("USD", "KRW", "1400", 0, 5, None)
    return found


def followed(state, party, was, **how):
    """The party after what followed."""
    follow(state, state.effective, party, was, **how)
    return party


# -- typologies and alerts -------------------------------------------------------------------------------------------


def test_nothing_follows_where_nothing_changed(state, watched):
    """The same payments and no rate that something was compared with; either alone is something."""
    party = party_of(won(10), slots={"T01": b"was"})
    followed(state, party, before(party))
    assert (watched[0].restated, party.slots) == ([], {"T01": b"was"})
    followed(state, party, before(party), reached=True)
    assert (len(watched[0].restated), len(watched[1].restated)) == (1, 1)
    was = before(party)
    payments.append(party, won(11))
    followed(state, party, was)
    assert (len(watched[0].restated), party.slots) == (2, {"T01": b"anew", "T02": b"anew"})


def test_a_typology_is_shown_the_party_as_it_counts_now(state, watched):
    """Payments, names, zone, limits, slots, folded payments, and the rate that an event was compared with."""
    folded = Folded(count=3)
    party = party_of(won(10), folded=msgspec.msgpack.encode(folded))
    was = before(party)
    payments.append(party, won(11, RIGHT))
    (past,) = followed(state, party, was) and watched[0].restated
    assert past.rows["usd"].tolist() == [WRONG, RIGHT]
    assert (past.names, past.slots, past.folded) == (NAMES, party.slots, folded)
    assert (past.zone, past.rulebook) == (state.effective.zone, state.effective.rulebook)
    assert past.reference("USD/KRW", 26 * HOUR_US, 6) == (1400, 1)
    assert past.reference("USD/KRW", 26 * HOUR_US + 1, 6) is None
    assert past.reference("USD/KRW", 0, 5) is None
    assert Fraction(*past.reference("KRW/USD", 0, 6)) == Fraction(1, 1400)


def test_what_was_taken_back_is_taken_from_what_was_alerted(state, watched):
    """300 cents less: of the size and of each bank's part, none below 0; compared with the slots of before."""
    party = party_of(won(10, 1_000), slots={"T02": b"was"})
    party.alerted = [
        alerted("T99", "gone"),
        alerted(BANKA=400, BANKB=100),
        alerted("T02 disputed", size=200),
        alerted("T01 bound", "x", 301, 8),
    ]
    was = before(party)
    payments.write(party, 0, won(10, 700))
    followed(state, party, was)
    assert party.alerted == [
        alerted("T99", "gone"),
        alerted(size=200, BANKA=100, BANKB=0),
        alerted("T02 disputed", size=0),
        alerted("T01 bound", "x", 1, 8),
    ]
    assert watched[1].stood == [(b"was", "s", 9), (b"anew", "s", 9)] * 2
    assert watched[0].stood == [(None, "x", 8), (b"anew", "x", 8)]


def test_a_cent_taken_back_counts_and_what_grew_gives_nothing(state, watched):
    """Only what a series lost is no growth to be made up for."""
    for now, size in ((999, 499), (1_000, 500), (1_001, 500)):
        party = party_of(won(10, 1_000))
        party.alerted = [alerted()]
        was = before(party)
        payments.write(party, 0, won(10, now))
        assert followed(state, party, was).alerted == [alerted(size=size)]
    assert [len(one.restated) for one in watched] == [3, 3]


def test_a_snapshot_of_before_is_not_changed_by_what_follows(state, watched):
    """Slots are copied."""
    party = party_of(won(10), slots={"T02": b"was"})
    was = before(party)
    assert was == (party.payments, {"T02": b"was"}, (), b"")
    followed(state, party, was, reached=True)
    assert (was.slots, party.slots["T02"]) == ({"T02": b"was"}, b"anew")
    assert len(watched[1].restated) == 1


# -- who is brought up to date ---------------------------------------------------------------------------------------


def correct(state, *tokens, corrected=500):
    """The rate of time 0 was corrected at a ledger position, and these parties wait."""
    state.restatement.begin(Correction("USD/KRW", 0, corrected), tokens)


def worth(state, token):
    """The sum of a party's payments."""
    return int(payments.rows(unpack(state.parties[token]))["usd"].sum())


def test_a_party_is_brought_up_to_date_by_its_newest_name(state):
    """Its alert and the year's total too; then it waits no more."""
    state.rename("old", "new", 0)
    correct(state, "new", "other")
    party = party_of(won(10), slots={"T02": msgspec.msgpack.encode({1970: WRONG})})
    bring_up_to_date(state, state.effective, "old", party)
    assert payments.rows(party)["usd"].tolist() == [RIGHT]
    assert msgspec.msgpack.decode(party.slots["T02"], type=dict[int, int]) == {1970: RIGHT}
    assert state.restatement.waiting == {"other": -1}
    assert state.counters["restated"] == 1


def test_a_party_whose_reach_was_touched_is_followed_though_no_amount_changed(state, watched):
    """A deal was compared with the rate; a party out of reach is left alone."""
    correct(state, "a", "b")
    bring_up_to_date(state, state.effective, "a", party_of(won(10, RIGHT)))
    assert len(watched[0].restated) == 1
    bring_up_to_date(state, state.effective, "b", party_of(won(600)))
    assert len(watched[0].restated) == 1
    assert (state.restatement.waiting, state.restatement.corrections) == ({}, [])


def test_a_party_is_gone_on_with_where_it_was_left(state, monkeypatch):
    """Of three payments one a record: the position is kept, and goes back when corrections came anew."""
    monkeypatch.setattr("detectors.books.restatement.MOST_ROWS", 1)
    correct(state, "a")
    party = party_of(won(10), won(20), won(30))
    sums = []
    for _ in range(3):
        bring_up_to_date(state, state.effective, "a", party)
        sums.append((payments.rows(party)["usd"].tolist(), dict(state.restatement.waiting)))
    assert sums == [([RIGHT, WRONG, WRONG], {"a": 10}), ([RIGHT, RIGHT, WRONG], {"a": 20}), ([RIGHT] * 3, {})]


def with_parties(state, count, rows=1):
    """So many parties of so many payments, all of which wait."""
    for number in range(count):
        state.parties[f"p{number}"] = pack(party_of(*(won(10 + each) for each in range(rows))))
    correct(state, *state.parties)


def brought(state):
    """How many parties one record brings up to date."""
    waited = len(state.restatement.waiting)
    bring_others_up_to_date(state, state.effective)
    return waited - len(state.restatement.waiting)


def test_a_record_brings_so_many_parties_up_to_date(state, monkeypatch):
    """In the order in which they wait; the last ones end the corrections."""
    monkeypatch.setattr(taken_back, "STEP_PARTIES", 2)
    with_parties(state, 5)
    assert [brought(state) for _ in range(3)] == [2, 2, 1]
    assert {worth(state, token) for token in state.parties} == {RIGHT}
    assert (state.restatement.waiting, state.restatement.corrections) == ({}, [])
    assert state.counters["restated"] == 5
    assert brought(state) == 0


def test_a_record_stops_when_the_parties_are_long_enough(state, monkeypatch):
    """Beyond the bytes of two records the third is the next one's, and just as many are not beyond."""
    with_parties(state, 4)
    length = len(next(iter(state.parties.values())))
    monkeypatch.setattr(taken_back, "STEP_BYTES", 2 * length)
    assert brought(state) == 3
    with_parties(state, 4)
    state.restatement.waiting = dict.fromkeys(state.parties, -1)
    monkeypatch.setattr(taken_back, "STEP_BYTES", 2 * length - 1)
    assert brought(state) == 2


@pytest.mark.parametrize(("effort", "expected"), [(1_000, 3), (999, 2)])
def test_a_record_stops_when_looks_for_rates_have_cost_enough(state, monkeypatch, effort, expected):
    """A look costs 500: two are within 1 000 and not beyond; what was spent before does not count."""
    monkeypatch.setattr(taken_back, "MOST_EFFORT", effort)
    state.rates.effort = 77_000
    with_parties(state, 5)
    assert brought(state) == expected


def test_a_party_that_was_let_go_of_waits_no_more(state):
    """It is passed over, and the next one is brought up to date by the same record."""
    with_parties(state, 3)
    del state.parties["p0"], state.parties["p1"]
    assert brought(state) == 3
    assert worth(state, "p2") == RIGHT
    with_parties(state, 2)
    state.parties.clear()
    assert brought(state) == 3
    assert state.restatement.corrections == []


def test_a_party_out_of_reach_is_not_written_again(state, watched):
    """Its record stays the same object, and no typology is asked; one in reach is followed and written."""
    state.parties["out"] = pack(party_of(won(600)))
    state.parties["in"] = pack(party_of(won(10, RIGHT)))
    record = state.parties["out"]
    correct(state, *state.parties)
    assert brought(state) == 2
    assert state.parties["out"] is record
    assert len(watched[0].restated) == 1
    assert unpack(state.parties["in"]).slots["T01"] == b"anew"


def test_parties_wait_once_more_when_another_correction_came_meanwhile(state, monkeypatch):
    """All of them, those of now: also when the last one that waited is no party any more."""
    with_parties(state, 3)
    state.restatement.again = True
    monkeypatch.setattr(taken_back, "STEP_PARTIES", 3)
    bring_others_up_to_date(state, state.effective)
    assert (state.restatement.waiting, state.restatement.again) == (dict.fromkeys(state.parties, -1), False)
    state.restatement.waiting, state.restatement.again = {"gone": -1}, True
    bring_others_up_to_date(state, state.effective)
    assert state.restatement.waiting == dict.fromkeys(state.parties, -1)


def test_a_long_party_is_gone_on_with_by_the_next_records(state, monkeypatch):
    """Two payments a record: what was changed is written, and the position is kept."""
    monkeypatch.setattr("detectors.books.restatement.MOST_ROWS", 2)
    with_parties(state, 1, rows=3)
    assert brought(state) == 0
    assert (worth(state, "p0"), state.restatement.waiting) == (2 * RIGHT + WRONG, {"p0": 11})
    assert brought(state) == 1
    assert (worth(state, "p0"), state.counters["restated"]) == (3 * RIGHT, 3)
