"""A hub: what is kept of it is a sample of residents that no order and no chance decides, and the rest is counted."""

import random

import pytest

from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.shared import nodes
from detectors.shared.state import SharedState
from tests.support.ledger import later
from tests.support.leg_log import PAYEE, LegLog, resident
from tests.support.own_cpu import own_cpu

PAYERS = 1_600


def hub_of(order: list[int]) -> LegLog:
    """A node that each of these residents pays once, within an hour."""
    log = LegLog()
    for number in order:
        log.pay(f"e{number}", later(seconds=number), "100", number)
    return log


@pytest.fixture(scope="module")
def hub() -> LegLog:
    """A hub of residents in order."""
    return hub_of(list(range(PAYERS)))


def test_a_hub_keeps_a_bounded_sample_and_counts_all(hub):
    """Payments and their amounts are whole, residents an estimate."""
    node = unpack(hub.state.parties[PAYEE])
    sample, kept = nodes.sample_of(node), rows(node)
    assert len(kept) <= nodes.MOST_ROWS
    assert sample.level == 2
    assert sample.left_out + len(kept) == PAYERS
    assert sample.usd_out + sum(kept["usd"].tolist()) == PAYERS * 10_000
    assert sample.usd_in == 0
    seen = len(nodes.residents_of(node))
    assert seen == len(kept)
    assert seen * 2**sample.level == pytest.approx(PAYERS, rel=0.1)


def test_the_sample_depends_on_who_pays_and_not_on_the_order(hub):
    """The same residents in another order leave the same ones."""
    order = list(range(PAYERS))
    random.Random(7).shuffle(order)
    one, other = (unpack(log.state.parties[PAYEE]) for log in (hub, hub_of(order)))
    assert nodes.residents_of(one) == nodes.residents_of(other)
    assert nodes.sample_of(one).level == nodes.sample_of(other).level
    assert nodes.sample_of(one).usd_out == nodes.sample_of(other).usd_out


def test_one_resident_fills_no_node():
    """Of a resident with hundreds of payments the newest 64 stay beside those of the others."""
    log = LegLog()
    for number in range(nodes.MOST_ROWS):
        log.pay(f"a{number}", later(minutes=number), "10", 1)
    log.pay("b", later(minutes=1), "10", 2)
    node = unpack(log.state.parties[PAYEE])
    sample, kept = nodes.sample_of(node), rows(node)
    assert (sample.level, sample.left_out, len(kept)) == (0, nodes.MOST_ROWS - nodes.MOST_OF_ONE, nodes.MOST_OF_ONE + 1)
    assert sorted(nodes.residents_of(node).values()) == [resident(1), resident(2)]
    assert max(kept["time"].tolist()) == int(later(minutes=nodes.MOST_ROWS - 1).timestamp()) * 1_000_000


def test_payers_that_one_bank_makes_up_push_out_none_of_another_bank():
    """2 000 of them before and after nine residents at three banks: of those each payment is kept."""
    log = LegLog()
    for number in range(1_000):
        log.pay(f"e{number}", later(seconds=number), "3000", 100 + number, institution="EVILKRSE")
    for number in range(9):
        log.pay(f"r{number}", later(hours=number + 1), "4800", number, institution=f"BANKKRS{number % 3}")
    for number in range(1_000, 2_000):
        log.pay(f"e{number}", later(days=1, seconds=number), "3000", 100 + number, institution="EVILKRSE")
    node = unpack(log.state.parties[PAYEE])
    assert nodes.sample_of(node).levels == {"EVILKRSE": 2}
    assert {resident(number) for number in range(9)} <= set(nodes.residents_of(node).values())
    assert len(rows(node)) <= nodes.MOST_ROWS


def test_one_resident_has_the_newest_payments_of_each_bank():
    """A bank that makes up 600 payments of a resident pushes out none of theirs at another bank."""
    log = LegLog()
    log.pay("b", later(), "10", 1, institution="BANKKRSE")
    for number in range(nodes.MOST_ROWS):
        log.pay(f"a{number}", later(minutes=number + 1), "10", 1, institution="EVILKRSE")
    kept = rows(unpack(log.state.parties[PAYEE]))
    assert len(kept) == nodes.MOST_OF_ONE + 1
    assert min(kept["time"].tolist()) == int(later().timestamp()) * 1_000_000


def test_a_sample_that_has_shrunk_takes_in_more_residents_again():
    """When most payments have grown too old, the level falls by one a leg."""
    log = hub_of(list(range(600)))
    assert nodes.sample_of(unpack(log.state.parties[PAYEE])).level == 1
    for number in range(8):
        log.pay(f"n{number}", later(days=130, minutes=number), "100", 2 * number)
    sample = nodes.sample_of(unpack(log.state.parties[PAYEE]))
    assert (sample.level, sample.since_us // 10**6) == (0, int(later(days=130).timestamp()) + 180)


def test_more_residents_of_one_slot_than_a_node_keeps_are_bounded_too():
    """Tokens of one slot cannot be told apart by it; the newest payments stay."""
    log = LegLog()
    for number in range(nodes.MOST_ROWS + 40):
        log.pay(f"e{number}", later(minutes=number), "10", number, party=f"k1.000.r{number}")
    node = unpack(log.state.parties[PAYEE])
    assert len(rows(node)) == nodes.MOST_ROWS
    assert min(rows(node)["time"].tolist()) == int(later(minutes=40).timestamp()) * 1_000_000


def test_a_leg_of_a_hub_costs_little(hub):
    """Bounded: a thousand legs of a full hub; measured 0.25 s on one core, three times that is the limit."""
    with own_cpu() as spent:
        for number in range(1_000):
            hub.pay(f"more{number}", later(hours=2, seconds=number), "100", number)
    assert spent.seconds < 1.5


@pytest.mark.parametrize("direction", ["out", "in"])
def test_absurd_amounts_stop_no_partition(direction):
    """Totals are cut to 63 bits, rules and alerts go on, and what comes back is taken off."""
    log, given = LegLog(), {"direction": direction, "device": "k1.002.device", "kinds": ("counterparty", "device")}
    for number in range(nodes.MOST_ROWS + 40):
        log.pay(f"e{number}", later(minutes=number), "1" + "0" * 17, number, history=number < 500, **given)
    sample = nodes.sample_of(unpack(log.state.parties[PAYEE]))
    assert sample.left_out > 200
    assert (sample.usd_out, sample.usd_in) == ((2**63 - 1, 0) if direction == "out" else (0, 2**63 - 1))
    for number in range(500, 552):
        log.pay(
            f"b{number}",
            later(days=1),
            "1" + "0" * 17,
            number,
            **given,
            status="returned",
            original_event_id=f"e{number}",
        )
    assert SharedState.thaw(log.state.freeze().sections()).freeze().digest() == log.state.freeze().digest()
