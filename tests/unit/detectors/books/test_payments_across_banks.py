"""What two banks say of one payment: a UETR joins it, charges alone may lie between, nobody lowers the other's word."""

import pytest

from detectors.books.payment_ids import is_uetr
from detectors.books.payments import NO_DOCUMENT, rows
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, later
from tests.support.payment_joins import OTHER_UETR, UETR, joins, party, total


def test_equal_references_of_two_banks_are_two_payments_and_no_fault():
    """REF-1 of one bank says nothing about REF-1 of another, whatever they are."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "4900", payment_id="REF-1")
    ledger.pay("b", later(hours=1), "4900", payment_id="REF-1", institution="BANKB")
    assert total(ledger) == 9800_00
    assert joins(ledger) == {}


def test_a_uetr_is_one_payment_at_every_bank_and_nobody_lowers_it():
    """Two banks tell one transfer, one after charges, one that saw no documents: the larger, undocumented, once."""
    for first, second in ((0, 1), (1, 0)):
        ledger = Ledger()
        told = [
            ("a", "45000", {"institution": "BANKA", "evidence": "none"}),
            ("b", "44980", {"institution": "BANKB", "evidence": "verified", "payment_id": UETR.upper()}),
        ]
        for number, place in enumerate((first, second)):
            name, amount, fields = told[place]
            ledger.pay(name, later(hours=number), amount, **{"payment_id": UETR} | fields)
        (row,) = rows(party(ledger))
        assert (int(row["usd"]), int(row["flags"]) & NO_DOCUMENT) == (45_000_00, NO_DOCUMENT)
        assert joins(ledger) == {"payment.restated": 1}


def test_a_bank_corrects_its_payment_though_another_told_it_too():
    """Settled by A, told by B, corrected by A and by B: one payment. Upward at once; down it goes by no word of one."""
    for first, second in (("45000", "45400"), ("45400", "45000")):
        ledger = Ledger()
        ledger.pay("a", later(hours=0), first, payment_id=UETR)
        ledger.pay("b", later(hours=1), first, payment_id=UETR, institution="BANKB")
        ledger.pay("a2", later(hours=2), second, payment_id=UETR)
        assert total(ledger) == 45_400_00
        ledger.pay("b2", later(hours=3), second, payment_id=UETR, institution="BANKB")
        assert total(ledger) == 45_400_00
        assert joins(ledger) == {"payment.restated": 3}


@pytest.mark.parametrize("amount", ["50001", "60000", "98000", "100000"])
@pytest.mark.parametrize("way", ["restates", "settles", "told smaller"])
def test_who_tells_a_uetr_first_lowers_nobody_s_payment(amount, way):
    """A bank tells another's payment of 100 000 by its UETR before it, and then says that it was of less.

    What is said of less than charges explain is a payment of its own. The honest case is the amount of 100 000.
    """
    ledger = Ledger()
    first = amount if way == "told smaller" else "100000"
    ledger.pay(
        "x",
        later(hours=0),
        first,
        payment_id=UETR,
        institution="BANKX",
        status="ordered" if way == "settles" else "settled",
    )
    ledger.pay("a", later(hours=1), "100000", payment_id=UETR)
    if way != "told smaller":
        ledger.pay("x2", later(hours=2), amount, payment_id=UETR, institution="BANKX", evidence="verified")
    alone = way == "told smaller" and amount != "100000"
    assert total(ledger) == 100_000_00 + (int(amount) * 100 if alone else 0)
    assert all(int(flags) & NO_DOCUMENT for flags in rows(party(ledger))["flags"])


@pytest.mark.parametrize("ahead", [True, False], ids=["made up", "alone"])
@pytest.mark.parametrize("order", [("ordered", "settled"), ("settled", "ordered")])
def test_a_payment_that_another_bank_told_first_counts_once(ahead, order):
    """A bank orders and settles, as banks do, what another one told by the same UETR before it: one payment."""
    ledger = Ledger()
    if ahead:
        ledger.pay("x", later(hours=0), "45000", payment_id=UETR, institution="BANKX")
    for number, status in enumerate(order):
        ledger.pay(f"a{number}", later(hours=1), "45000", payment_id=UETR, status=status)
    assert total(ledger) == 45_000_00
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    ledger.pay("c", later(hours=3), "45000", payment_id=UETR, status="cancelled", original_event_id="a1")
    assert total(ledger) == (45_000_00 if ahead else 0)
    if ahead:  # its own word of it stands until it takes that back
        ledger.pay(
            "xc",
            later(hours=4),
            "45000",
            payment_id=UETR,
            status="cancelled",
            institution="BANKX",
            original_event_id="x",
        )
    assert total(ledger) == 0


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("45000", "44450", 45_000_00),
        ("45000", "44449", 89_449_00),
        ("200", "157", 200_00),
        ("200", "97", 297_00),
        ("1000000", "990000", 1_000_000_00),
        ("1000000", "989000", 1_989_000_00),
        ("45000", "22501", 67_501_00),
    ],
)
def test_two_banks_words_differ_by_charges_only(first, second, counted):
    """100 USD and 1 %: what the banks between take. In won the same; without a rate the share alone."""
    for currency, times, rate in (("USD", 1, None), ("KRW", 1400, "1400")):
        ledger = Ledger()
        if rate is not None:
            ledger.rate(later(hours=0), rate)
        for number, amount in enumerate((first, second)):
            ledger.pay(
                f"{number}",
                later(hours=number + 1),
                str(int(amount) * times),
                payment_id=UETR,
                currency=currency,
                institution=f"BANK{number}",
            )
        assert total(ledger) == counted


@pytest.mark.parametrize(("amount", "rows_wanted"), [("9900", 1), ("9899", 2)])
def test_without_a_rate_charges_are_a_hundredth(amount, rows_wanted):
    """Nothing says how much 100 USD are in a currency without a rate."""
    ledger = Ledger()
    for number, one in enumerate(("10000", amount)):
        ledger.pay(f"{number}", later(hours=number), one, payment_id=UETR, currency="VND", institution=f"BANK{number}")
    assert len(rows(party(ledger))) == rows_wanted


@pytest.mark.parametrize("made_up", [0, 1, 200])
def test_payments_made_up_under_a_uetr_take_no_settlement_and_no_return_away(made_up):
    """A bank orders 45 000; another writes any number of payments under its UETR; the order is settled and comes back.

    What is made up counts, and is named; nothing of it is in the way of the bank whose payment it is. One word that
    agrees with the payment, and joined it, is made up too: it counts until its own bank takes it back.
    """
    ledger = Ledger()
    ledger.pay("o", later(hours=0), "45000", payment_id=UETR, status="ordered")
    for number in range(made_up):
        # more than charges apart from each other, and from the payment; the last of them agrees with it
        amount = 45_000 if number == made_up - 1 else 50_000 + 5_000 * number
        ledger.pay(
            f"x{number}", later(hours=1, minutes=number), str(amount), payment_id=UETR, institution=f"BANKX{number % 3}"
        )
    false = total(ledger) - 45_000_00
    ledger.pay("s", later(days=1), "44980", payment_id=UETR)
    assert total(ledger) - false in {44_980_00, 45_000_00}
    ledger.pay("r", later(days=2), "44980", payment_id=UETR, status="returned", original_event_id="not told")
    if made_up == 1:
        assert total(ledger) == 45_000_00
        ledger.pay(
            "xr",
            later(days=2),
            "44980",
            payment_id=UETR,
            status="returned",
            original_event_id="x0",
            institution="BANKX0",
        )
    assert 0 <= total(ledger) - false <= 20_00


def test_one_banks_constant_uetr_does_not_hide_its_payments_behind_anothers():
    """B writes A's UETR on each of its records: A's payment counts, and each of B's from the second on too."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "4900", payment_id=UETR)
    for number in range(10):
        ledger.pay(f"b{number}", later(hours=number), "4900", payment_id=UETR, institution="BANKB")
    assert total(ledger) == 11 * 4900_00


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (UETR, True),
        (UETR.upper(), True),
        (OTHER_UETR, True),
        ("eb6305c9-1f7f-19de-aed0-16487c27b42d", False),  # version 1
        ("eb6305c9-1f7f-49de-7ed0-16487c27b42d", False),  # another variant
        ("00000000-0000-4000-8000-000000000000", False),
        ("11111111-1111-4111-8111-111111111111", False),
        ("eb6305c91f7f49deaed016487c27b42d", False),
        ("{" + UETR[1:], False),
        ("0", False),
        ("", False),
    ],
)
def test_a_uetr_has_swifts_form_and_is_no_filler(text, wanted):
    """A UUID of version 4; zeros are nobody's."""
    assert is_uetr(text) is wanted
