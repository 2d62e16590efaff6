"""Which events are of one payment: an id is only what a sender wrote, and in doubt a payment counts."""

import msgspec
import pytest

from detectors.books.party import MOST_RESTATED, MOST_REVERSALS, Party, Restated, Reversal, pack
from detectors.books.payments import NO_DOCUMENT, Payment, exact_sum, rows
from detectors.memory.roster import merge
from detectors.memory.state import PartitionState
from tests.support.ledger import Ledger, later
from tests.support.own_cpu import own_cpu
from tests.support.payment_joins import PARTY, UETR, fired, joins, party, total

# A constant id


@pytest.mark.parametrize("name", ["0", UETR, "NONREF"])
@pytest.mark.parametrize("apart", [{"days": 1}, {"hours": 1}, {"days": 8}, {"hours": 0}])
def test_a_constant_id_makes_no_payment_vanish(name, apart):
    """34 payments of 4 900 to one payee under one id: 34 count, and the yearly cap of 100 000 is crossed."""
    ledger, found = Ledger(), set()
    for number in range(34):
        at = later(**{unit: length * number for unit, length in apart.items()})
        found |= fired(ledger.pay(f"e{number}", at, payment_id=name).alerts)
    assert total(ledger) == 34 * 4900_00
    assert len(rows(party(ledger))) == 34
    assert ledger.state.counters["scored"] >= 33
    assert ledger.state.counters["payment.reused"] >= 32
    assert "T02" in found


def test_a_constant_id_of_orders_and_settlements_counts_each_payment_once():
    """Ordered and settled under one id for ever: each payment counts once, neither never nor twice."""
    ledger = Ledger()
    for number in range(20):
        ledger.pay(f"o{number}", later(days=number), status="ordered", payment_id="0")
        ledger.pay(f"s{number}", later(days=number, hours=3), payment_id="0")
    assert total(ledger) == 20 * 4900_00


def test_all_orders_first_and_all_settlements_after_count_once():
    """The same when a batch of orders is settled later."""
    ledger = Ledger()
    for number in range(20):
        ledger.pay(f"o{number}", later(hours=number), status="ordered", payment_id="0")
    for number in range(20):
        ledger.pay(f"s{number}", later(days=2, hours=number), payment_id="0")
    assert total(ledger) == 20 * 4900_00
    assert len(rows(party(ledger))) == 20


def test_what_an_id_had_hidden_is_put_back_at_its_own_time_across_a_save():
    """The second payment under an id may be a correction; the third says that it was none."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "4000", payment_id="0")
    ledger.pay("b", later(hours=5), "4500", payment_id="0")
    assert total(ledger) == 4500_00
    assert joins(ledger) == {"payment.restated": 1}
    ledger.state = PartitionState.thaw(list(ledger.state.freeze().sections()))
    ledger.pay("c", later(hours=9), "4900", payment_id="0")
    assert total(ledger) == 13_400_00
    assert joins(ledger) == {"payment.restated": 1, "payment.reused": 1}
    hours = [(int(at) - int(later(hours=0).timestamp() * 1e6)) / 3.6e9 for at in sorted(rows(party(ledger))["time"])]
    assert hours == [0, 5, 9]
    ledger.pay("back", later(hours=10), "4000", status="returned", original_event_id="a")
    ledger.pay("back2", later(hours=11), "4500", status="returned", original_event_id="b")
    assert total(ledger) == 4900_00


def test_many_ids_in_turn_each_hide_one_payment_at_most():
    """Memory of what was said before is bounded; an id that was restated once is not restated again without it."""
    ledger = Ledger()
    for turn in range(6):
        for name in range(60):
            ledger.pay(f"{turn}.{name}", later(hours=turn, minutes=name), "100", payment_id=f"id{name}")
    assert total(ledger) >= 60 * 5 * 100_00
    assert len(party(ledger).restated) <= MOST_RESTATED


def test_an_id_that_never_changes_costs_little():
    """20 000 payments under one id: the last hundred cost no more than a few milliseconds each."""
    ledger = Ledger()
    record = party_of_one_id(ledger, 20_000)
    ledger.state.parties[PARTY] = record
    with own_cpu() as spent:
        for number in range(20):
            ledger.pay(f"x{number}", later(days=1, minutes=number), "100", evidence="shown", payment_id="0")
    assert spent.seconds / 20 < 0.02


def party_of_one_id(ledger: Ledger, count: int) -> bytes:
    """A party whose row is there `count` times."""
    ledger.pay("x", later(hours=0), "100", evidence="shown", payment_id="0")
    found = party(ledger)
    found.payments *= count
    return pack(found)


# What has to agree


def test_an_incoming_cent_of_the_same_id_hides_no_outgoing_payment():
    """Outgoing 45 000, incoming 0.01 under the same id: both count, and the id is named."""
    for uetr in (UETR, "REF-1"):
        for amount, cents in (("0.01", 1), ("45000", 45_000_00)):
            ledger = Ledger()
            ledger.pay("a", later(hours=0), "45000", payment_id=uetr)
            ledger.pay("b", later(hours=1), amount, payment_id=uetr, direction="in", institution="BANKA")
            assert (total(ledger), total(ledger, "in")) == (45_000_00, cents)
            assert joins(ledger) == {"payment.reused": 1}


@pytest.mark.parametrize(
    ("fields", "counted"),
    [
        ({"currency": "EUR"}, 45_000_00 + 45_500_00),
        ({"amount": "22500"}, 45_000_00 + 22_500_00),
        ({"amount": "90000"}, 45_000_00 + 90_000_00),
        ({"counterparty": "k1.222.other"}, 45_000_00 + 45_500_00),
    ],
)
def test_an_event_that_disagrees_is_a_payment_of_its_own(fields, counted):
    """Another currency, a multiple, or a second settlement to another payee; beside it, the one that agrees."""
    for agrees in (True, False):
        ledger = Ledger()
        ledger.rate(later(hours=0), "1", "EUR", "USD")
        ledger.pay("a", later(hours=1), "45000", payment_id="P")
        given = {"amount": "45500"} | ({} if agrees else fields)
        ledger.pay("b", later(hours=2), payment_id="P", **given)
        assert total(ledger) == (45_500_00 if agrees else counted)
        assert joins(ledger) == ({"payment.restated": 1} if agrees else {"payment.reused": 1})


@pytest.mark.parametrize(("days", "counted"), [(10, 4800_00), (10.1, 9700_00), (365, 9700_00)])
def test_a_second_settlement_long_after_is_another_payment(days, counted):
    """Within 10 days it corrects the first; after that, and a year later, it is a payment."""
    ledger = Ledger()
    ledger.pay("a", later(days=0), "4900", payment_id="P")
    ledger.pay("b", later(days=days), "4800", payment_id="P")
    found = rows(party(ledger))
    assert exact_sum(found["usd"]) == counted


def test_an_order_is_settled_however_long_it_takes():
    """Ordered in March, settled in June with the charges off: one payment, at the order's time."""
    ledger = Ledger()
    ledger.pay("o", later(days=0), "50000", status="ordered", payment_id="P")
    ledger.pay("s", later(days=90), "49970", payment_id="P")
    assert total(ledger) == 49_970_00
    assert joins(ledger) == {}


def test_documents_that_came_later_are_taken_from_the_bank_that_saw_them():
    """The settlement says that documents were shown: the payment is not one of those without."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), payment_id="P")
    ledger.pay("b", later(days=2), payment_id="P", evidence="verified")
    assert [int(flags) & NO_DOCUMENT for flags in rows(party(ledger))["flags"]] == [0]


def test_a_cancelled_payment_hides_no_later_one():
    """Cancelled, and the same id again: the later payment counts. An order told late does not revive the old one."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), status="ordered", payment_id="0")
    ledger.pay("c", later(hours=1), status="cancelled", payment_id="0", original_event_id="a")
    ledger.pay("a2", later(hours=0.5), payment_id="0")
    assert total(ledger) == 0
    ledger.pay("b", later(hours=2), payment_id="0")
    assert total(ledger) == 4900_00


# Returns and cancellations


@pytest.mark.parametrize("status", ["returned", "cancelled"])
@pytest.mark.parametrize(
    "fields",
    [
        {"direction": "in"},
        {"currency": "EUR"},
        {"institution": "BANKB"},
        {"institution": "BANKB", "payment_id": "REF-1"},
    ],
)
def test_a_reversal_that_disagrees_takes_nothing_back(status, fields):
    """Another direction, currency or bank; before or after its payment. Beside it, the one that agrees."""
    for given, left in ((fields, 4900_00), ({}, 0)):
        for order in ((0, 1), (1, 0)):
            ledger = Ledger()
            ledger.rate(later(hours=0), "1.1", "EUR", "USD")
            told = [
                lambda ledger: ledger.pay("a", later(hours=1), payment_id="REF-1"),
                lambda ledger, given=given: ledger.pay(
                    "r", later(hours=2), status=status, original_event_id="a", **given
                ),
            ]
            for place in order:
                told[place](ledger)
            assert total(ledger) == left


def test_a_reversal_that_names_a_payment_and_disagrees_is_counted():
    """An operator sees which bank takes back what it never sent."""
    ledger = Ledger()
    ledger.pay("a", later(hours=1), payment_id="REF-1")
    ledger.pay("r", later(hours=2), "9800", status="returned", original_event_id="a")
    ledger.pay("c", later(hours=2), status="cancelled", direction="in", original_event_id="a")
    ledger.pay("unknown", later(hours=2), status="returned", original_event_id="nothing")
    assert total(ledger) == 4900_00
    assert joins(ledger) == {"reversal.mismatched": 2}


def test_a_return_by_a_constant_id_takes_back_one_payment_not_all_that_follow():
    """It names an original that is not known and the id of everything: one payment at most, none that came later."""
    ledger = Ledger()
    ledger.pay("r", later(hours=0), status="returned", payment_id="0", original_event_id="long ago")
    for number in range(10):
        ledger.pay(f"e{number}", later(days=2 + number), payment_id="0")
    assert total(ledger) == 10 * 4900_00
    ledger.pay("r2", later(days=20), status="returned", payment_id="0", original_event_id="unknown too")
    assert total(ledger) == 10 * 4900_00
    assert joins(ledger)["reversal.mismatched"] == 1


def test_a_return_that_waits_takes_back_once():
    """It came first and names the payment by id alone: its payment is the next, not the one after."""
    ledger = Ledger()
    ledger.pay("r", later(hours=5), status="returned", payment_id="P", original_event_id="not told")
    ledger.pay("a", later(hours=1), payment_id="P")
    assert total(ledger) == 0
    ledger.pay("b", later(hours=6), payment_id="P")
    assert total(ledger) == 4900_00


def test_a_settlement_months_after_a_return_gives_nothing_back():
    """Half of an order comes back in March; its settlement of August counts for the other half, as one of April does.

    Payments between let old rows go, and the return went with them: 4 900 counted again.
    """
    ledger = Ledger()
    ledger.pay("a", later(days=1), payment_id="P", status="ordered")
    ledger.pay("r", later(days=2), "2450", status="returned", original_event_id="a")
    for number in range(11):
        ledger.pay(f"b{number}", later(days=60 + 10 * number), "1", direction="in", evidence="shown")
    assert len(rows(party(ledger))) < 12
    ledger.pay("s", later(days=170), payment_id="P")
    assert total(ledger) == 2450_00


def test_a_return_that_was_taken_takes_nothing_else_when_its_payment_is_forgotten():
    """Its payment's row is pruned; another payment of the id comes late, dated before the return."""
    ledger = Ledger()
    ledger.pay("a", later(hours=1), payment_id="P")
    ledger.pay("r", later(hours=5), status="returned", payment_id="P", original_event_id="not told")
    assert total(ledger) == 0
    found = party(ledger)
    found.payments = b""
    ledger.state.parties[PARTY] = pack(found)
    ledger.pay("b", later(hours=2), payment_id="P")
    assert total(ledger) == 4900_00


def test_another_banks_return_by_uetr_takes_nothing_back_and_is_counted():
    """A bank that told nothing of the payment tells its return; a cancellation of another size agrees with nothing."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "45000", payment_id=UETR)
    ledger.pay(
        "c", later(hours=1), "1", status="cancelled", payment_id=UETR, institution="BANKB", original_event_id="b"
    )
    assert total(ledger) == 45_000_00
    ledger.pay(
        "r", later(hours=2), "44980", status="returned", payment_id=UETR, institution="BANKB", original_event_id="b"
    )
    assert total(ledger) == 45_000_00
    assert joins(ledger) == {"reversal.mismatched": 1, "reversal.foreign": 1}
    ledger.pay("own", later(hours=3), "44980", status="returned", payment_id=UETR, original_event_id="a")
    assert total(ledger) == 20_00
    assert joins(ledger) == {"reversal.mismatched": 1, "reversal.foreign": 1}


@pytest.mark.parametrize("status", ["returned", "cancelled"])
@pytest.mark.parametrize(("sender", "cents", "alerts"), [("BANKX", 60_000_00, {"T02"}), ("BANKB", 0, set())])
def test_no_return_of_another_bank_waits_for_a_payment(status, sender, cents, alerts):
    """BANKX tells a return under BANKB's UETR before BANKB tells the payment: it counts, and crosses the cap.

    BANKB's own return may come first, and takes back. What BANKB settles anew counts.
    """
    ledger = Ledger()
    ledger.pay("before", later(hours=0), "50000", institution="BANKB", counterparty="k1.111.q")
    ledger.pay(
        "r", later(hours=2), "60000", status=status, payment_id=UETR, institution=sender, original_event_id="not told"
    )
    told = ledger.pay("p", later(hours=1), "60000", payment_id=UETR, institution="BANKB")
    assert total(ledger) == 50_000_00 + cents
    assert fired(told.alerts) == alerts
    ledger.pay("s", later(hours=3), "59000", payment_id=UETR, institution="BANKB")
    assert total(ledger) == 109_000_00


def test_a_bank_that_told_the_payment_too_may_have_told_its_return_first():
    """BANKX names its own event, told later, of a payment that BANKB told before: both take it back."""
    ledger = Ledger()
    ledger.pay("p", later(hours=0), "60000", payment_id=UETR, institution="BANKB")
    ledger.pay(
        "r", later(hours=5), "100", status="returned", institution="BANKX", original_event_id="x", payment_id="no such"
    )
    assert total(ledger) == 60_000_00
    ledger.pay("x", later(hours=1), "60050", payment_id=UETR, institution="BANKX")
    assert total(ledger) == 60_050_00
    ledger.pay("rb", later(hours=6), "100", status="returned", institution="BANKB", original_event_id="p")
    assert total(ledger) == 59_950_00


@pytest.mark.parametrize("first", ["told", "taken back"])
def test_a_bank_that_takes_back_its_own_word_leaves_anothers(first):
    """A tells a transfer by B's UETR and cancels its own word, before or after B told it: B's counts."""
    ledger = Ledger()
    cancelled = {"status": "cancelled", "original_event_id": "a", "payment_id": UETR}
    ledger.pay("a", later(hours=0), "60000", payment_id=UETR)
    if first == "taken back":
        ledger.pay("c", later(hours=20), "60000", **cancelled)
    ledger.pay("b", later(hours=1), "60000", payment_id=UETR, institution="BANKB")
    if first == "told":
        assert joins(ledger) == {"payment.restated": 1}
        ledger.pay("c", later(hours=20), "60000", **cancelled)
    assert total(ledger) == 60_000_00
    assert joins(ledger)["reversal.foreign"] == 1


@pytest.mark.parametrize(("institution", "cents", "counted"), [("BANKB|2025", 60_000_00, {}), ("BANKB", 0, {})])
def test_an_institution_whose_name_holds_the_sign_between_name_and_id_is_another(institution, cents, counted):
    """`BANKB|2025` and `7` are not what BANKB calls `2025|7`, neither as an event nor as a payment's id."""
    ledger = Ledger()
    ledger.pay("2025|7", later(hours=0), "60000", institution="BANKB", payment_id="2025|8")
    own = institution == "BANKB"
    ledger.pay(
        "c",
        later(hours=1),
        "60000",
        status="cancelled",
        institution=institution,
        original_event_id="2025|7" if own else "7",
        payment_id="2025|8" if own else "8",
    )
    assert total(ledger) == cents
    assert joins(ledger) == counted


def test_returns_are_taken_back_again_from_a_corrected_amount():
    """Settled 1 000, 300 returned, corrected to 1 100: 800 is left, to the cent and in the same currency."""
    ledger = Ledger()
    ledger.pay("a", later(hours=0), "1000", payment_id="P")
    ledger.pay("r", later(hours=1), "300.55", status="returned", original_event_id="a")
    ledger.pay("b", later(hours=2), "1100", payment_id="P")
    assert total(ledger) == 799_45


# Memory that one institution fills


@pytest.mark.parametrize("senders", [0, 1, 100])
def test_no_flood_of_returns_makes_another_banks_return_vanish(senders):
    """A return that came before its payment waits for it, whatever another bank, or a hundred made-up ones, send."""
    ledger = Ledger()
    ledger.pay("early", later(hours=1), "4900", status="returned", payment_id="P", original_event_id="a")
    ledger.pay("other", later(hours=2), "10")
    for number in range(200 if senders else 0):
        ledger.pay(
            f"x{number}",
            later(hours=2, minutes=number),
            status="returned",
            original_event_id="nothing",
            institution=f"BANKX{number % senders}",
        )
    assert len(party(ledger).reversals) == (MOST_REVERSALS if senders else 1)
    ledger.pay("a", later(hours=0), "4900", payment_id="P")
    assert total(ledger) == 10_00


@pytest.mark.parametrize("flood", [0, 100])
def test_no_flood_of_corrections_makes_a_hidden_payment_vanish(flood):
    """What a bank's id had hidden is put back at its third payment, though another bank corrected 100 payments."""
    ledger = Ledger()
    for number in range(2):
        ledger.pay(f"a{number}", later(minutes=number), "1000", payment_id="0")
    for number in range(flood):
        for turn in range(2):
            ledger.pay(
                f"x{number}.{turn}",
                later(hours=1, minutes=number + turn),
                "10",
                payment_id=f"id{number}",
                institution="BANKX",
            )
    ledger.pay("a2", later(hours=9), "1000", payment_id="0")
    assert total(ledger) == 3000_00 + flood * 10_00


def test_two_parties_that_prove_to_be_one_keep_each_banks_share():
    """A merge cuts as fairly as an event does."""
    first, second = Party(), Party()
    first.names = second.names = ["", "BANKA", "BANKX"]
    back = Reversal(
        original=1,
        payment=0,
        time_us=0,
        whole=False,
        outbound=True,
        mantissa=1,
        exponent=0,
        currency="USD",
        institution="BANKA",
        beneficiary=1,
    )
    first.reversals = [back]
    second.reversals = [msgspec.structs.replace(back, institution="BANKX")] * MOST_REVERSALS
    row = Payment(1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0)
    first.payments = row.packed()
    first.restated = [Restated(1, 0, row.packed())]
    second.restated = [Restated(2, 0, msgspec.structs.replace(row, institution=2).packed())] * MOST_RESTATED
    both = merge(second, first)
    assert [one.institution for one in both.reversals] == ["BANKA", *["BANKX"] * (MOST_REVERSALS - 1)]
    assert [one.first for one in both.restated] == [1, *[2] * (MOST_RESTATED - 1)]
