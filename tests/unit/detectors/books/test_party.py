"""A party's record: names by number, counterparties and settlements by hash, proofs, and its packed bytes."""

import hashlib

import msgspec
import pytest

from detectors.books import party as party_module
from detectors.books.party import (
    NAME_NUMBERS,
    Facts,
    Party,
    formers_of,
    last_seen,
    owned_by,
    owner_of,
    pack,
    token_number,
    told_by,
    unpack,
)
from detectors.books.proofs import Proof


def proof(offset: int, *, piece: bool = False) -> Proof:
    """What names an event."""
    return Proof(offset, 0, f"e{offset}", b"", piece)


def test_a_name_has_one_number_and_a_new_one_the_next():
    """In the order in which they came."""
    party = Party(names=["USD", "BANKA"])
    assert [party.name_number(name) for name in ("BANKA", "gift", "USD", "gift")] == [1, 2, 0, 2]
    assert party.names == ["USD", "BANKA", "gift"]
    assert party.name_numbers(["study", "USD", "gift", "study"]) == [3, 0, 2, 3]
    assert party.names == ["USD", "BANKA", "gift", "study"]


def test_of_a_name_that_stands_twice_the_first_number_counts():
    """Singly and for many, the same."""
    party = Party(names=["a", "b", "a"])
    assert party.name_number("a") == 0
    assert party.name_numbers(["a", "b"]) == [0, 1]


@pytest.mark.parametrize("many", [False, True])
def test_the_last_of_65_536_places_stands_for_all_further_names(many):
    """Rows keep the number in 16 bits: one more would be another name's."""
    party = Party(names=[f"n{number}" for number in range(NAME_NUMBERS - 1)])

    def number(name: str) -> int:
        return party.name_numbers([name])[0] if many else party.name_number(name)

    assert [number(name) for name in ("last", "beyond", "beyond too")] == [65_535] * 3
    assert len(party.names) == NAME_NUMBERS
    assert party.names[-1] == "last"


# Tokens


def test_a_tokens_number_is_its_64_bit_hash():
    """BLAKE2b of 8 bytes, the first one the highest: the same in every process."""
    assert token_number("k1.111.payee") == int(hashlib.blake2b(b"k1.111.payee", digest_size=8).hexdigest(), 16)
    assert token_number("한국") == int(hashlib.blake2b("한국".encode(), digest_size=8).hexdigest(), 16)


def test_a_counterparty_is_known_by_its_earlier_hash_before_during_and_after_a_rotation():
    """Three keys in turn: the first hash stays; without the overlap's record a token is its own."""
    first, second, third = token_number("k1.p"), token_number("k2.p"), token_number("k3.p")
    party = Party()
    assert party.canonical("k1.p", {}) == first
    assert party.aliases == {}
    assert party.known_as("k2.p", {}) == second
    assert party.known_as("k2.p", {"k2.p": "k1.p"}) == first
    assert party.aliases == {}
    assert party.canonical("k2.p", {"k2.p": "k1.p"}) == first
    assert party.aliases == {second: first}
    assert party.canonical("k2.p", {}) == first
    assert party.canonical("k3.p", {"k3.p": "k2.p"}) == first
    assert party.aliases == {second: first, third: first}
    # what is known already is not taken from another record's word
    assert party.known_as("k2.p", {"k2.p": "k1.other"}) == first


def test_a_settlement_is_known_by_its_payments_first_event():
    """Also through another one; an event is no settlement of itself; an unknown one is its own."""
    party = Party()
    party.settle(1, 1)
    assert party.settlements == {}
    party.settle(2, 1)
    party.settle(3, 2)
    assert party.settlements == {2: 1, 3: 1}
    assert [party.first_event(event) for event in (1, 2, 3, 4)] == [1, 1, 1, 4]


def test_beyond_a_thousand_what_was_used_longest_ago_goes(monkeypatch):
    """Exactly the bound stays; what is used again is the newest."""
    assert party_module.MOST_ALIASES == 1000
    monkeypatch.setattr(party_module, "MOST_ALIASES", 3)
    party = Party()
    for event in (11, 12, 13):
        party.settle(event, 1)
    assert list(party.settlements) == [11, 12, 13]
    party.settle(11, 2)
    party.settle(14, 1)
    assert party.settlements == {13: 1, 11: 2, 14: 1}
    assert list(party.settlements) == [13, 11, 14]


# Proofs


def test_an_event_is_proven_once():
    """The first word of it stays."""
    party = Party()
    party.remember_proof(proof(1))
    party.remember_proof(proof(1, piece=True))
    party.remember_proof(proof(2))
    assert party.proofs == [proof(1), proof(2)]


# Bytes


def test_when_a_party_was_last_seen_is_read_from_its_record():
    """Not when it was first."""
    record = pack(Party(party_type="person", first_us=5, last_us=7, names=["a"]))
    assert last_seen(record) == 7
    assert unpack(record) == Party(party_type="person", first_us=5, last_us=7, names=["a"])
    assert (owner_of(record), formers_of(record)) == ("", [])
    told = pack(Party(owner="BANKA", formers=["k0", "k1"]))
    assert (owner_of(told), formers_of(told), last_seen(told)) == ("BANKA", ["k0", "k1"], 0)
    with pytest.raises(msgspec.DecodeError):
        unpack(b"\xc1")


def test_payments_that_raised_a_statistical_alert_are_remembered_the_newest_64():
    """By their first event, each number whole: none is found across two others' bytes."""
    party = Party()
    assert not party.was_unusual(0)
    for number in range(1, 66):
        party.remember_unusual(number)
    assert [number for number in range(67) if party.was_unusual(number)] == list(range(2, 66))
    assert len(party.unusual) == 64 * 8
    twice = Party()
    for _ in range(2):
        twice.remember_unusual(1 << 60 | 1 << 8)
    assert twice.was_unusual(1 << 60 | 1 << 8)
    assert not any(twice.was_unusual(number) for number in (1 << 16, 1 << 8, (1 << 16) + (1 << 4)))


def test_who_told_of_a_party_and_whose_it_is_are_read_and_written_without_unpacking_it():
    """The institutions by their words, in their order; all else stays as it was."""
    facts = Facts(0, None, None, None, None, None, None, None, ())
    party = Party(owner="A", words={"B": 1, "A": 3}, facts=facts, payments=b"rows", unusual=b"12345678")
    record = pack(party)
    assert told_by(record) == (["B", "A"], True)
    assert told_by(pack(Party())) == ([], False)
    party.owner = "B"
    assert owned_by(record, "B") == pack(party)
    assert owner_of(owned_by(record, "")) == ""
