"""What a corrected rate touches, payment by payment: reach, order, steps, and what comes of returns.

Tests of whole ledgers stand in test_restatement_rates.py. Here a won of 1 400 000 is 200 USD at the wrong rate of 7 000
and 1 000 USD at the right one of 1 400.
"""

import pytest

from detectors.books import payments, restatement, reversals
from detectors.books.party import Party, Restated, Reversal
from detectors.books.payments import NO_DOCUMENT, OUT, RATE_MISSING, SETTLED, Payment
from detectors.books.restatement import MOST_CORRECTIONS, Correction, RestatedChange, Restatement, restate
from detectors.rates.reference_rates import EFFORT_OF_A_LOOK, Rates

STALE = 100
WRONG, RIGHT = 20_000, 100_000
FLAGS = OUT | NO_DOCUMENT | SETTLED
NAMES = ["", "BANKA", "KRW", "JPY", "USD"]
# the rate of time 1 000 came at ledger position 5, and was corrected at position 500
CORRECTED = Correction("USD/KRW", 1_000, 500)


def won(offset, amount_us=1_000, *, usd=WRONG, **fields):
    """A payment of 1 400 000 won at a ledger position."""
    given = {
        "time": amount_us,
        "amount_us": amount_us,
        "event": 10_000 + offset,
        "payment": 0,
        "beneficiary": 7,
        "usd": usd,
        "amount": 1_400_000,
        "offset": offset,
        "purpose": 0,
        "institution": 1,
        "currency": 2,
        "exponent": 0,
        "flags": FLAGS,
    }
    return Payment(**(given | fields))


def party_of(*rows):
    """A party of these payments."""
    party = Party(names=list(NAMES))
    for row in rows:
        payments.append(party, row)
    return party


def right_rates():
    """The rates as they are after the correction."""
    rates = Rates()
    rates.add("USD", "KRW", "7000", 1_000, 5, None)
    rates.add("USD", "KRW", "1400", 1_000, 500, None)
    return rates


def worth(party):
    """USD cents of each payment, in the order of the rows."""
    return payments.rows(party)["usd"].tolist()


# -- corrections, alone and joined -----------------------------------------------------------------------------------


def test_two_corrections_of_a_pair_become_one_from_the_first_to_the_last():
    """Whatever order they came in: from the earliest time to the latest, up to the last ledger position."""
    early, late = Correction("USD/KRW", 10, 700), Correction("USD/KRW", 40, 600, 90)
    assert early.joined(late) == late.joined(early) == Correction("USD/KRW", 10, 700, 90)
    assert Correction("USD/KRW", 40, 600).joined(Correction("USD/KRW", 10, 700)) == Correction("USD/KRW", 10, 700, 40)


def test_corrections_of_two_pairs_become_one_of_every_pair():
    """An empty pair stands for all."""
    assert Correction("USD/KRW", 10, 5).joined(Correction("EUR/USD", 20, 6)) == Correction("", 10, 6, 20)


@pytest.mark.parametrize(
    ("correction", "at_us", "expected"),
    [
        (Correction("USD/KRW", 1_000, 500), 1_000, RIGHT),
        (Correction("USD/KRW", 999, 500), 1_000, WRONG),
        (Correction("EUR/KRW", 1_000, 500), 1_000, WRONG),
        (Correction("USD/KRW", 1_000, 500, 1_001), 1_000, RIGHT),
        (Correction("USD/KRW", 900, 500, 1_000), 1_000, RIGHT),
        (Correction("USD/KRW", 900, 500, 999), 1_000, WRONG),
        (Correction("USD/KRW", 1_001, 500, 1_002), 1_002, WRONG),
        (Correction("", 900, 500, 1_100), 1_000, RIGHT),
        (Correction("EUR/KRW", 900, 500, 1_100), 1_000, WRONG),
    ],
)
def test_a_payment_is_restated_when_the_rate_it_used_is_one_of_the_corrected(correction, at_us, expected):
    """A single one by pair and time; joined ones by pair, or all pairs, from the first time to the last."""
    party = party_of(won(50, at_us))
    restate(party, right_rates(), [correction], STALE)
    assert worth(party) == [expected]


def test_a_payment_after_a_joined_correction_keeps_its_worth():
    """It was made at ledger position 500 and later, when the rate was right; another correction is later still."""
    party = party_of(won(499), won(500), won(501))
    other = Correction("EUR/KRW", 1_000, 900, 1_100)
    restate(party, right_rates(), [Correction("", 900, 500, 1_100), other], STALE)
    assert worth(party) == [RIGHT, WRONG, WRONG]
    party = party_of(won(499), won(500), won(501))
    restate(party, right_rates(), [CORRECTED, other], STALE)
    assert worth(party) == [RIGHT, WRONG, WRONG]


def test_the_first_event_of_a_ledger_used_no_corrected_rate_by_default():
    """Position 0 is a position like any other: a point that nobody corrected touches nothing there."""
    rates = Rates()
    rates.add("USD", "KRW", "1400", 1_000, -1, None)
    party = party_of(won(0))
    restate(party, rates, [Correction("EUR/KRW", 1_000, 500)], STALE)
    assert worth(party) == [WRONG]


def test_a_payment_by_two_rates_is_restated_when_either_was_corrected():
    """Yen by way of the won: 9.25 won a yen, so 123 456 yen are 1 141 968 won, 815.69 USD at 1 400."""
    for corrected in (CORRECTED, Correction("JPY/KRW", 1_000, 500)):
        rates = right_rates()
        rates.add("JPY", "KRW", "9.25", 1_000, 6, None)
        party = party_of(won(50, amount=123_456, currency=3))
        restate(party, rates, [corrected], STALE)
        assert worth(party) == [81_569]


# -- reach, order and steps ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "reached"),
    [
        (won(50, 999), False),
        (won(50, 1_000), True),
        (won(50, 2_100), True),
        (won(50, 2_101), False),
        (won(20, 1_000), False),
        (won(21, 1_000), True),
        (won(599, 1_000), True),
        (won(600, 1_000), False),
        (won(50, 1_000, flags=FLAGS | RATE_MISSING), False),
    ],
)
def test_the_reach_of_corrections_is_from_the_first_rate_until_the_last_is_stale(row, reached):
    """Rates of the times 1 000 and 2 000 are corrected, the later at ledger position 600; 20 was looked at before."""
    corrections = [Correction("USD/KRW", 2_000, 400), Correction("EUR/USD", 1_000, 600)]
    assert restate(party_of(row), Rates(), corrections, STALE, after=20) == RestatedChange(
        0, reached=reached, next=None
    )


def test_a_party_without_payments_has_nothing_to_restate():
    """No payment, no change, nothing to go on with."""
    assert restate(Party(), right_rates(), [CORRECTED], STALE) == RestatedChange(0, reached=False, next=None)


def test_a_party_is_looked_at_from_the_start_unless_told_otherwise():
    """The first position there can be is looked at too."""
    rates = Rates()
    rates.add("USD", "KRW", "1400", 1_000, -1, None)
    party = party_of(won(0))
    assert restate(party, rates, [CORRECTED], STALE) == RestatedChange(1, reached=True, next=None)
    assert worth(party) == [RIGHT]


def test_a_step_takes_the_payments_in_ledger_order_and_says_where_to_go_on(monkeypatch):
    """Rows need not stand in ledger order: of 30, 10, 20 two a step are 10 and 20, then 30."""
    monkeypatch.setattr(restatement, "MOST_ROWS", 2)
    party, rates = party_of(won(30), won(10), won(20)), right_rates()
    assert restate(party, rates, [CORRECTED], STALE) == RestatedChange(2, reached=True, next=20)
    assert worth(party) == [WRONG, RIGHT, RIGHT]
    assert restate(party, rates, [CORRECTED], STALE, 20) == RestatedChange(1, reached=True, next=None)
    assert worth(party) == [RIGHT, RIGHT, RIGHT]


def test_a_step_ends_when_looks_for_rates_have_cost_enough(monkeypatch):
    """Two looks may be paid for, and the third is the one that goes beyond; what was spent before does not count."""
    monkeypatch.setattr(restatement, "MOST_EFFORT", 2 * EFFORT_OF_A_LOOK)
    rates = right_rates()
    rates.used("KRW", "USD", 1_000, STALE, 50)
    assert rates.effort == EFFORT_OF_A_LOOK
    party = party_of(*(won(offset) for offset in (10, 20, 30, 40)))
    assert restate(party, rates, [CORRECTED], STALE) == RestatedChange(3, reached=True, next=30)
    assert restate(party, rates, [CORRECTED], STALE, 30) == RestatedChange(1, reached=True, next=None)


def test_only_what_a_payment_is_worth_changes():
    """Of a payment that is restated nothing else moves, and payments of other rates keep every byte."""
    rows = [won(10, 999), won(20), won(30, usd=RIGHT), won(40, currency=4)]
    party = party_of(*rows)
    assert restate(party, right_rates(), [CORRECTED], STALE) == RestatedChange(1, reached=True, next=None)
    assert [payments.at(party, place) for place in range(4)] == [rows[0], won(20, usd=RIGHT), rows[2], rows[3]]


def test_an_amount_with_decimals_is_converted_to_the_cent():
    """1 400.14 won are 1.0001 USD: 1.00."""
    party = party_of(won(10, amount=140_014, exponent=2, usd=20), won(20, amount=141_499, exponent=2, usd=20))
    restate(party, right_rates(), [CORRECTED], STALE)
    assert worth(party) == [100, 101]


# -- returns ---------------------------------------------------------------------------------------------------------


def returned(party, place, mantissa):
    """A part of a payment comes back, in won."""
    row = payments.at(party, place)
    back = Reversal(
        original=row.event,
        payment=0,
        time_us=row.time,
        whole=False,
        outbound=True,
        mantissa=mantissa,
        exponent=0,
        currency="KRW",
        institution="BANKA",
        beneficiary=7,
    )
    assert reversals.reverse(party, back) == (True, None)


def test_of_returned_payments_what_is_left_is_converted_anew():
    """A quarter came back of the first, half of the third: 750 and 500 USD are left at the right rate, and are told."""
    party = party_of(won(10), won(20), won(30), won(40))
    returned(party, 0, 350_000)
    returned(party, 2, 700_000)
    assert worth(party) == [15_000, WRONG, 10_000, WRONG]
    assert restate(party, right_rates(), [CORRECTED], STALE) == RestatedChange(4, reached=True, next=None)
    assert worth(party) == [75_000, RIGHT, 50_000, RIGHT]
    assert [one.took_usd for one in party.reversals] == [25_000, 50_000]
    assert payments.rows(party)["amount"].tolist() == [1_050_000, 1_400_000, 700_000, 1_400_000]


def test_a_return_that_has_found_no_payment_hides_none():
    """It waits (its `taken` is 0), and a payment whose first event is unknown (0 too) is converted like any other."""
    party = party_of(won(10, event=0))
    party.reversals = [
        Reversal(
            original=9,
            payment=0,
            time_us=0,
            whole=True,
            outbound=True,
            mantissa=0,
            exponent=0,
            currency="KRW",
            institution="BANKA",
            beneficiary=7,
        )
    ]
    assert restate(party, right_rates(), [CORRECTED], STALE).changed == 1
    assert worth(party) == [RIGHT]


def test_a_returned_payment_of_another_rate_or_of_the_right_worth_is_no_change():
    """One was made after the correction, one was right before it."""
    party = party_of(won(501, usd=30_000), won(20, usd=RIGHT))
    returned(party, 0, 350_000)
    returned(party, 1, 350_000)
    before = party.payments
    assert restate(party, right_rates(), [CORRECTED, Correction("EUR/USD", 1_000, 900)], STALE).changed == 0
    assert party.payments == before


# -- what a payment said before it was said anew -----------------------------------------------------------------------


def hidden(first, standing, row):
    """What stands in a party's list of such."""
    return Restated(first, standing, row.packed())


@pytest.mark.parametrize("own", [won(600), won(50)])
def test_what_a_payment_said_before_is_converted_anew_too(own):
    """Whether or not payments that count are within reach: it may be put back one day."""
    party = party_of(own)
    before = [
        hidden(1, 2, won(10, flags=FLAGS | RATE_MISSING, usd=0)),
        hidden(3, 0, won(11, usd=RIGHT)),
        hidden(4, 5, won(12)),
        hidden(6, 7, won(501)),
        hidden(8, 9, won(13, currency=4)),
    ]
    party.restated = list(before)
    restate(party, right_rates(), [CORRECTED], STALE)
    assert party.restated == [before[0], before[1], hidden(4, 5, won(12, usd=RIGHT)), before[3], before[4]]


def test_what_a_payment_said_before_is_stale_like_any_other():
    """Its rate is used up to the staleness and no longer."""
    party = party_of(won(600))
    party.restated = [hidden(1, 2, won(10, 1_100)), hidden(3, 4, won(11, 1_101))]
    restate(party, right_rates(), [CORRECTED], STALE)
    assert party.restated == [hidden(1, 2, won(10, 1_100, usd=RIGHT)), hidden(3, 4, won(11, 1_101))]


# -- who waits -------------------------------------------------------------------------------------------------------


def test_all_parties_wait_from_the_first_position_until_each_is_done():
    """A party in steps waits at its position; the last one ends the corrections."""
    found = Restatement()
    assert (found.corrections, found.waiting, found.again, found.oldest_us()) == ([], {}, False, None)
    found.begin(Correction("USD/KRW", 30, 7), ["a", "b"])
    assert (found.waiting, found.again) == ({"a": -1, "b": -1}, False)
    found.note_done("a", [], RestatedChange(3, reached=True, next=0))
    assert (found.looked_at("a"), found.looked_at("b"), found.looked_at("c")) == (0, -1, -1)
    found.note_done("a", [], RestatedChange(3, reached=True, next=41))
    assert (found.waiting, found.looked_at("a")) == ({"a": 41, "b": -1}, 41)
    found.note_done("a", [])
    found.note_done("c", [])
    assert found.waiting == {"b": -1}
    assert found.corrections == [Correction("USD/KRW", 30, 7)]
    found.note_done("b", ["a", "b"])
    assert (found.waiting, found.corrections, found.again) == ({}, [], False)


def test_a_correction_without_parties_is_over_at_once():
    """Nothing was paid, so nothing is kept."""
    found = Restatement()
    found.begin(Correction("USD/KRW", 30, 7), [])
    assert (found.corrections, found.oldest_us()) == ([], None)


def test_a_correction_under_way_makes_all_parties_wait_once_more():
    """Also one that was done, and each is looked at from its first payment; then all is over."""
    found = Restatement()
    found.begin(Correction("USD/KRW", 30, 7), ["a", "b"])
    found.note_done("a", ["a", "b"])
    found.note_done("b", ["a", "b"], RestatedChange(1, reached=True, next=5))
    found.begin(Correction("USD/KRW", 20, 8), ["a", "b"])
    assert (found.waiting, found.again, found.looked_at("b")) == ({"b": 5}, True, -1)
    assert found.corrections == [Correction("USD/KRW", 30, 7), Correction("USD/KRW", 20, 8)]
    assert found.oldest_us() == 20
    found.note_done("b", ["a", "b", "c"])
    assert (found.waiting, found.again) == ({"a": -1, "b": -1, "c": -1}, False)
    assert len(found.corrections) == 2
    for token in "abc":
        found.note_done(token, ["a", "b", "c"])
    assert (found.waiting, found.corrections) == ({}, [])


def test_more_corrections_than_are_kept_join_the_two_oldest():
    """64 stand as they are; of 65 the first two are one, from the earlier's time to the later's."""
    found = Restatement()
    given = [Correction("USD/KRW", 10 * number, number) for number in range(1, MOST_CORRECTIONS + 2)]
    for one in given[:-1]:
        found.begin(one, ["a"])
    assert found.corrections == given[:-1]
    found.begin(given[-1], ["a"])
    assert found.corrections == [Correction("USD/KRW", 10, 2, 20), *given[2:]]


def test_a_renamed_party_waits_from_its_first_payment_and_no_other_begins_to_wait():
    """Two records may become one party, so that its position says nothing any more."""
    found = Restatement()
    found.begin(Correction("USD/KRW", 30, 7), ["a", "b"])
    found.note_done("a", [], RestatedChange(1, reached=True, next=41))
    found.rename("a", "new")
    found.rename("x", "y")
    assert found.waiting == {"b": -1, "new": -1}


def test_a_save_keeps_corrections_order_and_places():
    """The order of those who wait is the order of the work, so it is part of the state."""
    found = Restatement()
    found.begin(Correction("USD/KRW", 30, 7), ["b", "a"])
    found.note_done("b", [], RestatedChange(1, reached=True, next=41))
    found.begin(Correction("EUR/USD", 40, 8, 50), ["b", "a"])
    restored = Restatement.from_state(found.to_state())
    assert restored.corrections == [Correction("USD/KRW", 30, 7), Correction("EUR/USD", 40, 8, 50)]
    assert list(restored.waiting.items()) == [("b", 41), ("a", -1)]
    assert restored.again is True
    assert restored.to_state() == found.to_state()
