"""What a party is remembered by: sixteen counterparties, and a payment that is taken out again."""

from detectors.features.past import HABITS, LEAST_WEIGHT, PartyPast


def test_sixteen_counterparties_are_remembered_and_the_lightest_goes():
    """Among equals the one remembered longest, and never the newest however light."""
    past = PartyPast([])
    for number in range(16):
        past.remember(number, 1.0, 1.0)
    assert len(past.known) == 16
    past.remember(3, 0.5, 1.0)
    assert (past.known[3], past.known[0]) == (1.5, 0.5)
    past.remember(99, 1.0, 0.125)
    assert past.known[99] == 0.125
    assert (len(past.known), 0 in past.known, 1 in past.known) == (16, False, True)
    past.remember(99, 1.0, 0.125)
    assert (past.known[99], len(past.known)) == (0.25, 16)


def test_the_lightest_goes_wherever_it_stands():
    """Not the oldest, nor the least number."""
    past = PartyPast([])
    for number in range(16):
        past.remember(number, 1.0, 0.5 if number == 5 else 1.0)
    past.remember(99, 1.0, 1.0)
    assert 5 not in past.known
    assert len(past.known) == 16


def test_an_empty_past_has_seen_nothing():
    """Times, payments and counterparties; its numbers are those that it is given."""
    past = PartyPast([[1.0]])
    assert (past.seen, past.first_s, past.last_s, past.own, past.known) == (0, 0.0, 0.0, [[1.0]], {})


def test_a_payment_is_taken_out_of_the_remembered_ones():
    """Its weight as it has faded; what is left of an earlier payment stays, what is nothing but rounding goes."""
    past = PartyPast([])
    past.seen, past.known = 5, {1: 1.5, 2: 0.5, 3: 0.5 + 2**-9, 4: 0.5 + 2**-11, 5: LEAST_WEIGHT}
    for counterparty in (1, 2, 3, 4):
        past.forget(counterparty, 0.5)
    assert (past.seen, past.known) == (1, {1: 1.0, 3: 2**-9, 5: LEAST_WEIGHT})
    past.forget(5, 0.0)
    past.forget(9, 0.5)
    assert (past.seen, past.known) == (0, {1: 1.0, 3: 2**-9, 5: LEAST_WEIGHT})


def test_habits_of_one_payment_are_remembered_together():
    """All fade once; of too many the lightest go, and none that this payment shows."""
    past = PartyPast([])
    past.remember_habits(range(HABITS), 1.0, 1.0)
    past.remember_habits((0, 100, 101), 0.5, 0.25)
    assert len(past.habits) == HABITS
    assert (past.habits[0], past.habits[100], past.habits[101]) == (0.75, 0.25, 0.25)
    assert 1 not in past.habits
    assert 2 not in past.habits
    past.forget_habits((0, 100, 7777), 0.25)
    assert past.habits[0] == 0.5
    assert 100 not in past.habits
