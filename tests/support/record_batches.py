"""Record batches as a hostile or an odd sender makes them, byte by byte, and a way to hand them to a broker."""

import asyncio
import struct
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aiokafka import codec
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.util import calc_crc32c

CODECS: dict[str, tuple[int, Any]] = {
    "none": (0, bytes),
    "gzip": (1, codec.gzip_encode),
    "snappy": (2, codec.snappy_encode),
    "lz4": (3, codec.lz4_encode),
    "zstd": (4, codec.zstd_encode),
}
_LOG_APPEND_TIME, _TRANSACTIONAL, _CONTROL = 0x08, 0x10, 0x20


class Raw(NamedTuple):
    """A record as it is written: names of headers are bytes, which need not be text.

    `delta`: offset in the batch; `later`: ms after the batch's timestamp.
    """

    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[bytes | None, bytes | None]] = ()
    delta: int | None = None
    later: int = 0


def varint(number: int) -> bytes:
    """Zigzag, seven bits a byte."""
    number = (number << 1) ^ (number >> 63)
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(content: bytes | None) -> bytes:
    return varint(-1) if content is None else varint(len(content)) + content


def body(records: Iterable[Raw]) -> bytes:
    """The records, one after another."""
    out = []
    for number, one in enumerate(records):
        fields = b"".join(_field(name) + _field(content) for name, content in one.headers)
        delta = number if one.delta is None else one.delta
        inner = (
            b"\0"
            + varint(one.later)
            + varint(delta)
            + _field(one.key)
            + _field(one.value)
            + varint(len(one.headers))
            + fields
        )
        out.append(varint(len(inner)) + inner)
    return b"".join(out)


def batch(
    records: Sequence[Raw],
    compression: str = "none",
    *,
    timestamp: int = 0,
    base: int = 0,
    count: int | None = None,
    contents: bytes | None = None,
    codec_number: int | None = None,
    producer: int = -1,
    transactional: bool = False,
    control: bool = False,
    appended: int | None = None,
) -> bytes:
    """A batch of format 2. `contents` replaces the compressed records, `count` and `codec_number` the header's.

    `appended`: when a broker appended it, where the topic says that this is the time of its records.
    """
    number, compress = CODECS[compression]
    contents = compress(body(records)) if contents is None else contents
    count = len(records) if count is None else count
    attributes = (
        (number if codec_number is None else codec_number) | transactional * _TRANSACTIONAL | control * _CONTROL
    )
    latest = max([timestamp, *(timestamp + one.later for one in records)])
    if appended is not None:
        attributes, latest = attributes | _LOG_APPEND_TIME, appended
    after = (
        struct.pack(
            ">hiqqqhii",
            attributes,
            count - 1,
            timestamp,
            latest,
            producer,
            0 if producer >= 0 else -1,
            0 if producer >= 0 else -1,
            count,
        )
        + contents
    )
    return struct.pack(">qiibI", base, 9 + len(after), -1, 2, calc_crc32c(after)) + after


def concealed(headers: int) -> bytes:
    """One record without headers, whose key is taken for headers by who reads its attributes as a longer number."""
    key = varint(-1) + varint(-1) + varint(headers) + b"\x04ab\0" * headers
    inner = b"\x80\0\0" + varint(len(key)) + key + varint(-1) + varint(0)
    return varint(len(inner)) + inner


async def _produce(bootstrap: str, topic: str, partition: int, data: bytes) -> int:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.force_metadata_update()
        client.add_topic(topic)
        await client._maybe_wait_metadata()
        node = client.cluster.leader_for_partition(_Place(topic, partition))
        request = ProduceRequest(None, -1, 20_000, [(topic, [(partition, data)])])
        answer = await client.send(node, request)
        return int(answer.topics[0][1][0][1])
    finally:
        await client.close()


class _Place(NamedTuple):
    topic: str
    partition: int


def produce(bootstrap: str, topic: str, partition: int, data: bytes) -> int:
    """Hand a batch to the broker as it is; returns its error code, 0 when it took the batch."""
    return asyncio.run(_produce(bootstrap, topic, partition, data))
