"""An alert's evidence: what each payment was as it counts now, what a declared line said, and what is not known."""

from datetime import timedelta

import msgspec
import pytest
from msgspec import UNSET

from detectors import typologies
from detectors.alerting.evidence import Trigger, evidence, line_proof_of, proof_of
from detectors.books.party import unpack
from detectors.books.payments import NO_DOCUMENT, OUT
from detectors.books.proofs import DeclaredLine, packed_token
from detectors.books.wanted import Wanted, Which
from detectors.contracts.alert import EvidenceItem
from detectors.contracts.events import Transaction
from detectors.values.legal_calendar import to_us
from tests.support.declared_lines import declaration
from tests.support.ledger import START, Ledger, later, payment

PARTY, TOKEN = "k1.0a3.remitter", "k1.111." + "7d" * 16
STUDY = {"purpose": "40201", "purpose_en": "study abroad", "purpose_ko": "해외유학경비"}
DECLARATIONS = "customs.declarations.v1"


WANTED = Wanted(proofs=(Which(),), declarations=True)


@pytest.fixture(autouse=True)
def wanting(monkeypatch):
    """All payments and declared lines are kept to be named."""
    monkeypatch.setattr(typologies, "_together", lambda registry: WANTED)


def shown(ledger, event, offsets=(), *, usd=None, origin=None):
    """The evidence of an alert at the ledger's next record, `event`, or at one that is applied already."""
    state = ledger.state
    trigger = Trigger(
        state, state.configuration.legend, unpack(state.parties[PARTY]), event, origin or ledger.origin(), usd
    )
    return evidence(trigger, offsets)


def last(ledger):
    """The evidence that stands behind the record applied last."""
    event, origin = ledger.log[-1]
    assert isinstance(event, Transaction)
    return shown(ledger, event, origin=origin)[0][0]


def told(item):
    """What an item says of the payment, without what names and proves it."""
    fields = msgspec.structs.asdict(item)
    return {
        name: value
        for name, value in fields.items()
        if value is not UNSET and name not in {"event_id", "topic", "offset", "commitment", "institution", "event_time"}
    }


def test_a_payment_is_shown_whole():
    """Time, amount, worth, direction, purpose with both texts, and what the proof kept."""
    ledger = Ledger()
    ledger.rate(START, "0.9", "EUR", "USD")
    papers = {"branch": "B7", "declaration_no": "D-1", "report_no": "R-1"}
    ledger.pay("e1", START, "4858.80", currency="EUR", purpose="40201", counterparty=TOKEN, **papers)
    item = last(ledger)
    assert item == EvidenceItem(
        event_id="e1",
        topic="fx.transactions.v1",
        institution="BANKA",
        event_time=START,
        offset=2,
        commitment=ledger.log[-1][1].commitment,
        direction="out",
        status="settled",
        amount="4858.80",
        currency="EUR",
        amount_usd="4372.92",
        counterparty=TOKEN,
        **STUDY,
        **papers,
    )


def test_what_is_not_known_is_left_out():
    """No rate, no purpose, one that the configuration has no text for, no branch and no numbers."""
    ledger = Ledger()
    ledger.pay("e1", START, "100", currency="EUR", purpose=None, direction="in", status="ordered")
    common = {
        "direction": "in",
        "status": "ordered",
        "amount": "100",
        "currency": "EUR",
        "counterparty": "k1.111.payee",
    }
    assert told(last(ledger)) == common
    ledger.pay("e2", START, "100", currency="EUR", purpose="X9", direction="in", status="ordered")
    assert told(last(ledger)) == common | {"purpose": "X9"}


def test_a_payment_is_shown_as_it_counts_now():
    """Settled for another amount than was ordered, then a part came back, then all of it."""
    ledger = Ledger()
    ledger.pay("e1", START, "5000", status="ordered", payment_id="P")
    ledger.pay("e2", later(hours=1), "4900", payment_id="P")
    item = shown(ledger, payment("t", later(hours=9)), (2,))[0][0]
    assert (item.event_id, item.event_time, item.status, item.amount) == ("e2", START, "settled", "4900")
    ledger.pay("r1", later(hours=2), "900.5", status="returned", original_event_id="e1", payment_id=None)
    item = shown(ledger, payment("t", later(hours=9)), (2,))[0][0]
    assert (item.status, item.amount, item.amount_usd) == ("settled", "3999.50", "3999.50")
    ledger.pay("r2", later(hours=3), "3999.5", status="returned", original_event_id="e1", payment_id=None)
    item = shown(ledger, payment("t", later(hours=9)), (2,))[0][0]
    assert (item.status, item.amount, item.amount_usd) == ("returned", "0.00", "0.00")


def test_a_cancelled_payment_says_so():
    """The whole was taken back by a cancellation, of this payment and not of another."""
    ledger = Ledger()
    for number in (1, 2):
        ledger.pay(f"e{number}", later(hours=number), "5000")
    ledger.pay("r1", later(hours=3), "5000", status="cancelled", original_event_id="e1")
    ledger.pay("r2", later(hours=3), "5000", status="returned", original_event_id="e2")
    items, _ = shown(ledger, payment("t", later(hours=9)), (1, 2))
    assert [item.status for item in items] == ["cancelled", "returned", "settled"]


def test_the_trigger_has_its_own_time_and_bank_and_the_amount_of_its_row():
    """What settles an order stands at its own time, though the payment counts at the order's."""
    ledger = Ledger()
    ledger.pay("e1", START, "5000", status="ordered", payment_id="P")
    ledger.pay("r", later(hours=1), "100", status="returned", original_event_id="e1")
    ledger.pay("e2", later(hours=2), "4900", payment_id="P")
    item = last(ledger)
    assert (item.event_time, item.amount, item.amount_usd) == (later(hours=2), "4800", "4800.00")


def test_a_trigger_without_a_row_says_what_it_said():
    """A late payment counts in no window, so that there is no row of it; without a rate it has no worth."""
    ledger = Ledger()
    ledger.pay("e1", START)
    event = payment("late", later(hours=1), "12.5", purpose="40201", currency="EUR", branch="B1")
    (item,), total = shown(ledger, event, usd=1_234)
    said = {"direction": "out", "status": "settled", "amount": "12.5", "currency": "EUR", "branch": "B1"}
    assert told(item) == said | STUDY | {"amount_usd": "12.34", "counterparty": "k1.111.payee"}
    assert (item.event_id, item.institution, item.event_time, total) == ("late", "BANKA", later(hours=1), 1)
    bare = shown(ledger, msgspec.structs.replace(event, purpose=None))[0][0]
    assert (bare.amount_usd, bare.purpose, bare.purpose_en) == (UNSET, UNSET, UNSET)


def test_a_declared_line_is_shown_beside_the_payment_for_it():
    """In ledger order; customs is no institution, and a line has neither direction nor status."""
    ledger = Ledger()
    ledger.put(declaration("d1", START, "99.5", counterparty=TOKEN, line=2), ledger.origin(DECLARATIONS))
    ledger.pay("e1", later(hours=1), "99.5", declaration_no="Nd1")
    event, origin = ledger.log[-1]
    (line, paid), total = shown(ledger, event, (1,), origin=origin)
    assert line == EvidenceItem(
        event_id="d1",
        topic=DECLARATIONS,
        institution=None,
        event_time=START,
        offset=1,
        commitment=ledger.log[1][1].commitment,
        amount="99.5",
        currency="USD",
        counterparty=TOKEN,
        declaration_no="Nd1",
        kind="import",
        line=2,
    )
    assert (paid.declaration_no, paid.kind, total) == ("Nd1", UNSET, 2)
    ledger.put(declaration("d2", later(hours=2), kind="export"), ledger.origin(DECLARATIONS))
    item = shown(ledger, payment("t", later(hours=3)), (3,))[0][0]
    assert (item.kind, item.line, item.event_time) == ("export", UNSET, later(hours=2))


def test_lines_stay_when_rows_go_and_are_not_kept_where_no_rule_wants_them(monkeypatch):
    """A year later the payment's row is gone, and with it its proof; the line's is still there."""
    ledger = Ledger()
    ledger.put(declaration("d1", START), ledger.origin(DECLARATIONS))
    ledger.pay("e1", START, evidence="shown")
    for day in range(400, 408):
        ledger.pay(f"p{day}", later(days=day), evidence="shown")
    assert [proof.offset for proof in unpack(ledger.state.parties[PARTY]).proofs] == [1, *range(3, 11)]
    monkeypatch.setattr(typologies, "_together", lambda registry: Wanted(proofs=(Which(),)))
    bare = Ledger()
    bare.put(declaration("d1", START), bare.origin(DECLARATIONS))
    assert unpack(bare.state.parties[PARTY]).proofs == []


def test_fifty_are_shown_and_the_number_is_the_true_one():
    """Of fifty behind the finding all but the trigger's place; of forty-nine each one."""
    ledger = Ledger()
    for number in range(50):
        ledger.pay(f"p{number}", START + timedelta(minutes=number), evidence="shown")
    event = payment("t", later(hours=2))
    items, total = shown(ledger, event, range(2, 51))
    assert ([item.offset for item in items], total) == ([*range(2, 51), 51], 50)
    items, total = shown(ledger, event, range(1, 51), origin=ledger.origin())
    assert ([item.offset for item in items], total) == ([*range(2, 51), 51], 51)


def test_one_that_is_not_remembered_is_counted_only():
    """No proof, or no row to say its time: it is among the number."""
    ledger = Ledger()
    ledger.pay("e1", START)
    party = unpack(ledger.state.parties[PARTY])
    trigger = Trigger(
        ledger.state, ledger.state.configuration.legend, party, payment("t", later(hours=1)), ledger.origin(), None
    )
    assert [item.event_id for item in evidence(trigger, (1, 7))[0]] == ["e1", "t"]
    assert evidence(trigger, (1, 7))[1] == 3
    party.proofs = []
    assert [item.event_id for item in evidence(trigger, (1, 7))[0]] == ["t"]


def test_what_is_kept_of_an_event_is_what_names_it_and_what_no_row_says():
    """Of a payment and of a line; both by their source's topic."""
    ledger = Ledger()
    origin = ledger.origin(DECLARATIONS)
    line = line_proof_of(ledger.state, declaration("d1", START, line=4, counterparty=TOKEN), origin)
    assert line.line == DeclaredLine(to_us(START), "import", "99.5", "USD", 4)
    assert (line.counterparty, line.declaration_no) == (packed_token(TOKEN), "Nd1")
    assert (ledger.state.topics[line.topic], line.event_id, line.offset, line.sender) == (DECLARATIONS, "d1", 1, 0)
    paid = proof_of(ledger.state, payment("e", START, branch="B"), origin, piece=True)
    assert (paid.line, paid.branch, paid.piece) == (None, "B", True)


def test_the_flags_of_a_row_are_told_by_direction_and_status():
    """Of both directions, settled and ordered."""
    ledger = Ledger()
    for number, (direction, status) in enumerate((("out", "settled"), ("in", "settled"), ("out", "ordered"))):
        ledger.pay(f"e{number}", later(hours=number), direction=direction, status=status)
        item = last(ledger)
        assert (item.direction, item.status) == (direction, status)
    assert OUT | NO_DOCUMENT == 3


def test_what_has_no_row_and_no_proof_is_shown_as_the_trade_ledger_holds_it(monkeypatch):
    """A payment by its ledger position, bank, amount and direction; a declared line by its kind. Others are counted."""
    monkeypatch.setattr(typologies, "_together", lambda registry: Wanted())
    ledger = Ledger()
    ledger.pay("e1", START, "7000", purpose="10101", evidence="shown", party_type="company")
    ledger.put(declaration("d1", later(hours=1)), ledger.origin(DECLARATIONS))
    ledger.pay("e2", later(hours=2), "50", evidence="shown")
    event, origin = ledger.log[-1]
    party = unpack(ledger.state.parties[PARTY])
    party.proofs, party.payments = [], b""
    trigger = Trigger(ledger.state, ledger.state.configuration.legend, party, event, origin, 5_000)
    items, total = evidence(trigger, [1, 2, 99])
    assert total == 4
    paid, line, own = items
    assert (paid.event_id, paid.topic, paid.offset) == ("fx.ledger.v1:3:1", "fx.ledger.v1", 1)
    assert (paid.institution, paid.event_time) == ("BANKA", START)
    assert told(paid) == {"direction": "out", "amount": "7000.00", "currency": "USD", "amount_usd": "7000.00"}
    assert (line.offset, line.institution, line.kind, line.direction) == (2, None, "import", UNSET)
    assert own.event_id == "e2"
