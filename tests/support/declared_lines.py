"""Lines of customs declarations as they stand in the ledger."""

from datetime import datetime
from typing import Any

from detectors.contracts.events import Declaration
from tests.support.ledger import digest16


def declaration(event_id: str, at: datetime, value: str = "99.5", **fields: Any) -> Declaration:
    """An import of the party of `ledger.payment`, in US dollars, from its beneficiary."""
    given = {
        "declaration_no": f"N{event_id}",
        "kind": "import",
        "party": "k1.0a3.remitter",
        "counterparty": "k1.111.payee",
        "counterparty_country": "VN",
        "hs_code": "851712",
        "quantity": "3",
        "quantity_unit": "EA",
        "currency": "USD",
        "identity": digest16(f"declared {event_id}"),
        "body": "0" * 32,
    } | fields
    return Declaration(event_id=event_id, declared_time=at, value=value, **given)
