"""Whom payments through a device went to: kept by first event, bounded, the same through a key rotation."""

from detectors.books.party import Party, token_number, unpack
from detectors.books.payments import rows
from detectors.shared.payees import join_payees, note_payee, payees_of
from tests.support.ledger import later, payment
from tests.support.leg_log import PAYEE, LegLog, legs_of

DEVICE = "k1.002.device"


def payees(log: LegLog) -> list[int]:
    """Payees of the device's payments, in ledger order."""
    node = unpack(log.state.parties[DEVICE])
    known = payees_of(node)
    return [known[event] for event in rows(node)["event"].tolist()]


def test_a_device_knows_whom_each_payment_went_to_and_a_payee_keeps_nothing():
    log = LegLog()
    for number, payee in enumerate((PAYEE, "k1.112.other", PAYEE)):
        log.pay(f"e{number}", later(hours=number), who=number, counterparty=payee, device=DEVICE, kinds=())
    assert payees(log) == [token_number(PAYEE), token_number("k1.112.other"), token_number(PAYEE)]
    assert payees_of(unpack(log.state.parties[PAYEE])) == {}


def test_an_order_and_its_settlement_are_one_payment_with_one_payee():
    log = LegLog()
    given = {"device": DEVICE, "kinds": ("device",), "payment_id": "P-1"}
    log.pay("order", later(), status="ordered", **given)
    log.pay("done", later(hours=1), status="settled", **given)
    assert payees(log) == [token_number(PAYEE)]


def test_what_is_kept_no_more_is_forgotten():
    """Payments of which no row is left go once there are 64 of them."""
    log = LegLog()
    for number in range(80):
        log.pay(f"old{number}", later(minutes=number), who=number, device=DEVICE, kinds=("device",))
    for number in range(8):
        log.pay(f"new{number}", later(days=140, hours=number), who=number, device=DEVICE, kinds=("device",))
    node = unpack(log.state.parties[DEVICE])
    assert len(rows(node)) <= 8
    assert len(payees_of(node)) <= len(rows(node)) + 64


def test_a_rotated_payee_keeps_its_number_and_a_renamed_device_its_payees():
    log = LegLog()
    log.pay("e1", later(), device=DEVICE, kinds=("device",))
    names = {"k2.111.payee": PAYEE, "k2.002.device": DEVICE}
    given = {"counterparty": "k2.111.payee", "device": "k2.002.device", "previous": names}
    log.pay("e2", later(hours=1), who=2, kinds=("device",), **given)
    node = unpack(log.state.parties["k2.002.device"])
    assert list(payees_of(node).values()) == [token_number(PAYEE)] * 2


def test_a_device_known_under_two_tokens_has_the_payees_of_both():
    log = LegLog()
    log.pay("e1", later(), device=DEVICE, kinds=("device",))
    log.pay("e2", later(hours=1), who=2, device="k2.002.device", kinds=("device",))
    given = {"device": "k2.002.device", "previous": {"k2.002.device": DEVICE}}
    log.pay("e3", later(hours=2), who=3, kinds=("device",), **given)
    assert len(payees_of(unpack(log.state.parties["k2.002.device"]))) == 3


def test_nodes_without_payees_join_to_one_without():
    node, other = Party(), Party()
    join_payees(node, other)
    assert node.slots == {}


def test_sixty_four_more_than_there_are_payments_are_kept():
    node, leg = Party(), legs_of(payment("e", later()))[0]
    for number in range(64):
        note_payee(node, leg, number)
    assert len(payees_of(node)) == 64
    note_payee(node, leg, 64)
    assert payees_of(node) == {}
