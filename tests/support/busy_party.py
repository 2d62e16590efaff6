"""A party that has made very many payments, built the short way: rows in lots, folded by the product's own `fold`.

Row by row through `apply` 100 000 payments take a minute; in lots of 512 the same rows take a second. What the party
remembers beside its payments is filled to its bounds, with the longest texts of the contract.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import numpy as np

from detectors.books import folded_payments
from detectors.books.party import (
    MOST_ALERTED,
    MOST_ALIASES,
    MOST_NAMES,
    MOST_PARTS,
    MOST_RAISED,
    MOST_RELATED,
    MOST_RESTATED,
    MOST_REVERSALS,
    MOST_UNUSUAL,
    MOST_VERDICTS,
    Alerted,
    Facts,
    Given,
    Party,
    Restated,
    Reversal,
    pack,
    token_number,
)
from detectors.books.party_type import MOST_INSTITUTIONS, OTHERS
from detectors.books.payments import NO_DOCUMENT, OUT, ROW, SETTLED, rows
from detectors.books.proofs import MOST_PROOFS, Proof
from detectors.memory.verdicts import ALERT_BYTES, RAISED_BYTES
from detectors.values.legal_calendar import DAY_US, to_us
from tests.support.ledger import Ledger
from tests.support.wanted import needs_of

LOT = 512
# an odd number, whose multiples in 64 bits are as different as the hashes of ids
SPREAD = np.uint64(0x9E3779B97F4A7C15)
PURPOSE, INSTITUTION, CURRENCY = range(3)


class Kind(NamedTuple):
    """What the payments are like: USD cents, over how many days, to how many payees, by how many institutions."""

    cents: int = 490_000
    days: float = 60.0
    payees: int = 1
    institutions: int = 1
    flags: int = OUT | NO_DOCUMENT | SETTLED
    with_ids: bool = False


def put(
    ledger: Ledger,
    token: str,
    party_type: str,
    kind: Kind,
    count: int,
    until: datetime,
    each_lot: Callable[[Party, int], None] | None = None,
) -> None:
    """Give the partition a party with `count` payments up to `until`, and all else it may remember.

    `each_lot` is given the party with each lot's payments as its newest rows, before it is folded, and their number.
    Of negative days each payment is made before the one that came before it.
    """
    party = Party(party_type=party_type, first_us=to_us(until) - 61 * DAY_US, last_us=to_us(until))
    party.names = ["40101", "BANKA", "USD", *(f"{number:032d}" for number in range(3, MOST_NAMES))]
    effective = ledger.state.effective
    assert effective is not None
    needs = needs_of(to_us(until), effective.lateness_us, (400_000, 500_000), effective.zone)
    first_us, step = to_us(until) - int(kind.days * DAY_US), int(kind.days * DAY_US) / count
    payees = np.array([token_number(f"k1.111.payee{each}") for each in range(kind.payees)], "<u8")
    for start in range(0, count, LOT):
        number = np.arange(start, min(start + LOT, count))
        lot = np.zeros(len(number), ROW)
        lot["time"] = lot["amount_us"] = first_us + (number * step).astype("<i8")
        lot["offset"] = number + 1
        lot["event"] = (number.astype("<u8") + 1) * SPREAD
        lot["payment"] = lot["event"] + 1 if kind.with_ids else 0
        lot["beneficiary"] = payees[number % kind.payees]
        lot["usd"], lot["amount"], lot["exponent"] = kind.cents, kind.cents, 2
        lot["purpose"], lot["institution"], lot["currency"] = (
            PURPOSE,
            INSTITUTION + number % kind.institutions,
            CURRENCY,
        )
        lot["flags"] = kind.flags
        party.payments += lot.tobytes()
        if each_lot is not None:
            each_lot(party, len(lot))
        if folded_payments.is_due(party):
            folded_payments.fold(party, needs)
    _fill(party, count)
    ledger.state.parties[token] = pack(party)


def _fill(party: Party, count: int) -> None:
    """All other memory of a party, to its bounds."""
    newest = rows(party)["offset"][-MOST_PROOFS:].tolist()
    party.proofs = [Proof(offset, 0, f"busy{offset - 1}".ljust(64, "x"), b"\1" * 32 + b"k1") for offset in newest]
    back = Reversal(
        1,
        0,
        party.last_us,
        whole=False,
        outbound=True,
        mantissa=1,
        exponent=2,
        currency="USD",
        institution="BANKA",
        beneficiary=7,
    )
    party.reversals = [back] * MOST_REVERSALS
    party.restated = [Restated(number + 1, 0, party.payments[: ROW.itemsize]) for number in range(MOST_RESTATED)]
    parts = {f"{number:035d}": 10**9 for number in range(MOST_PARTS)}
    series = [("T01", party.names[number]) for number in range(MOST_ALERTED - 1)] + [("T02", "2025 all")]
    party.alerted = [
        Alerted(typology, name, 10**9, party.last_us, "a" * 32, "c" * 29, parts) for typology, name in series
    ]
    party.unusual = bytes(8 * MOST_UNUSUAL)
    party.facts = Facts(0, None, "1", "1", "C26", "small", 3, "11", tuple(range(2**63, 2**63 + MOST_RELATED)))
    party.words = {f"{number:035d}": 15 for number in range(MOST_INSTITUTIONS)} | {OTHERS: 15}
    party.declarations = count
    party.raised = bytes(range(RAISED_BYTES)) * MOST_RAISED
    party.verdicts = [
        Given(bytes([number] * ALERT_BYTES), number, "refuted", party.last_us) for number in range(MOST_VERDICTS)
    ]
    party.aliases = {2**63 + number: number for number in range(MOST_ALIASES)}
    party.settlements = {2**62 + number: number for number in range(MOST_ALIASES)}
