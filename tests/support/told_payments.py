"""A party that is told events of its payments one by one, without a ledger, for tests of the accounting."""

from zoneinfo import ZoneInfo

import msgspec

from detectors.books import accounting, payments
from detectors.books.accounting import Effect, Incoming
from detectors.books.party import Party
from detectors.books.payments import NO_DOCUMENT, ORDERED, OUT, SETTLED, Payment

NAMES = ["", "BANKA", "BANKB", "BANKX", "USD", "EUR", "40101", "40201"]
A, B, X, USD, EUR, GIFT, STUDY = 1, 2, 3, 4, 5, 6, 7
STATUS = {"settled": SETTLED, "ordered": ORDERED}
UNDOCUMENTED = OUT | NO_DOCUMENT
SEOUL = ZoneInfo("Asia/Seoul")


def payment(event: int, cents: int, status: str = "settled", **fields: int) -> Payment:
    """A payment as it is told: undocumented, in dollars, by BANKA, payment number 5 to payee 9, at its own number."""
    time = fields.pop("time", event)
    flags = fields.pop("flags", UNDOCUMENTED) | STATUS.get(status, 0)
    given = {
        "payment": 5,
        "beneficiary": 9,
        "usd": cents,
        "offset": event,
        "purpose": 0,
        "institution": A,
        "currency": USD,
        "exponent": 2,
    } | fields
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
