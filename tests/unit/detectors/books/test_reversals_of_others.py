"""An institution takes back what it told itself: another one's return silences no payment, in whatever order all come.

Each attack stands beside the honest case: who tells a payment takes it back.
"""

from datetime import timedelta
from itertools import permutations

import pytest

from detectors.books.party import MOST_RESTATED, unpack
from detectors.books.payments import NO_DOCUMENT, OUT, REVERSED, SECONDED, exact_sum, rows
from detectors.books.reversals import FORGOTTEN, tellers
from detectors.memory.state import PartitionState
from tests.support import told_payments
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, later
from tests.support.payment_joins import PARTY, UETR, fired, joins, party, total
from tests.support.told_payments import A, B, X, payment, tell, told

OWNER = {"payment_id": UETR, "institution": "BANKA"}
OTHER = {"payment_id": UETR, "institution": "BANKM"}


def uetr(number: int) -> str:
    return f"eb6305c9-1f7f-49de-aed0-16487c27b4{number:02x}"


def saved(ledger: Ledger) -> None:
    """Replace the state by what is saved of it."""
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))


@pytest.mark.parametrize("status", ["returned", "cancelled"])
@pytest.mark.parametrize("word", [False, True], ids=["told nothing", "told it too"])
@pytest.mark.parametrize(
    ("sender", "counted", "alerts", "named"), [("BANKM", 360_000_00, {"T02"}, 6), ("BANKA", 0, set(), 0)]
)
def test_six_payments_that_another_bank_takes_back_within_the_hour_count(status, word, sender, counted, alerts, named):
    """Six of 60 000 cross the cap of 100 000 though BANKM returns each, whether it told the payment before or not.

    The honest case: BANKA takes back its own, which BANKM told nothing of, or both do.
    """
    ledger, found = Ledger(), set()
    for number in range(6):
        at, name = later(hours=number), {"payment_id": uetr(number)}
        found |= fired(ledger.pay(f"p{number}", at, "60000", **name).alerts)
        told_too = {"institution": "BANKM", **name}
        if word:
            found |= fired(ledger.pay(f"m{number}", at + timedelta(minutes=1), "59990", **told_too).alerts)
        back = ledger.pay(
            f"r{number}",
            at + timedelta(minutes=30),
            "60000",
            status=status,
            institution=sender,
            original_event_id=f"{'m' if sender == 'BANKM' else 'p'}{number}",
            **name,
        )
        assert fired(back.alerts) == set()
        if word and sender == "BANKA":
            ledger.pay(
                f"q{number}",
                at + timedelta(minutes=31),
                "60000",
                status=status,
                **told_too,
                original_event_id=f"m{number}",
            )
    assert total(ledger) == counted
    assert found == alerts
    assert joins(ledger).get("reversal.foreign", 0) == (named or 6 * word)


EVENTS = {
    "pay A": ("pa", 0, {**OWNER}),
    "pay M": ("pm", 1, {**OTHER}),
    "back A": ("ra", 5, {**OWNER, "status": "returned", "original_event_id": "pa"}),
    "back M": ("rm", 6, {**OTHER, "status": "cancelled", "original_event_id": "pm"}),
}


def ledger_of(*names: str, by_id: bool = False) -> Ledger:
    """A ledger of these events in this order, saved and loaded after each."""
    ledger = Ledger()
    for name in names:
        event, hours, fields = EVENTS[name]
        if by_id and "original_event_id" in fields:
            fields = {**fields, "original_event_id": "not told"}
        ledger.pay(event, later(hours=hours), "60000", **fields)
        saved(ledger)
    return ledger


@pytest.mark.parametrize("by_id", [False, True], ids=["by event", "by id"])
@pytest.mark.parametrize("order", list(permutations(EVENTS)), ids=", ".join)
def test_what_two_banks_told_and_took_back_is_gone_in_every_order(order, by_id):
    """And none of it before both did; what came back before its payment waits for the institution's own."""
    for count in range(1, 5):
        come = set(order[:count])
        left = any({f"pay {bank}", f"back {bank}"} & come == {f"pay {bank}"} for bank in "AM")
        assert total(ledger_of(*order[:count], by_id=by_id)) == (60_000_00 if left else 0), come
    assert len(rows(party(ledger_of(*order, by_id=by_id)))) == 1


@pytest.mark.parametrize("first", ["pay A", "pay M"])
def test_who_tells_first_has_no_say_over_the_other(first):
    """Of two words the records do not say which is that of the bank that pays: either's return leaves the other's."""
    second = "pay M" if first == "pay A" else "pay A"
    for back in ("back A", "back M"):
        ledger = ledger_of(first, second, back)
        assert total(ledger) == 60_000_00
        assert joins(ledger)["reversal.foreign"] == 1


def test_a_payment_that_one_bank_took_back_alerts_when_another_tells_it():
    """BANKM tells 60 000 by BANKA's UETR and cancels it; then BANKA tells it, and the cap is crossed."""
    ledger = Ledger()
    ledger.pay("before", later(hours=-1), "50000")
    ledger.pay("m", later(hours=0), "60000", **OTHER)
    ledger.pay("c", later(hours=2), "60000", **OTHER, status="cancelled", original_event_id="m")
    assert total(ledger) == 50_000_00
    assert fired(ledger.pay("a", later(hours=1), "60000", **OWNER).alerts) == {"T02"}
    assert total(ledger) == 110_000_00
    (named,) = [row for row in told_rows(ledger) if row.flags & SECONDED]
    assert not named.flags & REVERSED


def told_rows(ledger: Ledger):
    return told_payments.rows(party(ledger))


@pytest.mark.parametrize("days", [1, 40, 200])
def test_another_banks_word_stands_however_long_a_bank_waits(days):
    """BANKM tells first and cancels after weeks, when what was replaced long ago has been let go of."""
    ledger = Ledger()
    ledger.pay("goes", later(days=-1), "10", evidence="shown")
    ledger.pay("m", later(days=0), "60000", **OTHER)
    ledger.pay("a", later(days=0, hours=1), "60000", **OWNER)
    for number in range(9):
        ledger.pay(f"later{number}", later(days=days, hours=number), "10", evidence="shown")
    ledger.pay("c", later(days=days, hours=10), "60000", **OTHER, status="cancelled", original_event_id="m")
    assert total(ledger) >= 60_000_00
    ledger.pay("ca", later(days=days, hours=11), "60000", **OWNER, status="cancelled", original_event_id="a")
    assert total(ledger) < 60_000_00


def test_a_word_among_more_than_are_kept_stands():
    """BANKM tells 100 payments of BANKA first and cancels all: those whose second word was forgotten count too."""
    ledger = Ledger()
    for number in range(100):
        at = later(minutes=number)
        ledger.pay(f"m{number}", at, "1000", payment_id=uetr(number), institution="BANKM")
        ledger.pay(f"a{number}", at, "1000", payment_id=uetr(number))
    assert len(party(ledger).restated) == MOST_RESTATED
    for number in range(100):
        ledger.pay(
            f"c{number}",
            later(hours=9),
            "1000",
            payment_id=uetr(number),
            institution="BANKM",
            status="cancelled",
            original_event_id=f"m{number}",
        )
    assert total(ledger) == 100 * 1000_00
    assert joins(ledger)["reversal.foreign"] == 100


@pytest.mark.parametrize(("told", "counted"), [(100, 100 * 1000_00), (10, 10 * 1000_00)])
def test_a_word_among_more_than_are_kept_is_not_lowered(told, counted):
    """BANKM orders payments that BANKA tells after it, and settles each with documents, and for less.

    Beside ten, whose words are all kept, it is the same with a hundred, whose words are not.
    """
    ledger = Ledger()
    for number in range(told):
        at = later(minutes=number)
        ledger.pay(f"m{number}", at, "1000", payment_id=uetr(number), institution="BANKM", status="ordered")
        ledger.pay(f"a{number}", at, "1000", payment_id=uetr(number))
    for number in range(told):
        ledger.pay(
            f"s{number}", later(hours=9), "510", payment_id=uetr(number), institution="BANKM", evidence="verified"
        )
    assert total(ledger) == counted
    assert all(int(flags) & NO_DOCUMENT for flags in rows(party(ledger))["flags"])


def test_another_banks_return_is_told_beside_folded_payments():
    """It takes nothing off the year's total, like any return that takes nothing back."""
    with few_rows(4, 2):
        ledger = Ledger()
        for number in range(8):
            ledger.pay(f"p{number}", later(hours=number), "60000", payment_id=uetr(number))
        alone = ledger.pay("n", later(hours=20), "10000").alerts
        for number in range(8):
            ledger.pay(
                f"r{number}",
                later(hours=21),
                "60000",
                payment_id=uetr(number),
                institution="BANKM",
                status="returned",
                original_event_id="x",
            )
        beside = ledger.pay("o", later(hours=22), "60000").alerts
    assert fired(alone) <= {"T02"} == fired(beside)
    (measured,) = [each.value for hit in beside[0].typologies for each in hit.measured if "total" in each.name][:1]
    assert float(measured) == 8 * 60_000 + 10_000 + 60_000


def test_two_names_of_one_party_keep_who_told_and_who_took_back():
    """Told and taken back under the former token, taken back by the other bank under the newer one."""
    newer = "k2.0a3.remitter2"
    both = {"party": newer, "previous": {newer: PARTY}}
    ledger = Ledger()
    ledger.pay("pa", later(hours=0), "60000", **OWNER)
    ledger.pay("pm", later(hours=1), "60000", **OTHER)
    ledger.pay("ra", later(hours=2), "60000", **OWNER, status="returned", original_event_id="pa")
    ledger.pay("new", later(hours=3), "10", party=newer)
    ledger.pay("both", later(hours=4), "10", **both)
    assert exact_sum(rows(unpack(ledger.state.parties[newer]))["usd"]) == 60_020_00
    ledger.pay("rm", later(hours=5), "60000", **OTHER, **both, status="returned", original_event_id="pm")
    assert exact_sum(rows(unpack(ledger.state.parties[newer]))["usd"]) == 20_00


# An id that proves to name several payments


@pytest.mark.parametrize("backs", [(), (A,), (B,), (A, B), (B, A)], ids=["none", "A", "B", "A then B", "B then A"])
def test_what_was_told_by_two_is_taken_back_by_each_when_it_proves_to_be_two_payments(backs):
    """A third institution shows it: each bank's payment counts, less what that bank took back."""
    party, _ = told(payment(1, 1_000_000), payment(2, 999_000, institution=B))
    for number, bank in enumerate(backs):
        original = 1 if bank == A else 2
        tell(party, payment(5 + number, 400_000, "returned", institution=bank), "returned", original=original)
    tell(party, payment(9, 1_000_000, institution=X))
    counted = {row.institution: (row.event, row.amount, row.flags & SECONDED) for row in told_payments.rows(party)}
    assert counted == {
        A: (1, 600_000 if A in backs else 1_000_000, 0),
        B: (2, 599_000 if B in backs else 999_000, 0),
        X: (9, 1_000_000, 0),
    }


def test_a_corrected_payment_and_another_banks_word_are_three_when_the_id_names_several():
    """The bank's two words and the other's: each at its own event, what came back of it off; the id said, all count."""
    party, _ = told(payment(1, 1_000_000), payment(2, 999_000, institution=B), payment(3, 1_000_000))
    tell(party, payment(5, 300_000, "returned"), "returned", original=3)
    tell(party, payment(6, 200_000, "returned", institution=B), "returned", original=2)
    assert told_payments.rows(party)[0].amount == 800_000
    tell(party, payment(9, 1_000_000))
    counted = {row.event: (row.institution, row.amount, row.flags & SECONDED) for row in told_payments.rows(party)}
    assert counted == {1: (A, 1_000_000, 0), 2: (B, 799_000, 0), 3: (A, 700_000, 0), 9: (A, 1_000_000, 0)}


@pytest.mark.parametrize("original", [3, 0], ids=["by event", "by id"])
def test_two_words_of_another_bank_are_two_payments_and_its_return_is_of_the_newer(original):
    """Told and corrected by B, 100 000 cents came back: they are off its second payment alone."""
    party, _ = told(payment(1, 1_000_000), payment(2, 999_000, institution=B), payment(3, 998_000, institution=B))
    tell(party, payment(5, 100_000, "returned", institution=B), "returned", original=original)
    tell(party, payment(9, 1_000_000, institution=X))
    assert {row.event: row.amount for row in told_payments.rows(party)} == {
        1: 1_000_000,
        2: 999_000,
        3: 898_000,
        9: 1_000_000,
    }


def test_a_word_that_is_not_put_back_still_stands():
    """B's order the other way shows that its own word of A's payment was another: A is alone with its payment then."""
    party, _ = told(payment(1, 1_000_000), payment(2, 1_000_000, institution=B))
    first = told_payments.rows(party)[0]
    assert tellers(party, first) == {"BANKA", "BANKB"}
    tell(party, payment(9, 1_000_000, flags=NO_DOCUMENT, institution=X))
    assert tellers(party, told_payments.rows(party)[0]) == {"BANKA", "BANKB"}
    tell(party, payment(10, 9_000_000, flags=NO_DOCUMENT, institution=B))
    assert {(row.event, row.flags & (OUT | SECONDED)) for row in told_payments.rows(party)} == {
        (1, OUT),
        (2, OUT),
        (9, 0),
        (10, 0),
    }
    assert all(FORGOTTEN not in tellers(party, row) for row in told_payments.rows(party))
