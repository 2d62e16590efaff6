"""What a return takes: how much, and of which payment.

Whole ledgers of them stand in test_accounting_joins.py. Here a payment of 1 000.00 EUR is 1 100.00 USD.
"""

import pytest

from detectors.books import payments, reversals
from detectors.books.party import Party, Restated, Reversal
from detectors.books.payments import NO_DOCUMENT, OUT, REVERSED, SECONDED, SETTLED, Payment
from detectors.values.legal_calendar import DAY_US

FLAGS = OUT | NO_DOCUMENT | SETTLED


NOON = 20_000 * DAY_US


NAMES = ["", "BANKA", "BANKB", "EUR", "KRW"]


NUMBER = {name: number for number, name in enumerate(NAMES)}


def paid(event, bank="BANKA", *, currency="EUR", **fields):
    """A payment by a bank; `event` is the number of its first event."""
    given = {
        "time": NOON,
        "amount_us": NOON,
        "event": event,
        "payment": 5,
        "beneficiary": 7,
        "usd": 110_000,
        "amount": 1_000,
        "offset": event,
        "purpose": 0,
        "institution": NUMBER[bank],
        "currency": NUMBER[currency],
        "exponent": 0,
        "flags": FLAGS,
    }
    return Payment(**(given | fields))


def back(amount=0, **fields):
    """What comes back, by the payment's number unless it names an event; a whole one without an amount."""
    given = {
        "original": 0,
        "payment": 5,
        "time_us": NOON,
        "whole": amount == 0,
        "outbound": True,
        "mantissa": amount,
        "exponent": 0,
        "currency": "EUR",
        "institution": "BANKA",
        "beneficiary": 7,
    }
    return Reversal(**(given | fields))


def party_of(*rows, **fields):
    """A party of these payments."""
    party = Party(names=list(NAMES), **fields)
    for row in rows:
        payments.append(party, row)
    return party


def left(party):
    """(amount, exponent, cents, whether reversed) of each payment."""
    found = [payments.at(party, place) for place in range(len(payments.rows(party)))]
    return [(row.amount, row.exponent, row.usd, bool(row.flags & REVERSED)) for row in found]


WHOLE = (1_000, 0, 110_000, False)


NOTHING = (0, 0, 0, True)


def test_a_whole_one_takes_everything_and_says_so():
    """The payment is worth nothing and marked; nothing else of it changes."""
    party = party_of(paid(1), paid(2, payment=6))
    assert reversals.reverse(party, back()) == (True, None)
    assert payments.at(party, 0) == paid(1, amount=0, usd=0, flags=FLAGS | REVERSED)
    assert payments.at(party, 1) == paid(2, payment=6)
    assert party.reversals == [back(taken=1, took=1_000, took_exponent=0, took_usd=110_000)]


@pytest.mark.parametrize(
    ("amount", "exponent", "rest"),
    [
        (250, 0, (750, 0, 82_500, False)),
        (2_505, 1, (7_495, 1, 82_445, False)),
        (999_995, 3, (5, 3, 1, False)),
        (1_000, 0, NOTHING),
        (100_000, 2, (0, 0, 0, True)),
        (1_999, 0, NOTHING),
    ],
)
def test_a_part_takes_its_proportion(amount, exponent, rest):
    """A quarter is a quarter of the dollars too, 0.005 EUR are 0.55 cents and so one; more than all takes all."""
    party = party_of(paid(1))
    assert reversals.reverse(party, back(amount, exponent=exponent)) == (True, None)
    (found,) = left(party)
    assert (found[0] * 10 ** (3 - found[1]), *found[2:]) == (rest[0] * 10 ** (3 - rest[1]), *rest[2:])
    (kept,) = party.reversals
    assert kept.took_usd == 110_000 - rest[2]
    assert kept.took * 10 ** (3 - kept.took_exponent) == 1_000_000 - rest[0] * 10 ** (3 - rest[1])


def test_a_payment_with_decimals_loses_a_whole_amount():
    """1 000.50 less 300 are 700.50; half a cent of dollars goes to the even one."""
    party = party_of(paid(1, amount=100_050, exponent=2, usd=3))
    assert reversals.reverse(party, back(50_025, exponent=2)) == (True, None)
    assert left(party) == [(50_025, 2, 2, False)]
    party = party_of(paid(1, amount=100_050, exponent=2))
    assert reversals.reverse(party, back(300)) == (True, None)
    assert left(party)[0][:2] == (70_050, 2)


def test_what_comes_back_of_nothing_is_nothing():
    """A payment of which all came back before may be named again."""
    party = party_of(paid(1))
    reversals.reverse(party, back())
    assert reversals.reverse(party, back()) == (True, None)
    assert left(party) == [NOTHING]
    assert [(one.took, one.took_usd) for one in party.reversals] == [(1_000, 110_000), (0, 0)]


def test_several_parts_of_one_payment_add_up():
    """300, then 500: 200 are left, at the same rate; what was said first is known from both."""
    party = party_of(paid(9, payment=6), paid(1))
    reversals.reverse(party, back(300))
    reversals.reverse(party, back(5_005, exponent=1))
    assert left(party)[1] == (1_995, 1, 21_945, False)
    assert reversals.fresh(party, payments.at(party, 1)) == paid(1, amount=10_000, exponent=1)
    assert reversals.fresh(party, payments.at(party, 0)) == paid(9, payment=6)
    party = party_of(paid(1))
    reversals.reverse(party, back())
    assert reversals.fresh(party, payments.at(party, 0)) == paid(1)


def test_what_was_said_first_is_exact_whatever_the_decimals():
    """700 and what took 300.50 are 1 000.50; large amounts are no floats; more digits than 64 bits lose decimals."""
    party = party_of(reversals=[back(taken=1, took=30_050, took_exponent=2, took_usd=4), back(taken=2, took=9)])
    assert reversals.fresh(party, paid(1, amount=700, usd=3)) == paid(1, amount=100_050, exponent=2, usd=7)
    party = party_of(reversals=[back(taken=1, took=1, took_usd=1)])
    assert reversals.fresh(party, paid(1, amount=2**60, usd=2**60)) == paid(1, amount=2**60 + 1, usd=2**60 + 1)
    party = party_of(reversals=[back(taken=1, took=4 * 10**18, took_exponent=3)])
    assert reversals.fresh(party, paid(1, amount=10**18, exponent=3)) == paid(1, amount=5 * 10**17, exponent=2)


@pytest.mark.parametrize(
    "other",
    [
        back(outbound=False),
        back(currency="KRW"),
        back(2_000),
        back(20_000, exponent=1),
        back(beneficiary=8),
        back(time_us=NOON - DAY_US - 1),
        back(institution="BANKB", amount=500),
        back(institution="BANKC", amount=500),
    ],
)
def test_what_does_not_agree_takes_nothing_and_waits(other):
    """Another direction, currency or payee, twice as much, more than a day before it, another bank's part."""
    party = party_of(paid(1))
    assert reversals.reverse(party, other) == (False, "reversal.mismatched")
    assert (left(party), party.reversals) == ([WHOLE], [other])


@pytest.mark.parametrize(
    "agreeing", [back(1_999), back(19_999, exponent=1), back(time_us=NOON - DAY_US), back(500), back(mantissa=5_000)]
)
def test_what_is_just_within_bounds_agrees(agreeing):
    """A euro less than twice as much, midnight of the day before; a whole one may say any amount."""
    assert reversals.reverse(party_of(paid(1)), agreeing) == (True, None)


def test_an_inbound_payment_is_returned_by_an_inbound_one():
    """Both directions are told apart by the same flag."""
    party = party_of(paid(1, flags=NO_DOCUMENT | SETTLED))
    assert reversals.reverse(party, back()) == (False, "reversal.mismatched")
    assert reversals.reverse(party, back(outbound=False)) == (True, None)


def test_an_id_that_no_payment_has_is_no_mismatch():
    """It may come before its payment; without any name there is none to look for."""
    party = party_of(paid(1))
    assert reversals.reverse(party, back(payment=6)) == (False, None)
    assert reversals.reverse(party, back(payment=0)) == (False, None)
    assert reversals.reverse(party, back(payment=0, original=44)) == (False, None)
    assert left(party) == [WHOLE]


def test_an_event_is_named_more_surely_than_a_payment():
    """Its first event too, where it was settled; then payee and time say nothing. By two names the event's counts."""
    for named in (1, 3):
        party = party_of(paid(1), paid(2), settlements={3: 1})
        assert reversals.reverse(party, back(100, original=named, beneficiary=8, time_us=0)) == (True, None)
        assert left(party) == [(900, 0, 99_000, False), WHOLE]
    party = party_of(paid(1), paid(2, payment=6))
    assert reversals.reverse(party, back(original=1, payment=6, currency="KRW")) == (False, "reversal.mismatched")
    assert reversals.reverse(party, back(original=44, payment=6)) == (True, None)
    assert left(party) == [WHOLE, NOTHING]


def test_an_id_that_several_payments_have_means_none_unless_one_alone_agrees():
    """Two of the same bank are not told apart; of one of each bank a bank means its own."""
    party = party_of(paid(1), paid(2))
    assert reversals.reverse(party, back(500)) == (False, "reversal.mismatched")
    party = party_of(paid(1), paid(2, beneficiary=8))
    assert reversals.reverse(party, back(500)) == (True, None)
    assert left(party) == [(500, 0, 55_000, False), WHOLE]
    party = party_of(paid(1, "BANKB"), paid(2), paid(3, "BANKB"))
    assert reversals.reverse(party, back(1_000)) == (True, None)
    assert left(party) == [WHOLE, NOTHING, WHOLE]
    party = party_of(paid(1, "BANKB"), paid(2))
    assert reversals.reverse(party, back(1_000, institution="BANKC")) == (False, "reversal.mismatched")
    assert left(party) == [WHOLE, WHOLE]


def test_a_bank_finds_its_own_payment_among_any_number_that_others_made_up():
    """Twenty before it and a hundred after it under the same number; only some of so many are looked at."""
    rows = [paid(number, "BANKB") for number in range(1, 121)]
    party = party_of(*rows[:20], paid(500), *rows[20:])
    assert reversals.reverse(party, back(500)) == (True, None)
    assert [place for place, one in enumerate(left(party)) if one != WHOLE] == [20]


@pytest.mark.parametrize(("amount", "found"), [(990, True), (900, True), (899, False), (1_100, True), (1_101, False)])
def test_another_banks_return_means_a_payment_as_a_whole_less_charges_and_takes_nothing(amount, found):
    """1 % and what 100 USD are, 90.91 EUR: up to 100.91 EUR apart. It waits for that bank's own word."""
    for bank in ("BANKB", "BANKC"):
        named = (False, "reversal.foreign" if found else "reversal.mismatched")
        # a whole one is measured by what it says all the same
        for other in (back(amount, institution=bank), back(institution=bank, mantissa=amount, whole=True)):
            party = party_of(paid(1))
            assert reversals.reverse(party, other) == named
            assert (left(party), party.reversals) == ([WHOLE], [other])


def test_what_another_bank_told_stands_until_that_bank_takes_it_back():
    """Whoever tells first, and takes back first; a bank that told nothing of it, or of another payment, has no say."""
    restated = [Restated(1, 0, paid(2, "BANKB").packed())]
    for one, other in (("BANKA", "BANKB"), ("BANKB", "BANKA")):
        party = party_of(paid(1), restated=restated)
        assert reversals.reverse(party, back(institution=one)) == (True, "reversal.foreign")
        assert left(party) == [WHOLE]
        assert reversals.reverse(party, back(institution=other)) == (True, None)
        assert left(party) == [NOTHING]
        assert [(kept.taken, kept.took, kept.took_usd) for kept in party.reversals] == [(1, 0, 0), (1, 1_000, 110_000)]
    assert reversals.reverse(party_of(paid(8), restated=restated), back()) == (True, None)
    own = [Restated(1, 2, paid(2).packed())]
    assert reversals.reverse(party_of(paid(1), restated=own), back()) == (True, None)
    stranger = back(1_000, institution="BANKB")
    assert reversals.reverse(party_of(paid(1), restated=own), stranger) == (False, "reversal.foreign")


@pytest.mark.parametrize(
    ("backs", "counted", "named"),
    [
        ((("BANKA", 300), ("BANKB", 200)), [1_000, 800], ["reversal.foreign", None]),
        ((("BANKA", 300), ("BANKB", 500)), [1_000, 700], ["reversal.foreign", "reversal.foreign"]),
        ((("BANKB", 300), ("BANKB", 300), ("BANKA", 5_005)), [1_000, 1_000, 499.5], ["reversal.foreign"] * 2 + [None]),
        ((("BANKA", 0), ("BANKB", 980)), [1_000, 20], ["reversal.foreign", None]),
        ((("BANKB", 999), ("BANKA", 0)), [1_000, 1], ["reversal.foreign", "reversal.foreign"]),
        (
            (("BANKA", 3_005), ("BANKB", 3_005), ("BANKA", 100), ("BANKB", 100)),
            [1_000, 699.5, 699.5, 599.5],
            ["reversal.foreign", None, "reversal.foreign", None],
        ),
        ((("BANKA", 1_500), ("BANKB", 1_200), ("BANKB", 1)), [1_000, 0, 0], ["reversal.foreign", None, None]),
    ],
    ids=["parts", "the smaller", "several", "less charges", "all but one", "one after the other", "more than all"],
)
def test_of_a_payment_that_two_banks_told_what_both_took_back_is_gone(backs, counted, named):
    """Each says what came back of it; the larger rest counts, to the cent, and a bank whose return is kept is named."""
    party = party_of(paid(1), restated=[Restated(1, 0, paid(2, "BANKB").packed())])
    for (bank, amount), rest, fault in zip(backs, counted, named, strict=True):
        exponent = 1 if amount > 2_000 else 0
        assert reversals.reverse(party, back(amount, exponent=exponent, institution=bank)) == (True, fault)
        ((whole, places, cents, gone),) = left(party)
        assert (whole, cents, gone) == (rest * 10**places, round(rest * 110), rest == 0)
    assert reversals.fresh(party, payments.at(party, 0)).usd == 110_000


def test_a_word_that_is_not_kept_any_more_stands():
    """Of a payment that was told twice, whose second word was forgotten, neither bank takes anything back."""
    for bank, found in (("BANKA", True), ("BANKB", False)):
        party = party_of(paid(1, flags=FLAGS | SECONDED))
        assert reversals.tellers(party, payments.at(party, 0)) == {"BANKA", reversals.FORGOTTEN}
        assert reversals.reverse(party, back(1_000, institution=bank)) == (found, "reversal.foreign")
        assert left(party) == [WHOLE]


def test_a_word_that_is_forgotten_gives_nothing_back():
    """Both took back 400 of 1 000; then the second word is forgotten, and a further return takes nothing."""
    word = Restated(1, 0, paid(2, "BANKB").packed())
    party = party_of(paid(1, flags=FLAGS | SECONDED), restated=[word])
    for bank in ("BANKA", "BANKB"):
        reversals.reverse(party, back(400, institution=bank))
    party.restated = []
    assert reversals.reverse(party, back(100)) == (True, "reversal.foreign")
    assert left(party) == [(600, 0, 66_000, False)]
    assert reversals.fresh(party, payments.at(party, 0)) == paid(1, flags=FLAGS | SECONDED)


def test_what_is_left_is_what_a_return_is_compared_with_as_it_was_said_first():
    """900 of 1 000 came back; 900 more are below twice 1 000, though not below twice what is left."""
    party = party_of(paid(1))
    reversals.reverse(party, back(900))
    assert reversals.reverse(party, back(900)) == (True, None)
    assert left(party) == [NOTHING]
