"""However many payments a shared thing has, a leg costs little: no rule over nodes lets one pass 20 ms of CPU."""

import random
from statistics import median

import pytest

from detectors.books.party import pack, unpack
from tests.support.ledger import later
from tests.support.leg_log import PAYEE, LegLog
from tests.support.own_cpu import own_cpu

pytestmark = pytest.mark.alone

# a node is full at 512 payments, and its sample is drawn anew once within the measured ones
UNTIL_FULL, MEASURED = 500, 24
# Measured: 4 ms for the dearest leg, that which draws a sample and alerts. The contract of all rules is 20 ms.
MOST_SECONDS = 0.020
# Measured: 0.12 ms for the leg of a thing that few know, which nearly all are.
MOST_SECONDS_OF_FEW = 0.001


@pytest.mark.parametrize("kind", ["counterparty", "device"])
def test_a_leg_of_a_full_node_is_bounded(kind):
    """Similar amounts in both directions: rings, mirrors and pass-throughs all have what they look for."""
    log, spent, draw = LegLog(), [], random.Random(5)
    given = {} if kind == "counterparty" else {"counterparty_account" if kind == "account" else kind: "k1.002.shared"}
    for number in range(UNTIL_FULL + MEASURED):
        direction = "out" if number % 2 else "in"
        # history is counted and not judged
        fields = {"kinds": (kind,), "direction": direction, "history": number < UNTIL_FULL, **given}
        if number >= UNTIL_FULL:
            # what was alerted is forgotten, so that each leg builds its alert
            for name, record in log.state.parties.items():
                node = unpack(record)
                node.alerted = []
                log.state.parties[name] = pack(node)
        with own_cpu() as cpu:
            log.pay(f"e{number}", later(minutes=number), str(3_000 + draw.randrange(300)), number, **fields)
        if number >= UNTIL_FULL:
            spent.append(cpu.seconds)
    assert max(spent) < MOST_SECONDS


def test_a_leg_of_a_thing_that_few_know_is_cheap():
    """The median over a thousand payees of two residents each."""
    log, spent = LegLog(), []
    for number in range(1_000):
        with own_cpu() as cpu:
            log.pay(f"e{number}", later(minutes=number), "3000", number % 350, counterparty=f"k1.{number % 499:03x}.p")
        spent.append(cpu.seconds)
    assert median(spent) < MOST_SECONDS_OF_FEW
    assert PAYEE not in log.state.parties
