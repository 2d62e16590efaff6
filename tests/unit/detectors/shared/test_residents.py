"""A resident's node: what it is told takes the place of what it was told before, under every key."""

import msgspec

from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.contracts.events import Leg, Origin, Source, Trail
from detectors.shared import nodes, residents
from tests.support.ledger import later
from tests.support.leg_log import TrailLog, resident

X, Y = "k1.222.x", "k1.333.y"


def leg(amount: str = "100", *, event: int = 7, via: str = X, who: int = 1, **fields) -> Leg:
    """A payment that resident 1 is told of."""
    given = {"event_id": f"e{event}", "identity": "", "body": "", "event_time": later(), "direction": "out"}
    given |= {"party": resident(who), "counterparty": via, "counterparty_country": "HK", "institution": "BANKA"}
    trail = Trail(resident=fields.pop("to", resident(1)), via="counterparty", event=event, topic="fx.transactions.v1")
    return Leg(**given | {"amount": amount, "currency": "USD", "trail": trail, "kind": "resident"} | fields)


class Told(TrailLog):
    """A partition that is told; causes count from 0."""

    def tell(self, *legs: Leg):
        """Apply trails, each of another cause."""
        for one in legs:
            here = len(self.log)
            origin = Origin(
                offset=here, source=Source("fx.legs.v1", 5, here), commitment="k1:" + "ab" * 32, timestamp_ms=0
            )
            self.put(one, origin)

    def held(self, name: str = resident(1)) -> list[tuple[int, int]]:
        """(event, cents) of the node's payments."""
        found = rows(unpack(self.state.parties[f"trail/{name}"]))
        return list(zip(found["event"].tolist(), found["usd"].tolist(), strict=True))

    def node(self, name: str = resident(1)):
        """The node, unpacked."""
        return unpack(self.state.parties[f"trail/{name}"])


def test_what_is_told_again_takes_its_place():
    """Another amount of the same payment, seen at the same foreign party."""
    log = Told()
    log.tell(leg("100"), leg("300", event=8), leg("60"))
    assert log.held() == [(7, 6_000), (8, 30_000)]


def test_the_same_payment_seen_elsewhere_is_another_row():
    """By its account, say; the rule counts it once."""
    log = Told()
    log.tell(leg("100"), leg("100", via=Y))
    assert log.held() == [(7, 10_000), (7, 10_000)]
    assert sorted(residents.vias_of(log.node()).values()) == [("counterparty", X), ("counterparty", Y)]


def test_what_came_back_whole_is_forgotten():
    """With its proof and, where nothing else is of it, its foreign party."""
    log = Told()
    log.tell(leg("100"), leg("300", event=8, via=Y), leg("0", status="returned"))
    assert log.held() == [(8, 30_000)]
    assert list(residents.vias_of(log.node()).values()) == [("counterparty", Y)]
    assert [proof.event_id for proof in log.node().proofs] == ["e8"]


def test_a_return_of_what_was_never_told_is_nothing():
    """It came back before the resident was told of it."""
    log = Told()
    log.tell(leg("0", status="returned"))
    assert log.held() == []


def test_a_cent_is_a_payment_and_everybody_has_a_name():
    """Of the resident itself and of another."""
    log = Told()
    log.tell(leg("0.01"), leg("5", event=8, who=2))
    assert log.held() == [(7, 1), (8, 500)]
    assert sorted(nodes.residents_of(log.node()).values()) == [resident(1), resident(2)]


def test_a_node_knows_whose_it_is_under_a_new_key_too():
    """The resident's number stays; the node stands under the newest token."""
    log = Told()
    former, token = resident(1), "k2.025.renewed1"
    log.tell(leg("100"))
    own = residents.own_of(log.node())
    log.tell(leg("200", event=8, to=token, party=token, previous={token: former}))
    assert f"trail/{former}" not in log.state.parties
    assert residents.own_of(log.node(token)) == own
    assert log.held(token) == [(7, 10_000), (8, 20_000)]
    assert {one["beneficiary"] for one in rows(log.node(token))} == {own}
    # a worker that is a rotation behind still writes the former token
    log.tell(leg("300", event=9))
    assert len(log.held(token)) == 3


def test_another_node_is_nobodys():
    """0 of a foreign party's."""
    log = Told()
    log.pay("e1", later())
    assert residents.own_of(unpack(log.state.parties["k1.111.payee"])) == 0
    assert residents.vias_of(unpack(log.state.parties["k1.111.payee"])) == {}


def test_a_firm_may_be_a_resident_and_anothers_foreign_party():
    """Its token names two nodes."""
    log = Told()
    log.pay("e1", later(), counterparty=resident(1))
    log.tell(leg("100"))
    assert {resident(1), f"trail/{resident(1)}"} <= set(log.state.parties)


def test_renamed_names_the_nodes_former_name():
    """Only where the resident itself has a former token."""
    one = leg(previous={X: "k0.222.x"})
    assert residents.renamed(one) is one
    other = residents.renamed(leg(previous={resident(1): "k0.025.old"}))
    assert residents.with_nodes({"a": "b"}) == {"a": "b", "trail/a": "trail/b"}
    assert other.previous == {resident(1): "k0.025.old", f"trail/{resident(1)}": "trail/k0.025.old"}
    assert msgspec.structs.replace(other, previous={}) == leg()


def test_it_keeps_the_newest_of_too_many():
    """As each node does; what is left out is counted."""
    log = Told()
    for event in range(1, 80):
        log.tell(leg("100", event=event, event_time=later(minutes=event)))
    assert len(log.held()) == 79
    for event in range(80, 520):
        log.tell(leg("100", event=event, event_time=later(minutes=event), who=event % 40))
    assert len(log.held()) <= 512
