"""What one event does to a party's payments: each row, and each word that is kept of it, to the last field."""

import msgspec
import pytest

from detectors.books import accounting
from detectors.books.accounting import Effect
from detectors.books.party import MOST_RESTATED, Party, Restated, Reversal
from detectors.books.payments import NO_DOCUMENT, ORDERED, OUT, RESTATED, REVERSED, SETTLED
from detectors.values.legal_calendar import DAY_US
from tests.support.told_payments import EUR, NAMES, UNDOCUMENTED, A, B, X, but, payment, rows, tell, told, words

# One institution


def test_a_first_event_counts_as_it_is():
    """And a late one does not, as no window holds it."""
    row = payment(1, 1000)
    party, (effect,) = told(row)
    assert effect == Effect("new", row, None)
    assert rows(party) == [row]
    late = Party(names=list(NAMES))
    assert tell(late, row, late=True) == Effect("late", None, None)
    assert rows(late) == []


def test_a_settlement_replaces_its_orders_amount_at_the_orders_time():
    """Its own ledger position, amount and time of amount; the order's event and time; both are known to be told."""
    order, settled = payment(1, 1000, "ordered"), payment(2, 900, flags=OUT)
    party, effects = told(order, settled)
    both = but(settled, event=1, time=1, flags=OUT | SETTLED | ORDERED)
    assert rows(party) == [both]
    assert effects[1] == Effect("amended", both, None)
    assert party.settlements == {2: 1}
    assert words(party) == []


@pytest.mark.parametrize(("time", "kind"), [(10, "amended"), (20, "known"), (20 + DAY_US, "known")])
def test_an_order_told_after_its_settlement_gives_its_time_alone(time, kind):
    """The earlier time of both, and nothing else; it may be dated a day after its settlement."""
    settled = payment(1, 900, time=20)
    party, (_, effect) = told(settled, payment(2, 1000, "ordered", time=time, flags=OUT))
    both = but(settled, time=min(time, 20), flags=UNDOCUMENTED | SETTLED | ORDERED)
    assert rows(party) == [both]
    assert effect == Effect(kind, both, None)
    assert party.settlements == {2: 1}


@pytest.mark.parametrize(
    "second",
    [
        payment(2, 1000, "ordered", time=1 + DAY_US + 1),  # more than a day after the settlement
        payment(2, 1000, beneficiary=8),
        payment(2, 1000, currency=EUR),
        payment(2, 1000, flags=NO_DOCUMENT),
        payment(2, 500),
        payment(2, 2000),
        payment(2, 1000, time=1 + 10 * DAY_US + 1),
        payment(2, 1000, time=1 - 10 * DAY_US - 1),
    ],
)
def test_what_does_not_agree_is_a_payment_of_its_own(second):
    """Another payee, currency, direction, a multiple, a date too far away: both count, and the id is named."""
    first = payment(1, 1000)
    party, (_, effect) = told(first, second)
    assert rows(party) == [first, second]
    assert effect == Effect("new", second, "payment.reused")
    assert (party.settlements, words(party)) == ({}, [])


@pytest.mark.parametrize("second", [payment(2, 501, time=1 + 10 * DAY_US), payment(2, 1999)])
def test_a_second_settlement_says_the_payment_anew(second):
    """The newer word counts at the first one's time; the older is kept, with the event that took its place."""
    first = payment(1, 1000, flags=OUT)
    party, (_, effect) = told(first, second)
    stands = but(second, event=1, time=1, flags=second.flags | RESTATED)
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated")
    assert words(party) == [(1, 2, first)]
    assert party.settlements == {2: 1}


def test_of_two_settlements_of_one_time_the_later_in_the_ledger_stands():
    """Equal times: ledger order decides."""
    party, _ = told(payment(1, 1000, time=7), payment(2, 1100, time=7))
    assert [(row.amount, row.offset) for row in rows(party)] == [(1100, 2)]


def test_a_settlement_dated_earlier_than_the_one_that_stands_is_only_remembered():
    """The amount of the latest one stands, at the earliest time of both; the newcomer is kept as a word."""
    first, second = payment(1, 1000, time=7), payment(2, 1100, time=3, flags=OUT)
    party, (_, effect) = told(first, second)
    stands = but(first, time=3, flags=first.flags | RESTATED)
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated")
    assert words(party) == [(1, 0, second)]


def test_a_settlement_between_order_and_settlement_changes_nothing():
    """Neither the time, which is the order's, nor the amount, which is the latest settlement's."""
    order, settled, between = payment(1, 1000, "ordered"), payment(9, 900, time=9), payment(3, 950, time=5)
    party, (*_, effect) = told(order, settled, between)
    stands = but(settled, event=1, time=1, flags=settled.flags | ORDERED | RESTATED)
    assert effect == Effect("known", stands, "payment.restated")
    assert rows(party) == [stands]


def test_two_orders_of_one_id_are_two_payments():
    """Neither settles the other; the second may be said anew as the first was, within ten days."""
    first, second = payment(1, 1000, "ordered"), payment(2, 1000, "ordered")
    party, (_, effect) = told(first, second)
    assert effect.join == "payment.restated"
    assert [row.flags for row in rows(party)] == [UNDOCUMENTED | ORDERED | RESTATED]
    assert words(party) == [(1, 0, second)]


def test_a_second_order_of_an_ordered_and_settled_payment_is_another_payment():
    """Each payment has one order; the second one's settlement is yet to come."""
    party, (*_, effect) = told(payment(1, 1000, "ordered"), payment(2, 1000), payment(3, 1000, "ordered"))
    assert (effect.kind, effect.join, len(rows(party))) == ("new", "payment.reused", 2)


def test_a_settlement_said_anew_keeps_what_was_told_of_its_order():
    """An order was told, also when another settlement takes the place of the first."""
    party, (*_, effect) = told(payment(1, 1000, "ordered"), payment(2, 1000), payment(3, 1100))
    assert effect.payment.flags == UNDOCUMENTED | SETTLED | ORDERED | RESTATED
    assert rows(party) == [effect.payment]


def test_a_banks_own_order_is_found_among_many_payments_of_another_under_its_id():
    """Forty of another bank before it and forty after it, all in the way of the settlement."""
    made_up = [payment(number, 50_000, institution=X, beneficiary=number) for number in range(100, 180)]
    order = payment(1, 1000, "ordered")
    party = Party(names=list(NAMES), payments=b"".join(one.packed() for one in [*made_up[:40], order, *made_up[40:]]))
    effect = tell(party, payment(2, 990))
    assert (effect.kind, effect.payment.event, effect.payment.amount) == ("amended", 1, 990)
    assert len(rows(party)) == 81


def test_a_settlement_joins_the_order_to_its_own_payee_first():
    """Of two orders under one id the older one, because it is to the same payee; of equal ones the newer."""
    orders = payment(1, 1000, "ordered"), payment(2, 1000, "ordered", beneficiary=8)
    party, _ = told(*orders, payment(3, 990))
    assert [(row.event, row.amount) for row in rows(party)] == [(1, 990), (2, 1000)]
    apart = payment(2, 1000, "ordered", time=1 + 11 * DAY_US)
    party, _ = told(orders[0], apart, payment(3, 990, time=apart.time + 1))
    assert [(row.event, row.amount) for row in rows(party)] == [(1, 1000), (2, 990)]


def test_the_third_word_shows_that_an_id_names_several_payments():
    """What it had hidden is put back in its place and at its own time; what was taken back stays with what stood."""
    first, second, third = payment(1, 1000), payment(2, 1100, flags=OUT), payment(3, 1200)
    party, _ = told(first, second)
    back = Reversal(
        original=2,
        payment=0,
        time_us=3,
        whole=False,
        outbound=True,
        mantissa=100,
        exponent=2,
        currency="USD",
        institution="BANKA",
        beneficiary=9,
        taken=1,
        took=1,
        took_exponent=2,
        took_usd=1,
    )
    other = msgspec.structs.replace(back, taken=77)
    party.reversals = [back, other]
    effect = tell(party, third)
    assert effect == Effect("new", third, "payment.reused")
    assert rows(party) == [first, but(second, flags=second.flags | RESTATED), third]
    assert (words(party), party.settlements) == ([], {})
    assert [one.taken for one in party.reversals] == [2, 77]


def test_a_hidden_newcomer_is_put_back_as_it_was_told():
    """It was dated before the payment that stands, which keeps its event."""
    first, second, third = payment(1, 1000, time=7), payment(2, 1100, time=3), payment(3, 1200, time=9)
    party, _ = told(first, second, third)
    assert rows(party) == [second, but(first, time=3, flags=first.flags | RESTATED), third]
    assert (words(party), party.settlements) == ([], {})


def test_of_several_payments_each_gets_its_own_hidden_word_back():
    """Two payments of the id, one hidden word each and another bank's of one; one of a payment that is none of them."""
    one, two = payment(1, 1000), payment(2, 5000)
    party = Party(names=list(NAMES), payments=one.packed() + two.packed())
    hidden = [payment(11, 900), payment(12, 4500)]
    far, foreign = payment(13, 1), payment(14, 900, institution=B)
    party.restated = [
        Restated(1, 0, hidden[0].packed()),
        Restated(7, 0, far.packed()),
        Restated(2, 0, hidden[1].packed()),
        Restated(1, 0, foreign.packed()),
    ]
    party.settlements = {11: 1, 12: 2, 13: 7, 14: 1}
    new = payment(20, 30_000)
    assert tell(party, new).join == "payment.reused"
    assert rows(party) == [foreign, hidden[0], one, hidden[1], two, new]
    assert words(party) == [(7, 0, far)]
    assert party.settlements == {13: 7}


def test_what_comes_the_other_way_puts_no_word_of_another_bank_back():
    """Money that returns as a payment of its own says nothing about who told the first one."""
    first, second = payment(1, 1_000_000), payment(2, 1_000_000, institution=B)
    party, _ = told(first, second, payment(3, 1_000_000, flags=0))
    assert words(party) == [(1, 0, second)]
    assert len(rows(party)) == 2


# Returns


def test_a_return_is_kept_as_it_was_told_and_taken_back():
    """Every field of it; a cancellation is of the whole."""
    party, _ = told(payment(1, 1000))
    back = payment(2, 300, "returned", payment=6)
    assert tell(party, back, "returned", original=1) == Effect("reversed", None, None)
    expected = Reversal(
        original=1,
        payment=6,
        time_us=2,
        whole=False,
        outbound=True,
        mantissa=300,
        exponent=2,
        currency="USD",
        institution="BANKA",
        beneficiary=9,
        taken=1,
        took=300,
        took_exponent=2,
        took_usd=300,
    )
    assert party.reversals == [expected]
    assert tell(party, payment(3, 1, "cancelled"), "cancelled", original=1).kind == "reversed"
    assert [(row.usd, row.flags & REVERSED) for row in rows(party)] == [(0, REVERSED)]
    assert party.reversals[1].whole


def test_money_that_came_in_and_went_back_counts_no_more():
    """A return is of the direction of its payment; the other way round it is none of this payment."""
    party, _ = told(payment(1, 1000, flags=NO_DOCUMENT))
    assert tell(party, payment(2, 400, "returned"), "returned", original=1).join == "reversal.mismatched"
    assert tell(party, payment(3, 400, "returned", flags=NO_DOCUMENT), "returned", original=1).kind == "reversed"
    assert [row.usd for row in rows(party)] == [600]
    assert [one.outbound for one in party.reversals] == [True, False]


def test_a_return_that_finds_nothing_waits_and_one_that_disagrees_is_named():
    """Also a late one: it takes back what it names."""
    party, _ = told(payment(1, 1000))
    assert tell(party, payment(2, 300, "returned", payment=6), "returned", original=8) == Effect("pending", None, None)
    wrong = tell(party, payment(3, 2000, "returned"), "returned", original=1)
    assert wrong == Effect("pending", None, "reversal.mismatched")
    assert tell(party, payment(4, 300, "returned"), "returned", original=1, late=True).kind == "reversed"


@pytest.mark.parametrize(("time", "joins"), [(20, True), (21, False)])
def test_after_all_of_a_payment_came_back_nothing_later_joins_it(time, joins):
    """What is dated up to the last return does, and so does the amount that was there before it."""
    party, _ = told(payment(1, 1000))
    for event, at, cents in ((2, 10, 400), (3, 20, 600)):
        tell(party, payment(event, cents, "returned", time=at), "returned", original=1)
    assert rows(party)[0].flags & REVERSED
    effect = tell(party, payment(9, 1000, time=time))
    assert effect.join == ("payment.restated" if joins else "payment.reused")
    assert len(rows(party)) == (1 if joins else 2)
    if joins:
        assert (effect.payment.usd, words(party)) == (0, [(1, 9, payment(1, 1000))])


def test_a_payment_whose_returns_are_forgotten_is_joined_by_nothing():
    """Nobody can say any more when the last of it came back."""
    party, _ = told(payment(1, 1000))
    tell(party, payment(2, 1000, "returned", time=10), "returned", original=1)
    party.reversals = []
    assert tell(party, payment(3, 1000, time=5)).join == "payment.reused"


# Memory


def test_of_too_many_words_each_institution_keeps_its_share():
    """64 are kept as they are; of 65 the oldest of the one that said most goes."""
    one, other = (Restated(number, 0, payment(1, 1, institution=number).packed()) for number in (A, B))
    most = [one, *[other] * (MOST_RESTATED - 1)]
    assert accounting.kept(most) == most
    oldest = Restated(99, 0, other.row)
    assert accounting.kept([one, oldest, *[other] * (MOST_RESTATED - 1)]) == most
