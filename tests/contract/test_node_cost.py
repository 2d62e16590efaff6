"""However many payments a shared thing has, a leg costs little: no rule over nodes lets one pass 20 ms of CPU."""

import random
from statistics import median

import pytest

from detectors.books.party import pack, unpack
from tests.support.ledger import later
from tests.support.leg_log import PAYEE, LegLog
from tests.support.own_cpu import own_cpu
from tests.unit.detectors.shared.test_residents import Told, leg

pytestmark = pytest.mark.alone

# a node is full at 512 payments, and its sample is drawn anew once within the measured ones
UNTIL_FULL, MEASURED = 500, 24
# Measured: 4 ms for the dearest leg, that which draws a sample and alerts, 6 ms for the dearest trail, 2 ms for a leg
# that tells most. The contract of all rules is 20 ms.
MOST_SECONDS = 0.020
# Measured: 0.12 ms for the leg of a thing that few know, which nearly all are.
MOST_SECONDS_OF_FEW = 0.001


def forget_alerts(log: LegLog) -> None:
    """Let every node alert anew."""
    for name, record in log.state.parties.items():
        node = unpack(record)
        node.alerted = []
        log.state.parties[name] = pack(node)


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
            forget_alerts(log)
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


def test_a_trail_of_a_full_residents_node_is_bounded():
    """Four hops of 128 payments each, of which no simple choice comes home: all that the rule may try is tried."""
    log, spent, draw = Told(), [], random.Random(3)
    hops = (("out", 1, "k1.222.x"), ("in", 2, "k1.222.x"), ("out", 2, "k1.333.y"), ("in", 1, "k1.333.y"))
    for number in range(UNTIL_FULL + MEASURED):
        direction, who, via = hops[draw.randrange(4)]
        if number >= UNTIL_FULL:
            forget_alerts(log)
        amount = draw.choice(("4000", "9000", "20000")) if direction == "out" and who == 1 else "6000"
        given = {"event": number + 1, "via": via, "who": who, "direction": direction, "event_time": later(hours=number)}
        with own_cpu() as cpu:
            log.tell(leg(amount, **given))
        if number >= UNTIL_FULL:
            spent.append(cpu.seconds)
    assert max(spent) < MOST_SECONDS


def test_a_leg_that_tells_eight_residents_of_fifty_payments_is_bounded():
    """Four payers, and four who are paid one after the other: each is told of all that the others did."""
    log, spent, told = LegLog(), [], 0
    for number in range(46):
        log.pay(f"o{number}", later(minutes=number), "60000", number % 4)
    for number in range(4, 8):
        with own_cpu() as cpu:
            (out,) = log.pay(f"i{number}", later(days=1, minutes=number), "600000", number, direction="in")
        spent.append(cpu.seconds)
        told += len(out.trails)
    assert told > 100
    assert max(spent) < MOST_SECONDS
