"""What several institutions' words about one payment come to, to the last field."""

from datetime import UTC, datetime

import pytest

from detectors.books.accounting import Effect
from detectors.books.party import Party
from detectors.books.payments import (
    NO_DOCUMENT,
    ORDERED,
    OUT,
    RATE_MISSING,
    RESTATED,
    SECONDED,
    SETTLED,
    SMALL_REMITTER,
)
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.told_payments import GIFT, NAMES, STUDY, UNDOCUMENTED, A, B, X, but, payment, rows, tell, told, words

# what two institutions told
TWICE = RESTATED | SECONDED

# Two institutions


@pytest.mark.parametrize(
    ("cents", "flags"),
    [(990_000, OUT), (990_000, UNDOCUMENTED), (1_000_000, OUT), (1_000_000, OUT | SMALL_REMITTER)],
)
def test_another_institutions_word_may_only_add(cents, flags):
    """A lower or equal amount takes nothing away; that no document was shown, or by whom it went, is added.

    The payment is looked at again, as this word may tell what the first one left out.
    """
    first, second = payment(1, 1_000_000, flags=OUT), payment(2, cents, institution=B, flags=flags)
    party, (_, effect) = told(first, second)
    stands = but(first, flags=first.flags | TWICE | flags & (NO_DOCUMENT | SMALL_REMITTER))
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated", second=True)
    assert words(party) == [(1, 0, second)]
    assert party.settlements == {2: 1}


@pytest.mark.parametrize(("usd", "counted"), [(1_005_000, 1_005_000), (999_000, 1_000_000)])
def test_another_institutions_larger_amount_counts(usd, counted):
    """In the payment's own currency; its worth in dollars is the larger of both, as rates move. All else is as told."""
    first = payment(1, 1_000_000, flags=OUT)
    second = payment(2, 10_050, exponent=0, institution=B, usd=usd)
    party, (_, effect) = told(first, second)
    stands = but(first, amount=10_050, exponent=0, usd=counted, flags=first.flags | TWICE | NO_DOCUMENT)
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated", second=True)


@pytest.mark.parametrize("cents", [990_000, 1_005_000])
def test_the_first_word_of_a_second_institution_is_told(cents):
    """The models look at it once: not at its correction, at the settlement of what it ordered, at the first one's.

    Whether it changes what counts or not; and of each payment for itself.
    """
    first = [payment(1, 1_000_000), payment(10, 1_000_000, payment=6)]
    for second in (payment(2, cents, institution=B), payment(2, cents, "ordered", institution=B)):
        _, effects = told(
            *first,
            second,
            payment(3, cents, institution=B),
            payment(4, 1_000_000),
            payment(11, cents, institution=B, payment=6),
        )
        assert [effect.second for effect in effects] == [False, False, True, False, False, True]


def test_another_word_counts_whole_until_its_own_institution_takes_back_as_much():
    """Told 10 000, 1 000 came back, another bank says 10 050: 10 050. It got 1 000 back too: 9 050 is left."""
    party, _ = told(payment(1, 1_000_000))
    tell(party, payment(2, 100_000, "returned"), "returned", original=1)
    assert rows(party)[0].amount == 900_000
    effect = tell(party, payment(3, 1_005_000, institution=B))
    assert (effect.payment.amount, effect.payment.usd) == (1_005_000, 1_005_000)
    assert effect.join == "reversal.foreign"
    assert tell(party, payment(4, 100_000, "returned", institution=B), "returned", original=3).join is None
    assert (rows(party)[0].amount, rows(party)[0].usd) == (905_000, 905_000)


def test_an_institution_corrects_once_what_another_told_too():
    """Its own word counts no lower than the other's; the older word is kept. Its third word is another payment."""
    first, other = payment(1, 1_000_000, flags=OUT), payment(2, 999_000, institution=B)
    party, _ = told(first, other)
    third = payment(3, 995_000, flags=OUT)
    effect = tell(party, third)
    stands = but(third, event=1, time=1, amount=999_000, usd=999_000, flags=third.flags | TWICE | NO_DOCUMENT)
    assert effect == Effect("amended", stands, "payment.restated")
    assert rows(party) == [stands]
    kept = but(first, flags=first.flags | TWICE | NO_DOCUMENT)
    assert words(party) == [(1, 0, other), (1, 3, kept)]
    assert tell(party, payment(4, 1_000_000)).join == "payment.reused"


@pytest.mark.parametrize(
    ("cents", "exponent", "usd", "amount", "counted"),
    [
        (1_001_000, 2, 1_001_000, 1_001_000, 1_001_000),  # higher than the other's: as it is
        (999_000, 2, 998_000, 999_000, 999_000),  # as high, at the larger worth
        (9_989, 0, 1_200_000, 999_000, 1_200_000),
        (9_991, 0, 999_100, 9_991, 999_100),
    ],
)
def test_a_correction_is_compared_with_the_others_word_in_its_own_decimals(cents, exponent, usd, amount, counted):
    """9 989 and 9 991 whole dollars beside 9 990.00; the worth is the larger of both."""
    party, _ = told(payment(1, 1_000_000), payment(2, 999_000, institution=B))
    effect = tell(party, payment(3, cents, exponent=exponent, usd=usd))
    assert (effect.payment.amount, effect.payment.usd) == (amount, counted)
    assert effect.payment.exponent == (2 if amount == 999_000 else exponent)


def test_a_correction_beside_words_that_saw_documents_has_documents():
    """Where the institution and all others saw them."""
    party, _ = told(payment(1, 1_000_000, flags=OUT), payment(2, 999_000, institution=B, flags=OUT))
    assert tell(party, payment(3, 995_000, flags=OUT)).payment.flags == OUT | SETTLED | TWICE


def test_what_others_say_of_another_payment_is_nothing_to_a_correction():
    """Another payment number of the same party: neither its amount nor its missing documents."""
    party, _ = told(
        payment(1, 1_000_000, flags=OUT),
        payment(2, 1_000_000, institution=B),
        payment(3, 900_000, flags=OUT, payment=6),
    )
    corrected = tell(party, payment(4, 800_000, flags=OUT, payment=6)).payment
    assert (corrected.amount, corrected.flags) == (800_000, OUT | SETTLED | RESTATED)


def test_another_banks_settlement_is_no_word_about_a_payment_of_another_number():
    """Its order of the first payment stays a word of its own."""
    order, settled = (
        payment(event, 1_000_000, status, institution=B, payment=number)
        for event, status, number in ((3, "ordered", 5), (4, "settled", 6))
    )
    party, _ = told(payment(1, 1_000_000), payment(2, 1_000_000, payment=6), order, settled)
    assert words(party) == [(1, 0, order), (2, 0, settled)]


def test_another_banks_settlement_says_which_documents_were_shown():
    """Ordered without, settled with documents: the one word of both has them."""
    party, _ = told(
        payment(1, 1_000_000),
        payment(2, 999_000, "ordered", institution=B),
        payment(3, 999_000, institution=B, flags=OUT),
    )
    ((_, _, word),) = words(party)
    assert word.flags == OUT | SETTLED | ORDERED


def test_another_institution_corrects_its_word_once():
    """Two words of it about a payment that stands; the third is a payment of its own."""
    party, effects = told(payment(1, 1_000_000), *(payment(number, 999_000, institution=B) for number in (2, 3, 4)))
    assert [effect.join for effect in effects] == [None, "payment.restated", "payment.restated", "payment.reused"]
    assert len(rows(party)) == 2 + 2  # what B had said of it is put back


def test_three_statements_of_one_payment_are_the_most():
    """The payment's own correction, two words of another: what comes then shows that all were payments of their own.

    But for the correction of the payment's own bank, which is put back when that bank uses the id again.
    """
    party, effects = told(
        payment(1, 1_000_000),
        payment(2, 1_000_000, institution=B),
        payment(3, 1_000_000, institution=B),
        payment(4, 1_000_000),
        payment(5, 1_000_000, institution=X),
    )
    assert [effect.join for effect in effects[1:]] == ["payment.restated"] * 3 + ["payment.reused"]
    assert [row.institution for row in rows(party)] == [B, B, A, X]
    assert [word.event for _, _, word in words(party)] == [1]


def test_a_third_institution_shows_that_an_id_tells_nothing():
    """Nobody but the bank that pays and one on the way tells a payment: the word of the second is put back."""
    party, effects = told(*(payment(each, 1_000_000, institution=bank) for each, bank in enumerate((A, B, X), 1)))
    assert [effect.join for effect in effects[1:]] == ["payment.restated", "payment.reused"]
    assert [row.institution for row in rows(party)] == [B, A, X]
    assert (words(party), party.settlements) == ([], {})


def test_two_institutions_are_compared_to_the_same_payee_and_time_only():
    """Ten days, and the payee: as for one institution."""
    first = payment(1, 1_000_000)
    for second in (
        payment(2, 1_000_000, institution=B, beneficiary=8),
        payment(2, 1_000_000, institution=B, time=1 + 10 * DAY_US + 1),
        payment(2, 979_999, institution=B),
    ):
        party, (_, effect) = told(first, second)
        assert (effect.join, len(rows(party))) == ("payment.reused", 2)


@pytest.mark.parametrize("statuses", [("ordered", "settled"), ("settled", "ordered")])
def test_another_banks_order_and_settlement_are_one_word(statuses):
    """At the earlier time of both, under the first one's event, with the settlement's amount: neither counts twice."""
    told_by_b = [
        payment(2, 999_000, statuses[0], institution=B, time=30),
        payment(3, 998_000, statuses[1], institution=B, time=20),
    ]
    party, (_, _, effect) = told(payment(1, 1_000_000), *told_by_b)
    assert effect.kind == "amended"
    assert len(rows(party)) == 1
    ((first, standing, word),) = words(party)
    settled = told_by_b[statuses.index("settled")]
    assert (first, standing) == (1, 0)
    assert word == but(settled, event=2, time=20, flags=UNDOCUMENTED | SETTLED | ORDERED)


def test_an_order_and_settlement_of_another_bank_join_though_all_statements_were_made():
    """The bank that pays tells its settlement last, after corrections of the one that told the payment first."""
    party, effects = told(
        payment(1, 1_000_000),
        payment(2, 1_000_000, "ordered", institution=B),
        payment(3, 1_000_000),
        payment(4, 1_000_000, institution=B),
    )
    assert [effect.join for effect in effects[1:]] == ["payment.restated"] * 3
    assert len(rows(party)) == 1


def test_an_institution_with_payments_of_its_own_under_the_id_seconds_no_others():
    """Its second payment of a UETR is its own: a constant id hides nothing behind another bank's payment."""
    party, effects = told(
        payment(1, 1_000_000), payment(2, 3_000_000, institution=B), payment(3, 1_000_000, institution=B)
    )
    assert [effect.join for effect in effects[1:]] == ["payment.reused", "payment.reused"]
    assert len(rows(party)) == 3


def test_a_payment_that_was_said_anew_and_whose_words_are_forgotten_is_not_said_anew():
    """Nothing could be put back any more."""
    party, _ = told(payment(1, 1000), payment(2, 1000, institution=B))
    party.restated = []
    assert tell(party, payment(3, 1000)).join == "payment.reused"


def test_another_bank_settles_what_it_had_ordered_and_corrected():
    """Ordered, the order corrected, settled: its settlement is of its order, whatever words were said before."""
    by_b = [
        payment(2, 999_000, "ordered", institution=B),
        payment(3, 998_000, "ordered", institution=B),
        payment(4, 997_000, institution=B),
    ]
    party, effects = told(payment(1, 1_000_000), *by_b)
    assert [effect.join for effect in effects[1:]] == ["payment.restated"] * 3
    assert len(rows(party)) == 1
    assert [word.amount for _, _, word in words(party)] == [997_000, 998_000]


def test_an_equal_amount_in_other_decimals_changes_nothing():
    """10 000 and 10 000.00 are one word."""
    first = payment(1, 1_000_000)
    party, _ = told(first, payment(2, 10_000, institution=B, exponent=0, usd=1_000_000))
    assert rows(party) == [but(first, flags=first.flags | TWICE)]


# Words that rules take alike

NEW_YEAR = to_us(datetime(2025, 12, 31, 15, tzinfo=UTC))


@pytest.mark.parametrize(("institution", "joins"), [(A, True), (B, False)])
@pytest.mark.parametrize(
    "changes",
    [{"time": NEW_YEAR - 1}, {"flags": UNDOCUMENTED | RATE_MISSING, "usd": 0}, {"purpose": STUDY}],
    ids=["another year", "no worth", "another purpose"],
)
def test_another_banks_word_that_rules_take_otherwise_is_a_payment_of_its_own(institution, joins, changes):
    """The last moment of the year in Seoul, no rate, another purpose: the bank itself may correct so, no other one."""
    first = payment(1, 1_000_000, time=NEW_YEAR, purpose=GIFT)
    second = payment(2, 1_000_000, **{"time": NEW_YEAR, "purpose": GIFT, "institution": institution} | changes)
    party, (_, effect) = told(first, second)
    assert (len(rows(party)), effect.join) == ((1, "payment.restated") if joins else (2, "payment.reused"))


@pytest.mark.parametrize(("purposes", "counted"), [((0, GIFT), GIFT), ((GIFT, 0), GIFT), ((0, 0), 0)])
def test_a_purpose_that_one_of_two_banks_told_is_the_payments(purposes, counted):
    """Silence takes it out of no rule, whoever is silent."""
    first, second = payment(1, 1_000_000, purpose=purposes[0]), payment(2, 1, institution=B)
    party, (_, effect) = told(first, but(second, amount=990_000, usd=990_000, purpose=purposes[1]))
    assert (len(rows(party)), effect.payment.purpose) == (1, counted)


def test_an_equal_amount_of_a_larger_worth_counts_by_that_worth():
    """Another day's rate; what came back is taken off it in proportion."""
    party, _ = told(payment(1, 1_000_000))
    assert tell(party, payment(2, 1_000_000, institution=B, usd=1_100_000)).payment.usd == 1_100_000
    party, _ = told(payment(1, 1_000_000))
    tell(party, payment(2, 250_000, "returned"), "returned", original=1)
    tell(party, payment(4, 250_000, "returned", institution=B), "returned", original=3)
    effect = tell(party, payment(3, 1_000_000, institution=B, usd=1_100_000))
    assert (effect.kind, effect.payment.amount, effect.payment.usd) == ("amended", 750_000, 825_000)
    assert rows(party) == [effect.payment]


def test_a_correction_without_a_rate_keeps_the_worth_that_another_bank_told():
    """And is not one without a rate any more; its own purpose and channel may add to the rules, silence takes none."""
    other = payment(2, 1_000_000, institution=B, purpose=GIFT, flags=UNDOCUMENTED | SMALL_REMITTER)
    party, _ = told(payment(1, 1_000_000), other)
    stands = tell(party, payment(3, 995_000, usd=0, flags=OUT | RATE_MISSING)).payment
    assert (stands.amount, stands.usd, stands.purpose) == (1_000_000, 1_000_000, GIFT)
    assert stands.flags == UNDOCUMENTED | SMALL_REMITTER | SETTLED | TWICE


def test_what_has_a_rate_in_no_banks_words_has_none():
    """Neither adds what the other lacks; a correction with a rate has it."""
    missing = UNDOCUMENTED | RATE_MISSING
    party, _ = told(
        payment(1, 1_000_000, usd=0, flags=missing), payment(2, 1_000_000, usd=0, flags=missing, institution=B)
    )
    assert rows(party)[0].flags == missing | SETTLED | TWICE
    assert tell(party, payment(3, 1_000_000)).payment.flags == UNDOCUMENTED | SETTLED | TWICE


def test_a_bank_that_another_agrees_with_cannot_order_its_payment_into_another_year():
    """Within the year it gives the earlier time; alone it dates its payment as it was ordered."""
    settled, word = payment(1, 1_000_000, time=NEW_YEAR + 10), payment(2, 1_000_000, institution=B, time=NEW_YEAR + 10)
    for time, counted in ((NEW_YEAR - 1, NEW_YEAR + 10), (NEW_YEAR, NEW_YEAR)):
        party, (*_, effect) = told(settled, word, payment(3, 1_000_000, "ordered", time=time))
        assert (effect.payment.time, rows(party)[0].time) == (counted, counted)
        party, (*_, effect) = told(settled, payment(3, 1_000_000, "ordered", time=time))
        assert effect.payment.time == time


# Which payment is meant


def test_a_word_that_may_be_about_either_of_two_banks_payments_is_about_none():
    """Two payments of two banks under one id agree with it: it counts. Either bank's own correction is clear."""
    two = payment(1, 1_000_000), payment(2, 1_000_000, institution=X)
    packed = b"".join(one.packed() for one in two)
    party = Party(names=list(NAMES), payments=packed)
    assert tell(party, payment(3, 1_000_000, institution=B)).join == "payment.reused"
    assert len(rows(party)) == 3
    for bank, place in ((A, 0), (X, 1)):
        party = Party(names=list(NAMES), payments=packed)
        assert tell(party, payment(3, 990_000, institution=bank)).join == "payment.restated"
        assert [row.amount for row in rows(party)] == [990_000 if each == place else 1_000_000 for each in (0, 1)]


def test_a_word_is_about_the_one_payment_of_another_bank_that_agrees():
    """One of another amount stands beside it under the id."""
    two = payment(1, 1_000_000), payment(2, 3_000_000, institution=X)
    party = Party(names=list(NAMES), payments=b"".join(one.packed() for one in two))
    assert tell(party, payment(3, 990_000, institution=B)).join == "payment.restated"
    assert [row.flags & RESTATED for row in rows(party)] == [RESTATED, 0]


@pytest.mark.parametrize(("flags", "back"), [(UNDOCUMENTED, True), (0, False)])
def test_what_comes_beside_two_banks_words_puts_the_second_back(flags, back):
    """In the same direction it shows that the id tells nothing; the other way round it shows nothing."""
    first, word = payment(1, 1_000_000), payment(2, 1_000_000, institution=B)
    party, (*_, effect) = told(first, word, payment(3, 9_000_000, institution=X, flags=flags))
    assert effect.join == "payment.reused"
    assert (len(rows(party)), len(words(party))) == ((3, 0) if back else (2, 1))


def test_what_a_bank_had_corrected_is_put_back_by_itself_alone():
    """Another bank's payment under the id says nothing of the first one's correction; its own one does, either way."""
    party, _ = told(payment(1, 1000), payment(2, 1100), payment(3, 9_000_000, institution=X))
    assert [word.event for _, _, word in words(party)] == [1]
    party, _ = told(payment(1, 1000), payment(2, 1100), payment(3, 9_000_000, flags=0))
    assert words(party) == []
    assert len(rows(party)) == 3
