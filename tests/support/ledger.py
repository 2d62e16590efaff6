"""Events as they stand in the ledger, for tests of the pure core."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from detectors.contracts.configuration import Configuration
from detectors.contracts.events import (
    ConfigurationChange,
    Declaration,
    Disposition,
    Event,
    Origin,
    Profile,
    Rate,
    Source,
    Transaction,
)
from detectors.core import Outputs, apply
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import to_us
from streams.settings import overlay_configuration

START = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)
TOPIC = "fx.transactions.v1"
# when it was, by kind of event
TIMES = {
    Transaction: "event_time",
    Rate: "rate_time",
    Profile: "as_of",
    Declaration: "declared_time",
    Disposition: "decided_at",
}


def digest16(text: str) -> str:
    """A fingerprint of 32 hex digits, as ingest makes them."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


# A test of rules has few payments, and to the models some of them are unusual indeed: without a configuration of its
# own none of them is ranked.
RULES_ALONE = {"warm_up": 1000}


def configuration(**tables: Any) -> Configuration:
    """The default configuration, overlaid with `tables`."""
    return overlay_configuration(tables)


class Ledger:
    """A partition's ledger being written and applied at once; `state` is what was learned, `log` what was written."""

    def __init__(self, config: Configuration | None = None) -> None:
        self.state = PartitionState.new(3)
        self.log: list[tuple[Event, Origin]] = []
        self.sources: dict[str, int] = {}
        first = Origin(offset=0, source=None, commitment="", timestamp_ms=0)
        self.put(ConfigurationChange(configuration=config or configuration(detectors=RULES_ALONE)), first)

    def put(self, event: Event, origin: Origin) -> Outputs:
        """Apply a record as it is; one without a Kafka timestamp was sent at its own time."""
        field = TIMES.get(type(event))
        if field is not None and not origin.timestamp_ms:
            origin = msgspec.structs.replace(origin, timestamp_ms=stamp(getattr(event, field)))
        self.log.append((event, origin))
        return apply(self.state, event, origin)

    def origin(self, topic: str = TOPIC, *, history: bool = False) -> Origin:
        """The origin of the next record."""
        offset = self.sources[topic] = self.sources.get(topic, -1) + 1
        commitment = "k1:" + hashlib.sha256(f"{topic}{offset}".encode()).hexdigest()
        return Origin(
            offset=len(self.log),
            source=Source(topic, 0, offset),
            commitment=commitment,
            timestamp_ms=0,
            history=history,
        )

    def rate(
        self,
        at: datetime,
        mid: str = "1400",
        base: str = "USD",
        quote: str = "KRW",
        *,
        sent: datetime | None = None,
        source: str | None = None,
    ) -> Outputs:
        """Apply a reference rate; `sent` is its Kafka timestamp where that is not its own time."""
        name = f"{base}/{quote}{at.isoformat()}{len(self.log)}"
        event = Rate(
            event_id=name,
            identity=digest16(name),
            body=digest16(mid),
            base=base,
            quote=quote,
            mid=mid,
            rate_time=at,
            source=source,
        )
        origin = self.origin("fx.rates.v1")
        return self.put(event, origin if sent is None else msgspec.structs.replace(origin, timestamp_ms=stamp(sent)))

    def pay(
        self, event_id: str, at: datetime, amount: str = "4900", *, history: bool = False, **fields: Any
    ) -> Outputs:
        """Apply a payment; what is not given is that of `payment`."""
        return self.put(payment(event_id, at, amount, **fields), self.origin(history=history))


def payment(event_id: str, at: datetime, amount: str = "4900", **fields: Any) -> Transaction:
    """A person's remittance of US dollars without documents to one beneficiary, as a gift."""
    identity = digest16(f"{event_id}{fields.get('institution')}{fields.get('party')}")
    given = {
        "direction": "out",
        "party": "k1.0a3.remitter",
        "party_type": "person",
        "counterparty": "k1.111.payee",
        "counterparty_country": "VN",
        "institution": "BANKA",
        "channel": "app",
        "currency": "USD",
        "purpose": "40101",
        "identity": identity,
    } | fields
    event = Transaction(event_id=event_id, event_time=at, amount=amount, **{"body": "0" * 32} | given)
    return msgspec.structs.replace(event, body=fields.get("body", digest16(msgspec.json.encode(event).decode())))


def stamp(at: datetime) -> int:
    """The first Kafka timestamp (ms) that is not before a time, which bears it out in full."""
    return -(-to_us(at) // 1000)


def later(**length: float) -> datetime:
    """A time after the start."""
    return START + timedelta(**length)
