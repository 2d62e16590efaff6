"""What a foreign party or account tells residents of what it passes on: to whom, of whom, once, how much at most."""

import msgspec
import numpy as np
import pytest

from detectors.books.party import unpack
from detectors.books.payments import OUT, ROW
from detectors.contracts.legs import shared_of
from detectors.shared import nodes
from detectors.shared.state import SharedState
from detectors.shared.trails import MOST_TOLD, _Floor, _most_told, _NodeSide, _told
from tests.support.ledger import configuration, later
from tests.support.leg_log import PAYEE, LegLog, TrailLog, resident


def told(outputs):
    """(whose node, whose payment, its event) of each trail, in order."""
    return [(leg.trail.resident, leg.party, leg.event_id) for one in outputs for leg, _ in one.trails]


def test_both_sides_are_told_of_both_payments():
    """Nothing while it only takes; when it pays, each of the two gets both."""
    log = LegLog()
    assert told(log.pay("e1", later(), "200000", 1)) == []
    outputs = log.pay("e2", later(days=1), "190000", 2, direction="in")
    assert sorted(told(outputs)) == sorted(
        (to, resident(who), event) for to in (resident(1), resident(2)) for who, event in ((1, "e1"), (2, "e2"))
    )


def test_a_trail_says_what_the_payment_was_and_where_it_was_seen():
    """As it counts, with what proves it."""
    log = LegLog()
    fields = {"institution": "BANKB", "purpose": "10101", "evidence": "shown", "counterparty_country": "HK"}
    log.pay("e1", later(), "200000.5", 1, **fields)
    (out,) = log.pay("e2", later(days=1), "190000", 2, direction="in", counterparty_country="SG")
    leg, commitment = next(each for each in out.trails if each[0].event_id == "e1")
    assert (leg.event_time, leg.amount, leg.currency, leg.institution) == (later(), "200000.50", "USD", "BANKB")
    assert (leg.purpose, leg.evidence, leg.direction, leg.status) == ("10101", "shown", "out", "settled")
    assert (leg.party, leg.counterparty, leg.counterparty_country, leg.kind) == (resident(1), PAYEE, "SG", "resident")
    assert (leg.trail.via, leg.trail.topic) == ("counterparty", "fx.transactions.v1")
    assert (leg.identity, leg.body) == ("", "")
    assert commitment == log.log[1][1].commitment
    assert shared_of(leg).name == f"trail/{leg.trail.resident}"
    other, _ = next(each for each in out.trails if each[0].event_id == "e2")
    assert (other.evidence, other.direction, other.purpose) == ("none", "in", "40101")


def test_what_was_told_is_not_told_again_and_what_is_new_is():
    """A third payment goes to both, alone."""
    log = LegLog()
    log.pay("e1", later(), "200000", 1)
    log.pay("e2", later(days=1), "190000", 2, direction="in")
    outputs = log.pay("e3", later(days=2), "50000", 1)
    assert sorted(told(outputs)) == sorted([(resident(1), resident(1), "e3"), (resident(2), resident(1), "e3")])


@pytest.mark.parametrize(("amount", "number"), [("25000", 4), ("24999.99", 0)])
def test_a_quarter_of_the_least_sum_is_enough(amount, number):
    """Of the limits in force: 0.25 of 100 000 USD."""
    log = LegLog()
    log.pay("e1", later(), amount, 1)
    assert len(told(log.pay("e2", later(days=1), "25000", 2, direction="in"))) == number


def test_an_order_is_told_as_an_order_and_its_settlement_as_settled():
    """As it counts, like any other payment."""
    log = LegLog()
    log.pay("e1", later(), "200000", 1, status="ordered", payment_id="p")
    (first,) = log.pay("e2", later(days=1), "190000", 2, direction="in")
    assert {leg.event_id: leg.status for leg, _ in first.trails} == {"e1": "ordered", "e2": "settled"}
    (then,) = log.pay("e3", later(days=2), "200000", 1, payment_id="p")
    assert [leg.status for leg, _ in then.trails] == ["settled"] * 2


def test_what_comes_back_is_told():
    """In part: what counts of it. Whole: that nothing does."""
    log = LegLog()
    log.pay("e1", later(), "200000", 1)
    log.pay("e2", later(days=1), "190000", 2, direction="in")
    (part,) = log.pay("e3", later(days=2), "50000", 1, status="returned", original_event_id="e1")
    assert [(leg.event_id, leg.amount, leg.status) for leg, _ in part.trails] == [("e1", "150000", "settled")] * 2
    (whole,) = log.pay("e4", later(days=3), "150000", 1, status="returned", original_event_id="e1")
    assert [(leg.event_id, leg.status) for leg, _ in whole.trails] == [("e1", "returned")] * 2


def node_rows(*payments):
    """Rows of (resident, direction, cents)."""
    found = np.zeros(len(payments), ROW)
    for place, (who, direction, cents) in enumerate(payments):
        found[place]["beneficiary"], found[place]["usd"] = who, cents
        found[place]["flags"] = OUT if direction == "out" else 0
    return found


@pytest.mark.parametrize(
    ("paid", "got", "tells"),
    [
        # a quarter of 100 000 USD at least, and a quarter of the side
        ((25_000_00, 75_000_00), (25_000_00, 75_000_00), {1, 2, 3, 4}),
        ((24_999_99, 74_000_00), (25_000_00, 75_000_00), {2, 3, 4}),
        ((25_000_00, 75_000_01), (25_000_00, 75_000_00), {2, 3, 4}),
        ((25_000_00, 75_000_00), (24_999_99, 25_000_00), {1, 2, 4}),
        ((25_000_00, 75_000_00), (100, 100), set()),
        ((25_000_00, 75_000_00), (0, 0), set()),
    ],
)
def test_only_large_residents_are_told(paid, got, tells):
    """Residents 1 and 2 pay, 3 and 4 are paid; each is told of itself and of all on the other side."""
    found = node_rows((1, "out", paid[0]), (2, "out", paid[1]), (3, "in", got[0]), (4, "in", got[1]))
    told_of = _told(found, _Floor(25, 25 * 100_000_00))
    assert set(told_of) == tells
    for who, others in told_of.items():
        assert others == {who} | (tells & ({3, 4} if who < 3 else {1, 2}))


@pytest.mark.parametrize("side", ["out", "in"])
def test_without_what_one_sender_told_others_are_large_too(side):
    """Its huge payment makes the others small beside it on either side; without senders nobody is told apart."""
    made_up = (9, side, 9_000_000_00)
    found = node_rows((1, "out", 50_000_00), (2, "in", 50_000_00), made_up)
    floor = _Floor(25, 25 * 100_000_00)
    beside = {9: {9, 2}, 2: {9, 2}} if side == "out" else {9: {9, 1}, 1: {9, 1}}
    assert _told(found, floor) == _told(found, floor, ["A", "A", "A"]) == beside
    told_of = _told(found, floor, ["A", "B", "EVIL"])
    assert {1, 2} <= told_of[1] & told_of[2]


def test_without_the_sender_of_one_side_nobody_is_told_there():
    """A sender's own residents are none where it told nothing."""
    found = node_rows((1, "out", 50_000_00), (2, "in", 50_000_00))
    assert _told(found, _Floor(25, 25 * 100_000_00), ["A", "B"]) == {1: {1, 2}, 2: {1, 2}}


def test_the_four_senders_with_most_of_a_side_are_left_out():
    """By money, of equal ones by name; none where one told all."""
    found = node_rows((1, "out", 50), (2, "out", 70), (3, "out", 60), (4, "out", 50), (5, "out", 49), (6, "out", 50))
    out = found["flags"] & OUT != 0
    assert _most_told([_NodeSide.of(found, out, ["A", "B", "C", "D", "E", "F"])]) == ["A", "B", "C", "D"]
    assert _most_told([_NodeSide.of(found, out, ["A"] * 6)]) == []
    assert _most_told([_NodeSide.of(found, out, ["A"] * 5 + ["B"])]) == ["A", "B"]
    found["usd"] = (1, 70, 60, 50, 49, 50)
    assert _most_told([_NodeSide.of(found, out, ["A", "B", "C", "D", "E", "F"])]) == ["B", "C", "D", "F"]


def test_one_huge_payment_of_another_bank_ends_no_telling():
    """The node asks again without it."""
    log = LegLog()
    log.pay("x", later(), "90000000", 9, institution="EVILKRSE")
    log.pay("e1", later(days=1), "200000", 1, institution="BANKKRSE")
    outputs = log.pay("e2", later(days=2), "190000", 2, institution="BANKKRSE", direction="in")
    assert {resident(1), resident(2)} <= {to for to, _, _ in told(outputs)}


def test_a_node_tells_nothing_of_a_sampled_sender_and_all_of_the_others():
    """530 payers that one bank makes up, and two residents at another bank."""
    log = LegLog()
    for number in range(530):
        log.pay(f"x{number}", later(minutes=number), "900000", 100 + number, institution="EVILKRSE")
    node = unpack(log.state.parties[PAYEE])
    assert nodes.sample_of(node).levels == {"EVILKRSE": 1}
    log.pay("e1", later(days=1), "200000", 1, institution="BANKKRSE")
    outputs = log.pay("e2", later(days=2), "190000", 2, institution="BANKKRSE", direction="in")
    assert {to for to, _, _ in told(outputs)} == {resident(1), resident(2)}


def test_one_resident_on_both_sides_is_no_passing_on():
    """Who buys from and sells to one party."""
    log = LegLog()
    log.pay("e1", later(), "200000", 1)
    assert told(log.pay("e2", later(days=1), "200000", 1, direction="in")) == []


@pytest.mark.parametrize(("kind", "number"), [("counterparty", 4), ("account", 4), ("device", 0), ("contact", 0)])
def test_foreign_parties_and_accounts_tell_and_others_do_not(kind, number):
    """A device passes nothing on."""
    log = LegLog()
    given = {
        "counterparty_account": "k1.001.account",
        "device": "k1.002.device",
        "contact": "k1.003.contact",
        "kinds": (kind,),
    }
    log.pay("e1", later(), "200000", 1, **given)
    outputs = log.pay("e2", later(days=1), "190000", 2, direction="in", **given)
    assert len(told(outputs)) == number
    assert {leg.trail.via for one in outputs for leg, _ in one.trails} <= {kind}


@pytest.mark.parametrize("limit", ["share_min", "sum_min"])
def test_before_its_limits_are_in_force_nothing_is_told(limit):
    """As with the rule itself."""
    limits = [dict(one) for one in LIMITS]
    for one in limits:
        if one["name"] == limit:
            one["effective_from"] = "2030-01-01"
    log = LegLog(configuration(rules={"T15": {"limits": limits}}))
    log.pay("e1", later(), "200000", 1)
    assert told(log.pay("e2", later(days=1), "190000", 2, direction="in")) == []


def _limits():
    found = configuration().rules["T15"].limits
    return [{key: value for key, value in msgspec.to_builtins(one).items() if value is not None} for one in found]


LIMITS = _limits()


def test_payments_without_a_proof_are_cut_and_counted():
    """The node has proofs of the newest fifty."""
    log = LegLog()
    for number in range(60):
        log.pay(f"e{number}", later(hours=number), "5000", 1)
    (out,) = log.pay("x", later(days=5), "300000", 2, direction="in")
    assert (len(out.trails), out.cut) == (2 * 50, 2 * 11)
    assert {leg.event_id for leg, _ in out.trails} == {*(f"e{number}" for number in range(11, 60)), "x"}


def test_a_leg_tells_at_most_what_its_bound_says():
    """Four residents on each side, fifty proofs: each of eight is told of fifty, less what they do not see."""
    log = LegLog()
    most = 0
    for number in range(64):
        for who in range(4):
            log.pay(f"o{number}.{who}", later(minutes=number), "30000", who)
    for number in range(64):
        for who in range(4, 8):
            (out,) = log.pay(f"i{number}.{who}", later(days=1, minutes=number), "30000", who, direction="in")
            most = max(most, len(out.trails))
    assert 0 < most <= MOST_TOLD


def test_a_node_that_keeps_a_sample_tells_nothing():
    """Of a hub nobody knows whose payments are a quarter."""
    log = LegLog()
    for number in range(520):
        log.pay(f"e{number}", later(minutes=number), "10", 10 + number)
    node = unpack(log.state.parties[PAYEE])
    assert nodes.sample_of(node).level > 0
    log.pay("a", later(days=1), "900000", party="k1.000.payer")
    assert told(log.pay("b", later(days=2), "900000", party="k1.000.payee", direction="in")) == []


def test_residents_nodes_are_part_of_the_state_and_of_its_digest():
    """Saved and loaded at every record the state is the same."""
    log = TrailLog()
    for number, (direction, who) in enumerate((("out", 1), ("in", 2), ("out", 2), ("in", 1))):
        foreign = f"k1.22{number // 2}.x"
        log.pay(f"e{number}", later(days=number), "200000", who, direction=direction, counterparty=foreign)
    assert len(log.log) == 1 + 4 + 8
    state = SharedState.thaw(log.state.freeze().sections())
    assert state.freeze().digest() == log.state.freeze().digest()
    assert {name for name in state.parties if name.startswith("trail/")} == {
        f"trail/{resident(1)}",
        f"trail/{resident(2)}",
    }
    assert len(unpack(state.parties[f"trail/{resident(1)}"]).payments) == 4 * 72
