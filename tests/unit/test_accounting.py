"""What one event does to a party's payments: each row, and each word that is kept of it, to the last field."""

from zoneinfo import ZoneInfo

import msgspec
import pytest

from detectors import accounting, payments
from detectors.accounting import Effect, Incoming
from detectors.calendar import DAY_US
from detectors.party import MOST_RESTATED, Party, Restated, Reversal
from detectors.payments import NO_DOCUMENT, ORDERED, OUT, RESTATED, REVERSED, SETTLED, SMALL_REMITTER, Payment

NAMES = ["", "BANKA", "BANKB", "BANKX", "USD", "EUR"]
A, B, X, USD, EUR = 1, 2, 3, 4, 5
STATUS = {"settled": SETTLED, "ordered": ORDERED}
UNDOCUMENTED = OUT | NO_DOCUMENT
SEOUL = ZoneInfo("Asia/Seoul")


def payment(event: int, cents: int, status: str = "settled", **fields: int) -> Payment:
    """A payment as it is told: undocumented, in dollars, by BANKA, payment number 5 to payee 9, at its own number."""
    time = fields.pop("time", event)
    flags = fields.pop("flags", UNDOCUMENTED) | STATUS.get(status, 0)
    given = {"payment": 5, "beneficiary": 9, "usd": cents, "offset": event, "purpose": 0, "institution": A,
             "currency": USD, "exponent": 2} | fields  # fmt: skip
    return Payment(time=time, amount_us=time, event=event, amount=cents, flags=flags, **given)


def tell(party: Party, row: Payment, status: str = "settled", *, original: int = 0, late: bool = False) -> Effect:
    """Bring the party up to date with an event."""
    bank = party.names[row.institution]
    return accounting.account(party, Incoming(row, status, original, party.names[row.currency], bank, late, SEOUL))


def told(*rows: Payment) -> tuple[Party, list[Effect]]:
    """A party that was told these, and what each did."""
    party = Party(names=list(NAMES))
    effects = [tell(party, row, "settled" if row.flags & SETTLED else "ordered") for row in rows]
    return party, effects


def rows(party: Party) -> list[Payment]:
    """The party's rows, in ledger order."""
    return [payments.at(party, place) for place in range(len(payments.rows(party)))]


def words(party: Party) -> list[tuple[int, int, Payment]]:
    """What is kept of what was said: first event, the event that stands, the row."""
    return [(one.first, one.standing, payments.unpacked(one.row)) for one in party.restated]


def but(row: Payment, **changes: int) -> Payment:
    """A row with other values."""
    return msgspec.structs.replace(row, **changes)


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
        payment(2, 1000, beneficiary=8), payment(2, 1000, currency=EUR), payment(2, 1000, flags=NO_DOCUMENT),
        payment(2, 500), payment(2, 2000), payment(2, 1000, time=1 + 10 * DAY_US + 1),
        payment(2, 1000, time=1 - 10 * DAY_US - 1),
    ],
)  # fmt: skip
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
    back = Reversal(original=2, payment=0, time_us=3, whole=False, outbound=True, mantissa=100, exponent=2,
                    currency="USD", institution="BANKA", beneficiary=9, taken=1, took=1, took_exponent=2,
                    took_usd=1)  # fmt: skip
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
    party.restated = [Restated(1, 0, hidden[0].packed()), Restated(7, 0, far.packed()),
                      Restated(2, 0, hidden[1].packed()), Restated(1, 0, foreign.packed())]  # fmt: skip
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
    expected = Reversal(original=1, payment=6, time_us=2, whole=False, outbound=True, mantissa=300, exponent=2,
                        currency="USD", institution="BANKA", beneficiary=9, taken=1, took=300, took_exponent=2,
                        took_usd=300)  # fmt: skip
    assert party.reversals == [expected]
    assert tell(party, payment(3, 1, "cancelled"), "cancelled", original=1).kind == "reversed"
    assert [(row.usd, row.flags & REVERSED) for row in rows(party)] == [(0, REVERSED)]
    assert party.reversals[1].whole


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
    stands = but(first, flags=first.flags | RESTATED | flags & (NO_DOCUMENT | SMALL_REMITTER))
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated")
    assert words(party) == [(1, 0, second)]
    assert party.settlements == {2: 1}


@pytest.mark.parametrize(("usd", "counted"), [(1_005_000, 1_005_000), (999_000, 1_000_000)])
def test_another_institutions_larger_amount_counts(usd, counted):
    """In the payment's own currency; its worth in dollars is the larger of both, as rates move. All else is as told."""
    first = payment(1, 1_000_000, flags=OUT)
    second = payment(2, 10_050, exponent=0, institution=B, usd=usd)
    party, (_, effect) = told(first, second)
    stands = but(first, amount=10_050, exponent=0, usd=counted, flags=first.flags | RESTATED | NO_DOCUMENT)
    assert rows(party) == [stands]
    assert effect == Effect("amended", stands, "payment.restated")


def test_a_larger_word_is_lowered_by_what_came_back():
    """Told 10 000, 1 000 came back, another bank says 10 050: 9 050 is left."""
    party, _ = told(payment(1, 1_000_000))
    tell(party, payment(2, 100_000, "returned"), "returned", original=1)
    effect = tell(party, payment(3, 1_005_000, institution=B))
    assert (effect.payment.amount, effect.payment.usd) == (905_000, 905_000)
    assert effect.join == "reversal.foreign"


def test_an_institution_corrects_once_what_another_told_too():
    """Its own word counts no lower than the other's; the older word is kept. Its third word is another payment."""
    first, other = payment(1, 1_000_000, flags=OUT), payment(2, 999_000, institution=B)
    party, _ = told(first, other)
    third = payment(3, 995_000, flags=OUT)
    effect = tell(party, third)
    stands = but(third, event=1, time=1, amount=999_000, usd=999_000, flags=third.flags | RESTATED | NO_DOCUMENT)
    assert effect == Effect("amended", stands, "payment.restated")
    assert rows(party) == [stands]
    kept = but(first, flags=first.flags | RESTATED | NO_DOCUMENT)
    assert words(party) == [(1, 0, other), (1, 3, kept)]
    assert tell(party, payment(4, 1_000_000)).join == "payment.reused"


@pytest.mark.parametrize(
    ("cents", "exponent", "usd", "amount", "counted"),
    [(1_001_000, 2, 1_001_000, 1_001_000, 1_001_000),  # higher than the other's: as it is
     (9_989, 0, 1_200_000, 999_000, 1_200_000), (9_991, 0, 999_100, 9_991, 999_100)],
)  # fmt: skip
def test_a_correction_is_compared_with_the_others_word_in_its_own_decimals(cents, exponent, usd, amount, counted):
    """9 989 and 9 991 whole dollars beside 9 990.00; the worth is the larger of both."""
    party, _ = told(payment(1, 1_000_000), payment(2, 999_000, institution=B))
    effect = tell(party, payment(3, cents, exponent=exponent, usd=usd))
    assert (effect.payment.amount, effect.payment.usd) == (amount, counted)
    assert effect.payment.exponent == (2 if amount == 999_000 else exponent)


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
        payment(1, 1_000_000), payment(2, 1_000_000, institution=B), payment(3, 1_000_000, institution=B),
        payment(4, 1_000_000), payment(5, 1_000_000, institution=X),
    )  # fmt: skip
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
    for second in (payment(2, 1_000_000, institution=B, beneficiary=8),
                   payment(2, 1_000_000, institution=B, time=1 + 10 * DAY_US + 1),
                   payment(2, 979_999, institution=B)):  # fmt: skip
        party, (_, effect) = told(first, second)
        assert (effect.join, len(rows(party))) == ("payment.reused", 2)


@pytest.mark.parametrize("statuses", [("ordered", "settled"), ("settled", "ordered")])
def test_another_banks_order_and_settlement_are_one_word(statuses):
    """At the earlier time of both, under the first one's event, with the settlement's amount: neither counts twice."""
    told_by_b = [payment(2, 999_000, statuses[0], institution=B, time=30),
                 payment(3, 998_000, statuses[1], institution=B, time=20)]  # fmt: skip
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
        payment(1, 1_000_000), payment(2, 1_000_000, "ordered", institution=B), payment(3, 1_000_000),
        payment(4, 1_000_000, institution=B),
    )  # fmt: skip
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


# Memory


def test_of_too_many_words_each_institution_keeps_its_share():
    """64 are kept as they are; of 65 the oldest of the one that said most goes."""
    one, other = (Restated(number, 0, payment(1, 1, institution=number).packed()) for number in (A, B))
    most = [one, *[other] * (MOST_RESTATED - 1)]
    assert accounting.kept(most) == most
    oldest = Restated(99, 0, other.row)
    assert accounting.kept([one, oldest, *[other] * (MOST_RESTATED - 1)]) == most
