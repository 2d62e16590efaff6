"""Returns that are taken anew when amounts change, that waited for their payment, and that are kept.

Here a payment of 1 000.00 EUR is 1 100.00 USD.
"""

import msgspec
import pytest

from detectors.books import payments, reversals
from detectors.books.party import MOST_REVERSALS, Party
from tests.unit.detectors.books.test_reversals import NOTHING, NUMBER, WHOLE, back, left, paid, party_of


def test_a_fresh_amount_loses_what_its_returns_took():
    """A settlement of 1 200 EUR replaced an order of 1 000, of which 250 and 100 came back; others' returns do not."""
    party = party_of(paid(1), paid(2, payment=6))
    reversals.reverse(party, back(250))
    reversals.reverse(party, back(100))
    reversals.reverse(party, back(payment=6))
    payments.write(party, 0, paid(1, amount=1_200, usd=132_000))
    assert reversals.less_reversals(party, 0) == paid(1, amount=850, usd=93_500)
    assert left(party) == [(850, 0, 93_500, False), NOTHING]
    assert [one.took_usd for one in party.reversals] == [27_500, 11_000, 110_000]


@pytest.mark.parametrize(
    ("waiting", "taken"),
    [
        (back(), 1),
        (back(payment=0, original=1), 1),
        (back(payment=0, original=3), 1),
        (back(payment=6), 0),
        (back(payment=0), 0),
        (back(payment=0, original=44), 0),
        (back(currency="KRW"), 0),
        (back(taken=99), 99),
    ],
)
def test_a_return_that_waited_is_taken_when_its_payment_comes(waiting, taken):
    """By the payment's number or its event's, if it agrees; not one that took back another payment."""
    party = party_of(paid(1), settlements={3: 1}, reversals=[waiting])
    row = reversals.less_reversals(party, 0)
    assert party.reversals[0].taken == taken
    assert (row.amount == 0) is (taken == 1)


def test_a_return_that_waited_is_not_taken_where_two_payments_may_be_meant():
    """Nor is it of the newer one only because that comes last."""
    party = party_of(paid(1), paid(2), reversals=[back()])
    assert reversals.less_reversals(party, 1) == paid(2)
    assert party.reversals == [back()]


def test_a_payment_without_a_number_has_no_waiting_return():
    """0 stands for no number, of the payment as of the return."""
    party = party_of(paid(1, payment=0), reversals=[back(payment=0)])
    assert reversals.less_reversals(party, 0) == paid(1, payment=0)


def test_returns_move_with_the_payment_they_are_of():
    """Only those of the one; who else took back is told by the institution's name."""
    party = party_of(paid(1), reversals=[back(taken=1), back(taken=2, institution="BANKB"), back()])
    assert [
        reversals.taken_by_another(party, first, NUMBER[bank])
        for first, bank in ((1, "BANKA"), (1, "BANKB"), (2, "BANKA"), (2, "BANKB"), (3, "BANKA"))
    ] == [
        False,
        True,
        True,
        False,
        False,
    ]
    reversals.move(party, 1, 8)
    assert party.reversals == [back(taken=8), back(taken=2, institution="BANKB"), back()]
    party.reversals = [back(taken=1), back(taken=1, institution="BANKB"), back(institution="BANKB")]
    reversals.move(party, 1, 8, "BANKB")
    assert party.reversals == [back(taken=1), back(taken=8, institution="BANKB"), back(institution="BANKB")]


def test_what_is_given_back_is_as_it_was_said_and_can_be_taken_again():
    """Two returns of one payment, none of another; what waits still waits."""
    party = party_of(paid(1), paid(2, payment=6))
    for each in (back(250), back(100), back(payment=6), back(payment=7)):
        reversals.reverse(party, each)
    taken = list(party.reversals)
    reversals.give_back(party, 0)
    assert left(party) == [WHOLE, NOTHING]
    assert [(one.taken, one.took, one.took_usd) for one in party.reversals] == [
        (1, 0, 0), (1, 0, 0), (2, 1_000, 110_000), (0, 0, 0),
    ]  # fmt: skip
    reversals.less_reversals(party, 0)
    assert party.reversals == taken


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((10, 0), (10, 0), True),
        ((19, 0), (10, 0), True),
        ((20, 0), (10, 0), False),
        ((199, 1), (10, 0), True),
        ((200, 1), (10, 0), False),
        ((10, 0), (1_999, 2), True),
        ((10, 0), (2_000, 2), False),
        ((5, 0), (10, 0), False),
        ((51, 1), (10, 0), True),
        ((50, 0), (1_999, 2), False),
    ],
)
def test_amounts_of_one_payment_are_no_multiples_of_each_other(one, other, expected):
    """Below twice as much either way, exactly, whatever decimals they are written with."""
    assert reversals.plausible(one, other) is reversals.plausible(other, one) is expected


def test_institutions_that_a_party_paid_through_have_a_share_of_its_returns():
    """All others have one together, however many names they have; of that the oldest go."""
    party = party_of(paid(1), paid(2, "BANKB"))
    own = [back(institution="BANKA", original=number) for number in range(10)]
    strangers = [back(institution=f"X{number}") for number in range(60)]
    kept = reversals.kept(party, [*own, *strangers])
    assert kept == [*own, *strangers[-(MOST_REVERSALS - 10) :]]
    flood = [back(institution="BANKA", original=number) for number in range(70)]
    kept = reversals.kept(party, [back(institution="BANKB"), *flood])
    assert kept == [back(institution="BANKB"), *flood[-(MOST_REVERSALS - 1) :]]
    assert len(reversals.kept(party, flood[:MOST_REVERSALS])) == MOST_REVERSALS


def test_a_new_return_is_taken_when_the_list_is_full():
    """Its place is the last, wherever another went."""
    party = party_of(paid(1), reversals=[back(payment=6, original=number) for number in range(MOST_REVERSALS)])
    assert reversals.reverse(party, back(250)) == (True, None)
    assert (len(party.reversals), party.reversals[-1].taken) == (MOST_REVERSALS, 1)
    assert party.reversals[0] == back(payment=6, original=1)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(party), type=Party) == party
