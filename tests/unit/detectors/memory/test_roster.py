"""Parties by token: under which name one is found and put back in a key rotation, and how two become one."""

import msgspec
import pytest

from detectors.books import party as party_module
from detectors.books.folded_payments import Folded, folded_of
from detectors.books.party import MOST_RAISED, Alerted, Facts, Given, Party, Restated, Reversal, pack, unpack
from detectors.books.payments import Payment, rows
from detectors.books.proofs import Proof
from detectors.books.restatement import Correction
from detectors.memory.roster import merge, recall, store
from detectors.memory.state import PartitionState
from detectors.values.shares import OFFICES

ROW = Payment(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
BACK = Reversal(
    original=1,
    payment=0,
    time_us=0,
    whole=False,
    outbound=True,
    mantissa=1,
    exponent=0,
    currency="USD",
    institution="BANKA",
    beneficiary=1,
)


def row(offset: int) -> bytes:
    """A payment at a ledger position, packed."""
    return msgspec.structs.replace(ROW, offset=offset).packed()


def party(last_us: int = 0, **fields) -> Party:
    """A party that is told apart by when it was last seen."""
    return Party(last_us=last_us, **fields)


def state_of(*renamed: tuple[str, str], **parties: Party) -> PartitionState:
    """A partition of these parties and renamings, each up to the time 0."""
    state = PartitionState.new(0)
    state.parties.update({name: pack(one) for name, one in parties.items()})
    for former, name in renamed:
        state.rename(former, name, 0)
    return state


# Found


@pytest.mark.parametrize(
    ("token", "previous", "found"),
    [
        ("k1", {}, 1),
        ("k2", {}, 2),
        ("k9", {}, 0),  # known, known, new
        ("k2", {"other": "k1"}, 2),  # another token of the record was renamed
        ("k9", {"k9": "k1"}, 1),  # known under its former name alone
        ("k0", {}, 2),
        ("k2", {"k2": "k0"}, 2),
        ("k9", {"k9": "k0"}, 2),  # k0 was renamed to k2
        ("k8", {"k8": "k9"}, 0),  # neither is known
    ],
)
def test_a_party_is_found_under_its_newest_name_or_its_former_one(token, previous, found):
    """And the state stays as it was."""
    state = state_of(("k0", "k2"), k1=party(1), k2=party(2))
    before = dict(state.parties), dict(state.renamed)
    assert recall(state, token, previous).last_us == found
    assert (state.parties, state.renamed) == before


def test_a_party_known_under_both_names_is_one():
    """What is known under the former name belongs to it, in every one of its records."""
    state = state_of(k1=party(5, declarations=1), k2=party(2, declarations=10))
    found = recall(state, "k2", {"k2": "k1"})
    assert (found.last_us, found.declarations) == (5, 11)


# Put back


def names(state: PartitionState) -> dict[str, tuple[str, int]]:
    """What former names stand for, and up to when."""
    return dict(state.renamed)


def test_a_party_is_put_back_as_the_one_touched_last():
    """Under its own token, without a rotation; a renamed token under the newer name."""
    state = state_of(("k0", "k1"), k1=party(1), k2=party(2))
    store(state, "k1", {}, party(7))
    assert [(name, unpack(record).last_us) for name, record in state.parties.items()] == [("k2", 2), ("k1", 7)]
    store(state, "k0", {}, party(8))
    assert unpack(state.parties["k1"]).last_us == 8
    assert "k0" not in state.parties
    assert names(state) == {"k0": ("k1", 0)}


def test_in_a_rotation_a_party_is_kept_under_its_newer_name_alone():
    """Its former one stands for it up to the time it was last seen, also when corrections wait for it."""
    state = state_of(k1=party(1), k2=party(2))
    state.restatement.begin(Correction("EUR/USD", 0, 1), ["k1"])
    store(state, "k2", {"k2": "k1"}, party(7))
    assert list(state.parties) == ["k2"]
    assert names(state) == {"k1": ("k2", 7)}
    assert state.restatement.waiting == {"k2": -1}
    store(state, "k2", {"k2": "k1"}, party(9))
    assert names(state) == {"k1": ("k2", 9)}


def test_a_worker_that_is_a_rotation_behind_leaves_the_party_under_its_newest_name():
    """k1 became k2 became k3; a record of k2 with k1 is of k3, and says when both were in use."""
    state = state_of(("k1", "k2"), ("k2", "k3"), k3=party(3))
    store(state, "k2", {"k2": "k1"}, party(7))
    assert list(state.parties) == ["k3"]
    assert names(state) == {"k1": ("k3", 7), "k2": ("k3", 0)}


def test_a_record_that_skips_a_rotation_renames_both_former_names():
    """k1 became k2; a record of k3 names k1: k2 and k1 stand for k3 from then on."""
    state = state_of(("k1", "k2"), k2=party(2))
    assert recall(state, "k3", {"k3": "k1"}).last_us == 2
    store(state, "k3", {"k3": "k1"}, party(7))
    assert list(state.parties) == ["k3"]
    assert names(state) == {"k2": ("k3", 7), "k1": ("k3", 7)}


def test_operators_who_go_back_to_the_old_key_take_the_party_with_them():
    """k1 became k2; a record of k1 calls k2 the earlier one: no name stands for itself in a circle."""
    state = state_of(("k1", "k2"), k2=party(2))
    assert recall(state, "k1", {"k1": "k2"}).last_us == 2
    store(state, "k1", {"k1": "k2"}, party(7))
    assert list(state.parties) == ["k1"]
    assert names(state) == {"k2": ("k1", 7)}
    assert recall(state, "k2", {}).last_us == 7


@pytest.mark.parametrize("token", ["k1", "k0"])
def test_a_token_that_calls_itself_its_former_one_is_what_it_is(token):
    """Nothing counts twice, and no name stands for itself: the next look for it would never have ended."""
    state = state_of(("k0", "k1"), k1=party(1, declarations=10))
    assert recall(state, token, {token: token}).declarations == 10
    store(state, token, {token: token}, party(7))
    assert names(state) == {"k0": ("k1", 0)}
    assert recall(state, token, {}).last_us == 7


def test_a_party_keeps_the_names_that_it_was_known_by():
    """Each once, the last former name last, the newest eight; never its own."""
    state = PartitionState.new(0)
    store(state, "k1", {"k1": "k0"}, party(1))
    store(state, "k2", {"k2": "k0"}, recall(state, "k2", {"k2": "k0"}))
    assert unpack(state.parties["k2"]).formers == ["k0", "k1"]
    store(state, "k2", {"k2": "k1"}, recall(state, "k2", {"k2": "k1"}))
    assert unpack(state.parties["k2"]).formers == ["k0", "k1"]
    store(state, "k1", {"k1": "k2"}, recall(state, "k1", {"k1": "k2"}))
    assert unpack(state.parties["k1"]).formers == ["k0", "k2"]
    for number in range(3, 12):
        name, former = f"k{number}", "k1" if number == 3 else f"k{number - 1}"
        store(state, name, {name: former}, recall(state, name, {name: former}))
    assert unpack(state.parties["k11"]).formers == ["k2", "k1", *(f"k{number}" for number in range(3, 11))][-8:]
    both = merge(party(formers=["b", "c"]), party(formers=["a", "b"]))
    assert both.formers == ["a", "b", "c"]
    many = merge(party(formers=list("ABCDEFGH")), party(formers=list("abcdefgh")))
    assert many.formers == list("ABCDEFGH")


@pytest.mark.parametrize(
    ("current", "earlier", "sender", "owner"),
    [
        ("", "", "NAMED", "NAMED"),
        ("NAMED", "", "", "NAMED"),
        ("NAMED", "", "LISTED", "LISTED"),
        ("LISTED", "", "NAMED", "LISTED"),
        ("GONE", "", "", ""),
        ("NAMED", "LISTED", "NAMED", "LISTED"),
        ("LISTED", "NAMED", "", "LISTED"),
        ("", "NAMED", "", "NAMED"),
        ("NAMED", OFFICES, "", "NAMED"),
    ],
)
def test_a_party_belongs_to_whoever_of_highest_rank_told_of_it_first(current, earlier, sender, owner):
    """By both of its names, and by the record that touches it now; it is counted there."""
    state = state_of(k1=party(1, owner=earlier), k2=party(2, owner=current))
    state.shares.list(["LISTED"])
    state.give_share("NAMED", 0)
    store(state, "k2", {"k2": "k1"}, recall(state, "k2", {"k2": "k1"}), sender)
    assert unpack(state.parties["k2"]).owner == owner
    assert (len(state.parties), state.parties.held(owner)) == (1, 1)


def test_a_new_party_beyond_the_room_takes_the_place_of_its_owners_own():
    """Not of the one before it, which is another's, although that one holds more than its part too."""
    state = PartitionState.new(0)
    state.shares.list(["LISTED"])
    for name, sender in (("a", "LISTED"), ("b", "NAMED"), ("c", "NAMED"), ("e", "LISTED")):
        state.give_share(sender, 0)
        store(state, name, {}, party(1), sender)
    state.share_out_parties(4)
    store(state, "d", {}, party(1), "NAMED")
    assert list(state.parties) == ["a", "c", "e", "d"]
    assert state.counters["parties_forgotten"] == 1


# Two become one


def facts(size: str) -> Facts:
    """A profile."""
    return Facts(0, None, None, None, None, size, None, None, ())


def alerted(number: int) -> Alerted:
    """An alert."""
    return Alerted("T01", str(number), 0, 0, "", "")


def test_every_fact_of_both_names_is_in_the_party_that_they_become():
    """The earlier name's first where order counts; what can be one only is the newer name's, if it has it."""
    both = [
        Party(
            party_type=kind,
            first_us=first,
            last_us=last,
            payments=row(number),
            baselines=bytes([number]),
            slots={"T01": bytes([number]), f"own{number}": b""},
            names=["USD"],
            proofs=[Proof(number, 0, "", b"")],
            reversals=[msgspec.structs.replace(BACK, original=number)],
            alerted=[alerted(number)],
            case=(f"case-{number}", number),
            facts=facts(f"size{number}"),
            declarations=number,
            verdicts=[Given(bytes([number]), 0, "", 0)],
            aliases={number: number, 9: number},
            settlements={number + 100: number, 99: number},
            restated=[Restated(number, 0, ROW.packed())],
            folded=msgspec.msgpack.encode(Folded(count=number)),
            raised=bytes([number]) * 24,
            words={"BANKA": number, f"BANK{number}": 4},
        )
        for number, kind, first, last in ((1, "person", 5, 9), (2, "company", 3, 7))
    ]
    found = merge(*both)
    assert (found.party_type, found.first_us, found.last_us) == ("person", 3, 9)
    assert rows(found)["offset"].tolist() == [2, 1]
    assert [one.offset for one in found.proofs] == [2, 1]
    assert [one.original for one in found.reversals] == [2, 1]
    assert [one.series for one in found.alerted] == ["2", "1"]
    assert [one.first for one in found.restated] == [2, 1]
    assert [one.alert for one in found.verdicts] == [b"\2", b"\1"]
    assert found.raised == b"\2" * 24 + b"\1" * 24
    assert found.baselines == b"\1"
    assert found.slots == {"T01": b"\1", "own1": b"", "own2": b""}
    assert (found.case, found.facts.size, found.declarations) == (("case-1", 1), "size1", 3)
    assert list(found.aliases.items()) == [(2, 2), (1, 1), (9, 1)]
    assert list(found.settlements.items()) == [(102, 2), (101, 1), (99, 1)]
    assert folded_of(found).count == 3
    assert found.words == {"BANKA": 3, "BANK1": 4, "BANK2": 4}


def test_what_the_newer_name_lacks_is_the_earlier_ones():
    """Baselines, case and profile of a party that was hardly known under its newer name."""
    found = merge(Party(), Party(baselines=b"b", case=("case-1", 1), facts=facts("small"), party_type="bank"))
    assert (found.baselines, found.case, found.facts.size) == (b"b", ("case-1", 1), "small")
    assert found.party_type == "bank"


def test_what_is_bounded_is_cut_to_the_newest_when_two_become_one():
    """Twenty series alerted, 256 alerts, a thousand aliases and settlements: the newer name's first."""
    first, second = (
        Party(
            alerted=[alerted(base + number) for number in range(15)],
            raised=b"".join((base + number).to_bytes(16, "big") + bytes(8) for number in range(200)),
            aliases={base + number: 0 for number in range(600)},
            settlements={base + number: 0 for number in range(600)},
        )
        for base in (1000, 3000)
    )
    found = merge(second, first)
    assert [each.series for each in found.alerted] == [str(1000 + number) for number in range(10, 15)] + [
        str(3000 + number) for number in range(15)
    ]
    assert len(found.raised) == MOST_RAISED * 24
    assert found.raised[:16] == (1144).to_bytes(16, "big")
    for table in (found.aliases, found.settlements):
        assert list(table) == [*range(1200, 1600), *range(3000, 3600)]
    assert party_module.MOST_ALIASES == 1000
    exact = merge(Party(aliases=dict.fromkeys(range(500), 0)), Party(aliases=dict.fromkeys(range(500, 1000), 0)))
    assert len(exact.aliases) == 1000


def test_an_alias_that_both_know_stands_where_the_newer_name_has_it():
    """At its place among the newer ones, so that it is not the first to be forgotten."""
    found = merge(Party(aliases={3: 30, 1: 10}), Party(aliases={1: 11, 2: 20}))
    assert list(found.aliases.items()) == [(2, 20), (3, 30), (1, 10)]


def test_reversals_are_cut_by_the_institutions_that_the_party_pays_through():
    """Made-up names have one share together: 63 of as many of them, and BANKA's one, which came first."""
    paid = Party(payments=row(1), names=["BANKA"], reversals=[msgspec.structs.replace(BACK, institution="BANKA")])
    many = Party(reversals=[msgspec.structs.replace(BACK, institution=f"MADE{number}") for number in range(64)])
    found = merge(many, paid)
    assert [one.institution for one in found.reversals] == ["BANKA", *(f"MADE{number}" for number in range(1, 64))]
