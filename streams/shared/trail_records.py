"""Trails as records of `fx.legs.v1`: legs that the shared agent writes because of a leg."""

from collections.abc import Iterable

import msgspec

from detectors.contracts.events import Leg, Origin, Source
from detectors.contracts.legs import shared_of
from streams.contracts.record_headers import HISTORY_HEADER, Header
from streams.kafka import topics
from streams.ledger import envelope
from streams.partition.outputs import Output


def trail_outputs(trails: Iterable[tuple[Leg, str]], origin: Origin, partition: int, partitions: int) -> list[Output]:
    """The records, each for its resident's partition. `origin` is of the leg that they follow from, in `partition`.

    Each leg comes with the commitment to the bytes of the payment's sender. 10 us a record.
    """
    cause = Source(topics.LEGS, partition, origin.offset)
    outputs = []
    for number, (leg, commitment) in enumerate(trails):
        thing = shared_of(leg)
        value = envelope.encode(msgspec.structs.replace(leg, number=number))
        headers = envelope.checked(trail_headers(cause, commitment, number, origin), value)
        place = thing.slot % partitions
        outputs.append(Output(topics.LEGS, place, thing.name.encode(), value, headers, origin.timestamp_ms))
    return outputs


def trail_headers(cause: Source, commitment: str, number: int, origin: Origin) -> list[Header]:
    """The headers of a trail, without the check: `cause` is the leg's place, `origin` what its own headers say."""
    headers = [
        (envelope.SOURCE_TOPIC, cause.topic.encode()),
        (envelope.SOURCE_PARTITION, b"%d" % cause.partition),
        (envelope.SOURCE_OFFSET, b"%d" % cause.offset),
        (envelope.COMMITMENT if ":" in commitment else envelope.SHA256, commitment.encode()),
        (envelope.TYPE, b"leg"),
        (envelope.NUMBER, b"%d" % number),
    ]
    if origin.history:
        headers.append(HISTORY_HEADER)
    return [*headers, *(header for header in origin.headers if header[0] == envelope.TRACE)]
