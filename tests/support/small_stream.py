"""A small stream of the contract's own records, and its directory: what replays are tested on."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from streams.contracts.input_record import InputRecord
from streams.contracts.inputs import PROFILES, RATES, TRANSACTIONS
from streams.contracts.record_headers import HISTORY_HEADER
from streams.contracts.record_lines import contract_key
from streams.testbed.stream_files import Format, write_stream

START = datetime(2026, 4, 20, 0, 0, tzinfo=UTC)


def record(topic: str, body: dict[str, Any], at: datetime, *, history: bool = False) -> InputRecord:
    """A record of the contract, stamped with `at`."""
    headers = (HISTORY_HEADER,) if history else ()
    return InputRecord(topic, contract_key(topic, body), json.dumps(body).encode(), int(at.timestamp() * 1000), headers)


def payment(number: int, at: datetime, party: str = "P-1", *, history: bool = False, **more: Any) -> InputRecord:
    """A payment abroad of 4 900 USD without a document."""
    body = {
        "event_id": f"E-{number}",
        "event_time": at.isoformat(),
        "direction": "out",
        "party_id": party,
        "party_type": "person",
        "counterparty_id": f"C-{party}",
        "counterparty_country": "VN",
        "institution": "BANKA",
        "channel": "app",
        "amount": "4900.00",
        "currency": "USD",
        "purpose": "40101",
    } | more
    return record(TRANSACTIONS, body, at, history=history)


def profile(party: str, at: datetime, **more: Any) -> InputRecord:
    """What is known of a party at a time."""
    body = {
        "event_id": f"F-{party}-{at:%d%H%M}",
        "party_id": party,
        "party_type": "person",
        "as_of": at.isoformat(),
    } | more
    return record(PROFILES, body, at)


def rate(day: int) -> InputRecord:
    """A day's rate of the dollar."""
    at = START + timedelta(days=day)
    body = {"base": "USD", "quote": "KRW", "mid": "1387.50", "rate_time": at.isoformat()}
    return record(RATES, body, at)


def days(count: int, parties: int = 6) -> list[InputRecord]:
    """Payments of several parties on each day, with profiles, rates, a resend, a conflict and a refused record.

    P-0 splits its payments: three of a day just under the document line, so that T01 fires.
    """
    records = [profile(f"P-{number}", START, size="small", region="KR-11") for number in range(parties)]
    serial = 0
    for day in range(count):
        records.append(rate(day))
        for number in range(parties):
            for piece in range(3 if number == 0 else 1):
                serial += 1
                at = START + timedelta(days=day, hours=3 + number, minutes=piece)
                amount = "4900.00" if number == 0 else str(100 + 7 * serial)
                records.append(payment(serial, at, f"P-{number}", amount=amount))
    late = START + timedelta(days=count - 1, hours=20)
    records += [
        records[-1]._replace(timestamp_ms=int(late.timestamp() * 1000)),
        payment(serial, late, f"P-{parties - 1}", amount="1.00"),
        payment(serial + 1, late, amount="1,000.00"),
    ]
    return records


def write(records: list[InputRecord], directory: Path, form: Format = "jsonl") -> Path:
    """The records as a stream directory."""
    write_stream(sorted(records, key=lambda one: one.timestamp_ms), directory, form)
    return directory
