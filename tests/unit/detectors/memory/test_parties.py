"""Which parties a partition forgets when they are too many: those of a sender that holds more than its share."""

import pytest

from detectors.books.party import Facts, Party, owner_of, pack, unpack
from detectors.memory import parties as module
from detectors.memory.parties import OFFICE_PART, STEP_BYTES, Parties, parts
from detectors.values.shares import OFFICES, OTHERS, Shares
from tests.support.own_cpu import own_cpu


def record(owner: str = OTHERS, first_us: int = 0) -> bytes:
    """A party's record with its owner."""
    return pack(Party(owner=owner, first_us=first_us))


def held(*told: tuple[str, str]) -> Parties:
    """Parties of (token, owner), in the order in which they were touched."""
    found = Parties()
    for token, owner in told:
        found.put(token, record(owner), owner)
    return found


def forgotten(parties: Parties, newest: str = OTHERS, most: int = 99) -> list[str]:
    """The tokens that go, in their order."""
    return [token for token, _ in parties.forget(newest, most)]


# -- as a dictionary -----------------------------------------------------------------------------------------------


def test_a_partys_record_is_found_until_it_is_taken_out():
    """By token, in the order of the last touch."""
    parties = held(("a", "A"), ("b", "B"))
    assert (parties["a"], parties.get("b"), parties.get("c")) == (record("A"), record("B"), None)
    assert ("a" in parties, "c" in parties, len(parties)) == (True, False, 2)
    assert (list(parties), list(parties.items())) == (["a", "b"], [("a", record("A")), ("b", record("B"))])
    assert parties.pop("a") == record("A")
    assert (list(parties), parties.held("A"), parties.held("B")) == (["b"], 0, 1)
    with pytest.raises(KeyError):
        del parties["a"]


def test_another_record_stands_in_its_place_and_a_put_one_is_the_last():
    """Of the same owner; with another owner it is a party that this one told of last."""
    parties = held(("a", "A"), ("b", "A"), ("c", "C"))
    parties["a"] = record("A", 5)
    assert next(iter(parties.items())) == ("a", record("A", 5))
    parties["a"] = record("C", 6)
    assert list(parties) == ["b", "c", "a"]
    assert (parties["a"], parties.held("A"), parties.held("C")) == (record("C", 6), 1, 2)
    parties.put("b", record("A", 7), "A")
    assert list(parties) == ["c", "a", "b"]
    assert parties["b"] == record("A", 7)


# -- what goes -----------------------------------------------------------------------------------------------------


def test_nothing_goes_while_there_is_room():
    """However much one owner holds beyond its part."""
    parties = held(*[(f"a{number}", "A") for number in range(5)])
    parties.share_out(5, {"A": 1}, {"A"}.__contains__)
    assert forgotten(parties, "A") == []
    assert len(parties) == 5


def test_the_newest_owner_loses_its_own_where_it_holds_more_than_its_part():
    """The one touched longest ago first; at most so many at once."""
    parties = held(("b1", "B"), ("a1", "A"), ("a2", "A"), ("b2", "B"), ("a3", "A"))
    parties.share_out(2, {"A": 1, "B": 1}, {"A", "B"}.__contains__)
    parties.put("a1", record("A"), "A")
    assert forgotten(parties, "A", most=2) == ["a2", "a3"]
    assert forgotten(parties, "A") == ["b1"]
    assert list(parties) == ["b2", "a1"]
    for token in ("a4", "b4", "b5"):
        parties.put(token, record(token[0].upper()), token[0].upper())
    assert forgotten(parties, "B", most=1) == ["b2"]


def test_else_the_first_by_name_that_holds_more_does():
    """A small sender's new party takes the place of a large one's oldest; exactly its part is not more than that."""
    parties = held(("c1", "C"), ("c2", "C"), ("b1", "B"), ("b2", "B"), ("a1", "A"))
    parties.share_out(3, {"A": 1, "B": 1, "C": 1}, {"A", "B", "C"}.__contains__)
    assert forgotten(parties, "A") == ["b1", "c1"]


def test_an_owner_without_a_part_holds_more_than_that():
    """No part is named for those that have no share."""
    parties = held(("o", OTHERS), ("a", "A"))
    parties.share_out(1, {"A": 1}, {"A"}.__contains__)
    assert forgotten(parties, "A") == ["o"]
    parties.put("p", record(), OTHERS)
    assert list(parties.forget(OTHERS, 9)) == [("p", record())]


def test_parties_of_an_owner_that_lost_its_share_are_the_others_oldest():
    """They count as theirs, and go first, by the owner's name; until it has a share again."""
    told = [("o1", OTHERS), ("z1", "Z"), ("y1", "Y"), ("y2", "Y"), ("a1", "A")]
    parties = held(*told)
    parties.share_out(5, {"A": 1, OTHERS: 1}, {"A"}.__contains__)
    assert (parties.held(), parties.held("Y"), parties.held("Z"), parties.held("A")) == (4, 0, 0, 1)
    parties.share_out(2, {"A": 1, OTHERS: 1}, {"A"}.__contains__)
    assert forgotten(parties, "A") == ["y1", "y2", "z1"]
    assert list(parties) == ["o1", "a1"]
    again = held(*told)
    again.share_out(5, {}, {"A"}.__contains__)
    again.share_out(4, {"A": 1, "Z": 1, "Y": 2}, {"A", "Y", "Z"}.__contains__)
    assert (again.held(), again.held("Y")) == (1, 2)
    assert forgotten(again, "Y") == ["o1"]


def test_owners_take_out_and_put_in_what_their_share_holds():
    """One more than its part makes a share lose; one fewer, and it loses nothing."""
    parties = held(("a1", "A"), ("b1", "B"))
    parties.share_out(2, {"A": 1, "B": 1}, {"A", "B"}.__contains__)
    parties.put("a2", record("A"), "A")
    del parties["a2"]
    parties.put("b2", record("B"), "B")
    assert forgotten(parties, "A") == ["b1"]


@pytest.mark.parametrize("lot", [1, 2, 512])
def test_the_order_is_that_of_the_last_touch_whatever_stands_ready(monkeypatch, lot):
    """A plain list says the same, for any number of tokens that were looked up beforehand."""
    monkeypatch.setattr(module, "_LOT", lot)
    parties, plain = Parties(), []
    parties.share_out(5, {"A": 0}, {"A"}.__contains__)
    for number in range(60):
        token = f"t{number * 7 % 11}"
        if token in plain:
            plain.remove(token)
        plain.append(token)
        parties.put(token, record("A"), "A")
        gone = forgotten(parties, "A")
        assert gone == plain[: len(gone)]
        plain = plain[len(gone) :]
        if number % 9 == 5:
            del parties[plain.pop(2)]
        assert list(parties) == plain
        assert len(plain) <= 5


def test_offices_have_a_quarter_and_institutions_share_the_rest():
    """Together no more than all places."""
    shares = Shares()
    assert parts(100, shares.quotas) == {OFFICES: 25}
    shares.give("A", 0)
    shares.give("B", 0)
    assert OFFICE_PART == 4
    assert parts(100, shares.quotas) == {"A": 37, "B": 37, OFFICES: 25}
    assert parts(103, shares.quotas) == {"A": 39, "B": 39, OFFICES: 25}


def test_a_partition_has_room_for_a_million_until_a_configuration_says_otherwise():
    """The default of `[engine] parties`."""
    assert Parties().size == 1_000_000


# -- whose -----------------------------------------------------------------------------------------------------------


def test_a_listed_institution_takes_a_party_over_and_keeps_it():
    """From one with a share of its own, from an office or from the others; no other does from it."""
    shares = Shares()
    shares.list(["LISTED", "SECOND"])
    shares.give("NAMED", 0)
    assert [shares.rank(one) for one in ("LISTED", "NAMED", OFFICES, OTHERS, "UNKNOWN")] == [2, 1, 1, 0, 0]
    ranked = (("LISTED", "SECOND"), ("NAMED", OFFICES), (OTHERS,))
    for place, owners in enumerate(ranked):
        for owner in owners:
            for higher in (one for group in ranked[:place] for one in group):
                assert shares.owner(owner, higher) == higher
            for other in (one for group in ranked[place:] for one in group):
                assert shares.owner(owner, other) == owner


def test_a_party_of_an_owner_without_a_share_goes_to_who_tells_of_it_next():
    """To the others where that one has none either."""
    shares = Shares()
    shares.give("NAMED", 0)
    assert shares.owner("GONE", "NAMED") == "NAMED"
    assert shares.owner("GONE", OTHERS) == OTHERS
    assert owner_of(record("NAMED")) == "NAMED"
    assert owner_of(record()) == OTHERS


# -- cost ------------------------------------------------------------------------------------------------------------


def test_forgetting_costs_microseconds_at_any_size():
    """200 000 parties, and 50 000 more, each of which takes the place of another: under 30 us each (measured: 3).

    Without tokens that stand ready each looked through the gaps of all before it: 1 ms at the end.
    """
    packed, parties = record("A"), Parties()
    for number in range(200_000):
        parties.put(f"t{number}", packed, "A")
    parties.share_out(200_000, {"A": 200_000}, {"A"}.__contains__)
    with own_cpu() as spent:
        for number in range(50_000):
            parties.put(f"n{number}", packed, "A")
            assert forgotten(parties, "A") == [f"t{number}"]
    assert spent.seconds / 50_000 < 30e-6


def test_another_sharing_out_costs_nothing_by_the_party():
    """Who has a share changes in the middle of the stream, beside 200 000 parties: under 2 ms (measured: 0.1)."""
    parties = Parties()
    for number in range(200_000):
        owner = f"O{number % 100}"
        parties.put(f"t{number}", record(owner), owner)
    with own_cpu() as spent:
        parties.share_out(200_000, {}, lambda owner: owner != "O7")
    assert parties.held() == 2_000
    assert spent.seconds < 0.002


# -- what goes over to somebody else ---------------------------------------------------------------------------------


FACTS = Facts(0, None, None, None, None, None, None, None, ())


def told(*names: str, owner: str = "A", facts: Facts | None = None) -> bytes:
    """The record of a party of `owner` that institutions of these names told of."""
    return pack(Party(owner=owner, words=dict.fromkeys(names, 1), facts=facts, payments=b"as it was"))


def full(record: bytes, **quotas: int) -> Parties:
    """One too many: two of A, which has a part of one, the first with this record; one of B; others in lent places."""
    size, found = 1 + sum(quotas.values()), Parties()
    found.put("first", record, "A")
    found.put("second", told("A"), "A")
    found.put("b", told("B", owner="B"), "B")
    for number in range(size - 2):
        found.put(f"lent{number}", told(owner=OTHERS), OTHERS)
    named = {OFFICES if name == "offices" else name: part for name, part in quotas.items()}
    found.share_out(size, {"A": 1, **named}, {"A", *named}.__contains__)
    return found


@pytest.mark.parametrize(
    ("record", "quotas", "heir"),
    [
        (told("A", "B"), {"B": 2}, "B"),
        (told("A", "B"), {"B": 1}, None),  # no room in its part
        (told("A"), {"B": 2}, None),
        (told("A", "X"), {"B": 2}, None),  # it has no share
        (told("A", ""), {"B": 2, "offices": 5}, None),  # all those that have no share are nobody
        (told("A", "B", "C", "D"), {"B": 2, "C": 3, "D": 3}, "C"),  # most room, of equal ones by name
        (told("A", facts=FACTS), {"offices": 1}, OFFICES),
        (told("A", "B", facts=FACTS), {"offices": 1, "B": 3}, "B"),
        (told("A"), {"offices": 1}, None),
    ],
    ids=[
        "told of it too",
        "full",
        "nobody else",
        "no share",
        "others",
        "most room",
        "profile",
        "less room",
        "no profile",
    ],
)
def test_a_party_goes_over_to_who_has_a_claim_on_it_and_room(record, quotas, heir):
    """As the one touched last, with all that is known of it; then one of whoever holds more than its part goes."""
    parties = full(record, **quotas)
    size = len(parties) - 1
    assert forgotten(parties, "A") == (["first"] if heir is None else ["lent0" if "B" in quotas else "b"])
    assert len(parties) == size
    if heir is None:
        return
    assert list(parties)[-1] == "first"
    expected = unpack(record)
    expected.owner = heir
    assert unpack(parties["first"]) == expected
    assert (parties.held("A"), parties.held(heir)) == (1, 1 + (heir == "B"))


def test_a_step_is_one_that_goes_over_too_and_large_records_are_more_of_them():
    """So that no record does more than its share of the work; the next one goes on."""
    parties = full(told("A", "B"), B=3)
    assert forgotten(parties, "A", most=1) == []
    assert (len(parties), parties.held("A"), parties.held("B")) == (5, 1, 2)
    assert forgotten(parties, "A", most=1) == ["lent0"]
    large = pack(Party(owner="A", words={"A": 1, "B": 1}, payments=bytes(200_000)))
    parties = Parties()
    for number in range(256):
        parties.put(f"a{number}", large, "A")
    parties.put("o", told(owner=OTHERS), OTHERS)
    parties.share_out(256, {"A": 0, "B": 256}, {"A", "B"}.__contains__)
    with own_cpu() as spent:
        assert forgotten(parties, "A", most=256) == []
    assert parties.held("B") == 256 // (200_000 // STEP_BYTES + 1) + 1
    assert spent.seconds < 0.010
    small = pack(Party(owner="A", payments=bytes(1_000)))
    parties = Parties()
    for number in range(100):
        parties.put(f"a{number}", small, "A")
    parties.share_out(1, {"A": 1}, {"A"}.__contains__)
    assert len(forgotten(parties, "A", most=50)) == 50
