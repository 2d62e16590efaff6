"""What the accounting is told of a transaction, and what follows from it."""

from typing import Any

import pytest

from detectors import payment_step, transaction
from detectors.alerting import evidence
from detectors.books import accounting
from detectors.books.accounting import Effect, Incoming
from detectors.books.payment_ids import event_number
from detectors.values.legal_calendar import to_us
from tests.support.ledger import Ledger, later, payment
from tests.support.transaction_steps import rated, record, step_of

PARTY = "k1.0a3.remitter"


def accounted(
    monkeypatch: pytest.MonkeyPatch,
    effect: Effect,
    ledger: Ledger,
    late: bool = False,
    folded: bytes = b"",
    **fields: Any,
) -> tuple[Any, Any, Any, list[Any]]:
    """An event whose accounting comes to `effect`: the step, its row, its money, and what accounting was asked."""
    step, worth = step_of(ledger, payment("e", later(hours=1), **fields))
    row = payment_step.row_of(step, worth)
    asked = record(monkeypatch, accounting, "account", effect)
    step.known.folded = folded
    assert transaction._account(step, row, worth, late) is effect
    return step, row, worth, asked


@pytest.mark.parametrize("late", [False, True])
def test_the_accounting_is_told_everything_of_the_event(monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    """Its row and status, the event that it takes back, its currency, who says it, whether it is late; legal time."""
    fields = {"status": "returned", "original_event_id": "o", "currency": "EUR", "institution": "BANKB"}
    effect = Effect("late", None)
    step, row, _, asked = accounted(monkeypatch, effect, rated(), late=late, **fields)
    assert asked == [
        (step.known, Incoming(row, "returned", event_number("BANKB", "o"), "EUR", "BANKB", late, step.effective.zone))
    ]
    assert step.known.proofs == []


@pytest.mark.parametrize(("currency", "cents"), [("USD", 4900_00), ("EUR", 0)])
def test_a_return_of_a_folded_payment_is_noted(monkeypatch: pytest.MonkeyPatch, currency: str, cents: int) -> None:
    """It found no row; of one whose worth is not known there is nothing to take back."""
    noted = record(monkeypatch, transaction.folded, "note_return")
    effect = Effect("pending", None)
    step, *_ = accounted(monkeypatch, effect, rated(), folded=b"x", status="returned", currency=currency)
    assert noted == [(step.known, cents, transaction._needs(step))]
    noted.clear()
    accounted(monkeypatch, effect, rated(), status="returned")
    accounted(monkeypatch, Effect("reversed", None), rated(), folded=b"x", status="returned")
    assert noted == []


@pytest.mark.parametrize(
    ("kind", "follows"), [("amended", True), ("reversed", True), ("new", False), ("known", False), ("late", False)]
)
def test_what_was_taken_back_is_followed(monkeypatch: pytest.MonkeyPatch, kind: str, follows: bool) -> None:
    """From the party as it was before the event."""
    followed = record(monkeypatch, transaction.taken_back, "follow")
    was = object()
    monkeypatch.setattr(transaction.taken_back, "before", lambda party: (was, party))
    ledger = rated()
    step, *_ = accounted(monkeypatch, Effect(kind, None), ledger)
    assert followed == [(ledger.state, step.effective, step.known, (was, step.known))] * follows


def test_corrected_rates_are_brought_to_the_party_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where corrections are under way, before anything is decided of it; else nothing is looked at."""
    order = record(monkeypatch, transaction.taken_back, "bring_up_to_date")
    ledger = rated()
    accounted(monkeypatch, Effect("known", None), ledger)
    assert order == []
    ledger.state.restatement.waiting = {"somebody": 0}
    step, *_ = accounted(monkeypatch, Effect("known", None), ledger)
    assert order == [(ledger.state, step.effective, PARTY, step.known)]


@pytest.mark.parametrize(
    ("fields", "piece"),
    [
        ({"amount": "4000"}, True),
        ({"amount": "5000"}, True),
        ({"amount": "3999.99"}, False),
        ({"amount": "5000.01"}, False),
        ({"amount": "4500", "direction": "in"}, False),
    ],
    ids=str,
)
def test_what_names_a_payment_without_papers_is_kept(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, str], piece: bool
) -> None:
    """An alert may have to show it; outbound pieces in T01's band, its edges among them, have places of their own."""
    for kind in ("new", "amended"):
        monkeypatch.setattr(transaction.taken_back, "follow", lambda *_: None)
        ledger = rated()
        step, _ = step_of(ledger, payment("e", later(hours=1), **fields))
        row = payment_step.row_of(step, step_worth(step))
        step, *_ = accounted(monkeypatch, Effect(kind, row), ledger, **fields)
        [proof] = step.known.proofs
        assert proof == evidence.proof_of(ledger.state, step.event, step.origin, piece=piece)


def step_worth(step: Any) -> Any:
    """The money of a step's event."""
    return payment_step.worth_of(step.state, step.effective, step.event, step.at_us)


@pytest.mark.parametrize(
    ("kind", "row", "fields"),
    [("new", True, {"evidence": "shown"}), ("known", True, {}), ("reversed", False, {}), ("new", False, {})],
)
def test_nothing_is_kept_of_what_does_not_count_without_papers(
    monkeypatch: pytest.MonkeyPatch, kind: str, row: bool, fields: dict[str, str]
) -> None:
    """With papers, known already, or taken back."""
    monkeypatch.setattr(transaction.taken_back, "follow", lambda *_: None)
    ledger = rated()
    step, worth = step_of(ledger, payment("e", later(hours=1), **fields))
    effect = Effect(kind, payment_step.row_of(step, worth) if row else None)
    assert accounted(monkeypatch, effect, ledger, **fields)[0].known.proofs == []


def test_an_earlier_payment_does_not_move_the_clock_back() -> None:
    """The step's clock is the partition's with this event counted."""
    ledger = rated()
    ledger.pay("a", later(hours=5))
    steps = [step_of(ledger, payment("b", later(hours=hours)))[0] for hours in (2, 7)]
    assert [step.clock_us for step in steps] == [to_us(later(hours=5)), to_us(later(hours=7))]


def test_a_payment_is_accounted_with_its_money_and_its_lateness(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the accounting is given is what the payment came to."""
    ledger = rated()
    ledger.pay("newest", later(days=60), party="k1.0a3.other")
    asked = record(monkeypatch, transaction, "_account", Effect("known", None))
    ledger.pay("late", later(hours=1))
    ledger.pay("in time", later(days=60), "100")
    assert [(step.event.event_id, row.usd, worth.usd, late) for step, row, worth, late in asked] == [
        ("late", 4900_00, 4900_00, True),
        ("in time", 100_00, 100_00, False),
    ]
