"""T15 against a batch over the same payments: the most that can come home, and what residents are told."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.shared import nodes, residents
from detectors.shared.trails import _Floor, _told
from detectors.typologies.t15_round_tripping import Step, followed
from tests.support.ledger import later
from tests.support.leg_log import TrailLog, resident

FOREIGN = ("k1.222.x", "k1.333.y", "k1.444.z")
STEPS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(1, 9)),
    min_size=1,
    max_size=14,
    unique_by=lambda one: one,
)
# hour, resident, foreign party, direction, thousands of USD
PAYMENTS = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from(("out", "in")),
        st.sampled_from((20, 60, 100, 110)),
    ),
    min_size=4,
    max_size=16,
)
# a cycle from hour 100 on, whose amounts may be too little, among others
CYCLES = st.tuples(st.lists(st.sampled_from((90, 100, 110)), min_size=4, max_size=4), PAYMENTS).map(
    lambda one: [
        *((100 + 50 * hop, *where, one[0][hop]) for hop, where in enumerate(HOPS)),
        *one[1][:3],
    ]
)
HOPS = ((0, 0, "out"), (1, 0, "in"), (1, 1, "out"), (0, 1, "in"))


def most_home(steps: list[Step], place: int) -> int:
    """The maximum flow from the payments of the first hop to those of the last (scipy's).

    A payment passes on what came by earlier ones of the hop before, up to its amount.
    """
    count, numbers = len(steps), [(step.hop - place) % 4 for step in steps]
    source, sink = 2 * count, 2 * count + 1
    room = np.zeros((2 * count + 2, 2 * count + 2), np.int32)
    for each, step in enumerate(steps):
        room[2 * each, 2 * each + 1] = step.cents
        if numbers[each] == 0:
            room[source, 2 * each] = step.cents
        if numbers[each] == 3:
            room[2 * each + 1, sink] = step.cents
        later_ones = [other for other in range(each + 1, count) if numbers[other] == numbers[each] + 1]
        room[2 * each + 1, [2 * other for other in later_ones]] = step.cents
    return int(maximum_flow(csr_array(room), source, sink).flow_value)


@given(STEPS, st.integers(0, 3))
def test_what_comes_home_is_the_most_that_can(given_steps, place):
    """The rule's one pass in the order of time against a maximum flow over all ways."""
    steps = sorted(Step(at, hop, number, cents) for number, (at, hop, cents) in enumerate(given_steps))
    chosen = {step.event for step in steps if step.hop == place}
    assert followed(steps, place, chosen).home == most_home(steps, place)


def poured(paid, order):
    """The payments' legs in this order of arrival."""
    log = TrailLog()
    for number in order:
        hour, who, foreign, direction, thousands = paid[number]
        given = {"direction": direction, "counterparty": FOREIGN[foreign]}
        log.pay(f"e{number}", later(hours=hour, seconds=number), str(1_000 * thousands), who, **given)
    return log


@given(PAYMENTS, st.randoms(use_true_random=False))
def test_residents_hold_what_foreign_parties_would_tell_of_all_payments_at_once(paid, chance):
    """Each payment of whom it names, as it counts, whatever order they came in."""
    order = list(range(len(paid)))
    chance.shuffle(order)
    log = poured(paid, order)
    for foreign in FOREIGN:
        record = log.state.parties.get(foreign)
        if record is None:
            continue
        found = rows(unpack(record))
        for to, whose in _told(found, _Floor(25, 25 * 100_000_00)).items():
            names = nodes.residents_of(unpack(record))
            node = unpack(log.state.parties[f"trail/{names[to]}"])
            via = next(number for number, (_, token) in residents.vias_of(node).items() if token == foreign)
            held = {(int(one["event"]), int(one["usd"])) for one in rows(node) if one["payment"] == via}
            assert {(int(one["event"]), int(one["usd"])) for one in found if int(one["beneficiary"]) in whose} <= held


@given(CYCLES)
def test_a_cycle_over_all_payments_is_told(paid):
    """A batch looks at every two residents and two foreign parties; what it finds was raised for both residents."""
    log = poured(paid, sorted(range(len(paid)), key=lambda number: (paid[number][0], number)))
    told = {frozenset(alert.parties) for alert in log.raised if alert.typologies[0].id == "T15"}
    for one, other in permutations(range(3), 2):
        for going, coming in permutations(range(3), 2):
            if comes_round(paid, (one, other, going, coming)):
                assert frozenset((resident(one), resident(other))) in told


def comes_round(paid, names):
    """Whether four fifths of what `one` paid in all come home over just these, and it is a quarter of all of each."""
    one, other, going, coming = names
    hops = ((one, going, "out"), (other, going, "in"), (other, coming, "out"), (one, coming, "in"))
    steps = sorted(
        Step(3_600_000_000 * hour + number, hops.index((who, foreign, direction)), number, thousands)
        for number, (hour, who, foreign, direction, thousands) in enumerate(paid)
        if (who, foreign, direction) in hops
    )
    home = most_home(steps, 0)
    sums = [sum(step.cents for step in steps if step.hop == hop) for hop in range(4)]
    if sums[0] < 100 or 10 * home < 8 * sums[0]:
        return False
    # both must be a quarter of what the foreign party takes or pays, now and by themselves on their way
    for foreign, direction, who in (
        (going, "out", one),
        (going, "in", other),
        (coming, "out", other),
        (coming, "in", one),
    ):
        side = [(p[1], p[4]) for p in paid if (p[2], p[3]) == (foreign, direction)]
        if 4 * sum(cents for payer, cents in side if payer == who) < sum(cents for _, cents in side):
            return False
    # a way with more the other way round belongs to the other direction
    back = [(other, going, "out"), (one, going, "in"), (one, coming, "out"), (other, coming, "in")]
    return not any((who, foreign, direction) in back for _, who, foreign, direction, _ in paid)
