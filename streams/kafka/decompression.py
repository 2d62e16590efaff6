"""What a compressed record set holds, up to a bound: a few bytes can stand for gigabytes.

A batch of 1.9 GB of zeros is under 2 MiB compressed, and brokers take it. Read as a whole it cost each reader 4 GB of
memory. Here decompression ends as soon as the bound is passed: it costs the bound and some milliseconds at most. The
codecs are imported when they are first needed, because most processes meet none.
"""

import io
import struct
import zlib
from collections.abc import Callable

# Largest record set that is read, in bytes after decompression. Topics take batches of 2 MiB as sent
# (streams/kafka/topics), and payments as JSON compress to a quarter or a tenth: 32 MiB is sixteen times what the
# largest batch has on the wire.
DECOMPRESSED_LIMIT = 32 * 1024 * 1024

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
NAMES = {GZIP: "gzip", SNAPPY: "snappy", LZ4: "lz4", ZSTD: "zstd"}
"""Kafka's codecs, by the number in a record set's attributes."""

# What a zstd frame may ask of its reader as a window, bytes: libzstd's own default. Higher only with `--ultra --long`.
_ZSTD_WINDOW = 128 * 1024 * 1024
_CHUNK = 256 * 1024
# The opening of snappy-java's framing (magic, then version and oldest compatible version, 4 bytes each).
_XERIAL = b"\x82SNAPPY\x00"
_XERIAL_HEADER = 16
_SNAPPY_LENGTH_BYTES = 5


class TooLargeError(ValueError):
    """The data are larger than the bound; how large is not known."""


class UndecodableError(ValueError):
    """The data are not what the codec writes."""


class UnknownCodecError(ValueError):
    """A codec that this version does not know."""


def decompress(codec: int, data: bytes, limit: int = DECOMPRESSED_LIMIT) -> bytes:
    """The data as they were before compression with `codec` (1 to 4).

    Raises `TooLargeError` when they are more than `limit` bytes, `UndecodableError` when they cannot be read,
    `UnknownCodecError`. Costs at most `limit` bytes twice over, whatever the data.
    """
    read = _READERS.get(codec)
    if read is None:
        raise UnknownCodecError(f"codec {codec}")
    try:
        found = read(data, limit)
    except TooLargeError as fault:
        raise TooLargeError(f"more than {limit} bytes after decompression") from fault
    except UndecodableError:
        raise
    except _errors_of(codec) as fault:
        raise UndecodableError(f"{NAMES[codec]}: {fault}") from fault
    if len(found) > limit:
        raise TooLargeError(f"more than {limit} bytes after decompression")
    return found


def _errors_of(codec: int) -> tuple[type[Exception], ...]:
    """What a codec's library raises: Python's own errors, and perhaps one of its own."""
    own: tuple[type[Exception], ...] = (ValueError, RuntimeError, EOFError, OSError, zlib.error, struct.error)
    if codec == ZSTD:
        import zstandard

        own = (*own, zstandard.ZstdError)
    elif codec == SNAPPY:
        import cramjam

        own = (*own, cramjam.DecompressionError)
    return own


def _gzip(data: bytes, limit: int) -> bytes:
    found = bytearray()
    member = zlib.decompressobj(wbits=31)
    # in pieces, because what follows a member is copied: a hundred thousand empty ones in 2 MiB took 2.6 s
    for begin in range(0, len(data), _CHUNK):
        rest = data[begin : begin + _CHUNK]
        while rest and len(found) <= limit:  # members follow one another
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            found += member.decompress(rest, limit + 1 - len(found))
            rest = member.unused_data
    if len(found) <= limit and data and not member.eof:
        raise UndecodableError("gzip: the data end in the middle")
    return bytes(found)


def _lz4(data: bytes, limit: int) -> bytes:
    """One frame: what brokers check and Java's clients read ends with the first."""
    import lz4.frame

    frame = lz4.frame.LZ4FrameDecompressor()
    found = bytearray(frame.decompress(data, max_length=limit + 1))
    if len(found) <= limit and not frame.eof:
        raise UndecodableError("lz4: the data end in the middle")
    return bytes(found)


def _zstd(data: bytes, limit: int) -> bytes:
    import zstandard

    found = io.BytesIO()
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    # not `read(limit + 1)`: it sets aside as much before the first byte
    with decompressor.stream_reader(data, read_across_frames=True) as stream:
        while found.tell() <= limit and (chunk := stream.read(_CHUNK)):
            found.write(chunk)
    return found.getvalue()


def _snappy(data: bytes, limit: int) -> bytes:
    """Blocks in snappy-java's framing, or one block alone, as librdkafka sends it."""
    if not data.startswith(_XERIAL):
        return _snappy_block(data, limit)
    found = bytearray()
    at = _XERIAL_HEADER
    while at < len(data):
        (length,) = struct.unpack_from(">i", data, at)
        block = data[at + 4 : at + 4 + length]
        if length < 0 or len(block) != length:
            raise UndecodableError("snappy: a block ends in the middle")
        found += _snappy_block(block, limit - len(found))
        at += 4 + length
    return bytes(found)


def _snappy_block(block: bytes, limit: int) -> bytes:
    """A block begins with its length when decompressed; the library sets aside as much."""
    import cramjam

    length = 0
    for place, byte in enumerate(block[:_SNAPPY_LENGTH_BYTES]):
        length |= (byte & 0x7F) << 7 * place
        if not byte & 0x80:
            break
    else:
        raise UndecodableError("snappy: a block without a length")
    if length > limit:
        raise TooLargeError
    return bytes(cramjam.snappy.decompress_raw(block))


_READERS: dict[int, Callable[[bytes, int], bytes]] = {GZIP: _gzip, SNAPPY: _snappy, LZ4: _lz4, ZSTD: _zstd}
