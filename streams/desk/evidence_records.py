"""The payments behind an alert: each record of its evidence, read at its position of the ledger, or of the legs."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from detectors.contracts.alert import Alert, EvidenceItem
from detectors.contracts.events import Event, Leg, Transaction
from streams.desk.positions import At, State, read_records_at
from streams.desk.worth import Worth
from streams.errors import LedgerError
from streams.kafka import topics
from streams.ledger import envelope
from streams.settings import Settings

# Rates come to every partition every day: of the demo's stream 600 records are two days and more. Without a rate among
# them an amount is shown in its own currency alone.
RATES_BEFORE = 600


class Detail(msgspec.Struct, frozen=True):
    """A record of the evidence: what the ledger holds of it, or why it cannot be shown.

    Of an alert of the shared agent `event` is a leg, the short form of the payment; its `usd` is not told.

    `state` is `record` where `event` is there, `no_position` where the alert itself says that it is gone, `other` where
    another record stands there, else as in positions.py. `usd`: its amount in USD at about its time, None without a
    rate. `first` and `end` are the partition's offsets.
    """

    item: EvidenceItem
    state: State | Literal["no_position", "other"]
    event: Event | Leg | None = None
    usd: str | None = None
    cause: str = ""
    first: int = 0
    end: int = 0


async def read_evidence_records(settings: Settings, alert: Alert) -> list[Detail]:
    """Every record of the alert's evidence, in the alert's order. At most 50; 3 ms each where they stand far apart.

    Raises `NotAuthorizedError` for who may not read the ledger, and `BrokerUnavailableError`.
    """
    topic, partition = alert.position.topic, alert.position.partition
    offsets = [item.offset for item in alert.evidence if item.offset is not None]
    found, span = await read_records_at(settings, topic, partition, offsets)
    details = [
        msgspec.structs.replace(_detail(item, found, topic), first=span.first, end=span.written)
        for item in alert.evidence
    ]
    foreign = [each for each in details if isinstance(each.event, Transaction) and each.event.currency != "USD"]
    worth = Worth(int(settings.effective.engine.rate_stale_hours * 3_600_000_000))
    if foreign:
        before = {offset for each in foreign for offset in _before(each.item.offset or 0)}
        around, _ = await read_records_at(settings, topic, partition, before, why=False)
        worth.take_all(at.record for at in around.values() if at.record is not None and at.state == "record")
    return [
        msgspec.structs.replace(each, usd=worth.usd(each.event)) if isinstance(each.event, Transaction) else each
        for each in details
    ]


def _before(offset: int) -> Iterable[int]:
    return range(max(0, offset - RATES_BEFORE), offset)


def _detail(item: EvidenceItem, found: dict[int, At], topic: str) -> Detail:
    if item.offset is None:
        return Detail(item, "no_position")
    at = found[item.offset]
    if at.state != "record":
        return Detail(item, at.state, cause=at.cause)
    decode = envelope.decode_shared if topic == topics.LEGS else envelope.decode_record
    try:
        event, _ = decode(at.record.value, at.record.headers, at.offset, at.record.timestamp)
    except LedgerError as fault:
        return Detail(item, "damaged", cause=fault.what)
    if getattr(event, "event_id", None) != item.event_id:
        # the ledger was restored or made anew: another record stands there
        return Detail(item, "other")
    return Detail(item, "record", event)
