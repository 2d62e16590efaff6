"""Are an alert's records what the senders sent? Each original is read where it came from and held to its commitment.

Read only: no group, nothing committed. Needs the evidence keys (streams/keys/commitments.py) and read access to the
alerts, the ledger and the input topics.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec

from detectors.contracts.alert import EvidenceItem, Position
from detectors.contracts.events import Source
from streams.alert_text.alert_text import AlertRead
from streams.desk.positions import At, read_records_at
from streams.errors import LedgerError
from streams.kafka import topics
from streams.keys.commitments import EvidenceKeys, key_id_of
from streams.ledger import envelope
from streams.settings import Settings

# out_of_reach: neither proven nor disproven, because original, ledger record or key are not here
Verdict = Literal["proven", "differs", "out_of_reach"]


class Proved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one record of an alert's evidence, at `offset` of the ledger's `partition` (None: it is gone).

    `why` says what differs or is missing. `record_key` (hex) is the key of this record's commitment alone, where it was
    asked for and the record is proven.
    """

    event_id: str
    partition: int
    offset: int | None
    source: Source | None
    commitment: str
    verdict: Verdict
    why: str = ""
    record_key: str | None = None


class _UnprovenError(Exception):
    """Ends the proof of one record; kept within this module."""

    def __init__(self, verdict: Verdict, why: str) -> None:
        super().__init__(why)
        self.verdict, self.why = verdict, why


async def prove(
    settings: Settings, alert: AlertRead, keys: EvidenceKeys, *, original: bytes | None = None, show_keys: bool = False
) -> list[Proved]:
    """Each record of the alert's evidence, held to the sender's bytes.

    They are read from the input topics, or are `original`, where a copy kept elsewhere is to be proven. Raises
    `NotAuthorizedError` and `BrokerUnavailableError`.
    """
    place = alert.position
    offsets = [item.offset for item in alert.evidence if item.offset is not None]
    records, _ = await read_records_at(settings, place.topic, place.partition, offsets)
    traced = [_traced(item, place, records) for item in alert.evidence]
    sent = await _originals(settings, traced) if original is None else {}
    return [_held(one, keys, original, sent.get(one.source), show_keys=show_keys) for one in traced]


def _traced(item: EvidenceItem, place: Position, records: dict[int, At]) -> Proved:
    """The record with its source; without one, and with the reason, where that is not known."""
    commitment = str(item.commitment or item.sha256 or "")
    proved = Proved(
        event_id=item.event_id,
        partition=place.partition,
        offset=item.offset,
        source=None,
        commitment=commitment,
        verdict="proven",
    )
    try:
        return msgspec.structs.replace(proved, source=_source(item, records, commitment, place.topic))
    except _UnprovenError as fault:
        return msgspec.structs.replace(proved, verdict=fault.verdict, why=fault.why)


def _source(item: EvidenceItem, records: dict[int, At], commitment: str, topic: str) -> Source:
    """Where the record came from, as its ledger record or leg says, which must carry the alert's own commitment."""
    at = None if item.offset is None else records[item.offset]
    if at is not None and at.state == "damaged":
        raise _UnprovenError("out_of_reach", "its ledger record cannot be read any more")
    if at is None or at.state != "record":
        raise _UnprovenError("out_of_reach", "its record is not in the ledger any more")
    decode = envelope.decode_shared if topic == topics.LEGS else envelope.decode_record
    try:
        _, origin = decode(at.record.value, at.record.headers, at.offset, at.record.timestamp)
    except LedgerError as fault:
        raise _UnprovenError("differs", fault.what) from fault
    if origin.commitment != commitment or origin.source is None:
        raise _UnprovenError("differs", "the ledger record has another commitment")
    return origin.source


async def _originals(settings: Settings, traced: Iterable[Proved]) -> dict[Source | None, At]:
    """What stands at the senders' places, each partition read once."""
    places: dict[tuple[str, int], list[int]] = {}
    for one in traced:
        if one.source is not None:
            places.setdefault((one.source.topic, one.source.partition), []).append(one.source.offset)
    found: dict[Source | None, At] = {}
    for (topic, partition), offsets in places.items():
        records, _ = await read_records_at(settings, topic, partition, offsets)
        found |= {Source(topic, partition, offset): at for offset, at in records.items()}
    return found


def _held(proved: Proved, keys: EvidenceKeys, original: bytes | None, at: At | None, *, show_keys: bool) -> Proved:
    """A record whose source is known, held to the sender's bytes: `original`, or what stands at the source."""
    source, commitment = proved.source, proved.commitment
    if source is None:
        return proved
    try:
        key_id = key_id_of(commitment)
        _require_same(keys, commitment, source, _sent(at) if original is None else original)
    except _UnprovenError as fault:
        return msgspec.structs.replace(proved, verdict=fault.verdict, why=fault.why)
    except ValueError as fault:
        return msgspec.structs.replace(proved, verdict="differs", why=str(fault))
    if not show_keys or key_id is None:
        return proved
    return msgspec.structs.replace(proved, record_key=keys.record_key(commitment, source).hex())


def _require_same(keys: EvidenceKeys, commitment: str, source: Source, sent: bytes) -> None:
    same = keys.is_of(commitment, source, sent)
    if same is None:
        raise _UnprovenError("out_of_reach", f"the key {key_id_of(commitment)} is not in the key file")
    if not same:
        raise _UnprovenError("differs", "these are not the bytes that were committed to")


def _sent(at: At | None) -> bytes:
    """The sender's bytes, from the input topic."""
    if at is not None and at.state == "damaged":
        raise _UnprovenError("out_of_reach", "the original cannot be read any more; prove a copy kept elsewhere")
    if at is None or at.state != "record":
        raise _UnprovenError("out_of_reach", "the original is past its topic's retention; prove a copy kept elsewhere")
    return at.record.value or b""


def count_verdicts(found: Iterable[Proved]) -> dict[str, int]:
    """How many of each verdict."""
    verdicts = [one.verdict for one in found]
    return {name: verdicts.count(name) for name in ("proven", "differs", "out_of_reach")}
