"""Decompression up to a bound: each codec at the bound itself, in pieces, torn, and as a hostile sender makes it."""

import gzip
import random
import struct
import zlib

import cramjam
import lz4.frame
import pytest
import zstandard

from streams.kafka.decompression import (
    GZIP,
    LZ4,
    SNAPPY,
    ZSTD,
    TooLargeError,
    UndecodableError,
    UnknownCodecError,
    decompress,
)
from tests.support.record_batches import CODECS

TEXT = b"what was sent, what was sent, and what was sent again"
PIECE = 256 * 1024  # what is fed to zlib at a time
CODEC_NAMES = ["gzip", "snappy", "lz4", "zstd"]


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def framed(*blocks: bytes) -> bytes:
    """Snappy blocks in snappy-java's framing: magic, version 1, readable by version 1, then length and block each."""
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + b"".join(struct.pack(">i", len(one)) + one for one in blocks)


def snappy(data: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(data))


@pytest.mark.parametrize("name", CODEC_NAMES)
@pytest.mark.parametrize("data", [b"", b"x", TEXT, noise(3 * PIECE + 1)], ids=["none", "one", "text", "noise"])
def test_each_codec_gives_what_was_compressed(name: str, data: bytes) -> None:
    """By the numbers of Kafka's format: 1 gzip, 2 snappy, 3 lz4, 4 zstd."""
    number, compress = CODECS[name]
    assert decompress(number, compress(data)) == data
    assert isinstance(decompress(number, compress(data)), bytes)
    assert number == {"gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}[name]


@pytest.mark.parametrize("name", CODEC_NAMES)
@pytest.mark.parametrize("size", [20, PIECE, PIECE + 1, 3 * PIECE])
def test_the_bound_itself_is_read_and_one_byte_more_is_not(name: str, size: int) -> None:
    number, compress = CODECS[name]
    for data in (bytes(size), noise(size)):
        assert decompress(number, compress(data), size) == data
        with pytest.raises(TooLargeError) as caught:
            decompress(number, compress(data), size - 1)
        assert str(caught.value) == f"more than {size - 1} bytes after decompression"


def test_the_bound_is_32_mib() -> None:
    """Where nothing else is asked."""
    assert len(decompress(ZSTD, zstandard.compress(bytes(32 * 2**20)))) == 33_554_432
    with pytest.raises(TooLargeError, match=r"^more than 33554432 bytes after decompression$"):
        decompress(ZSTD, zstandard.compress(bytes(32 * 2**20 + 1)))


@pytest.mark.parametrize("codec", [-1, 0, 5, 7])
def test_a_codec_of_a_later_kafka_is_named(codec: int) -> None:
    with pytest.raises(UnknownCodecError, match=f"^codec {codec}$"):
        decompress(codec, TEXT)


@pytest.mark.parametrize("name", CODEC_NAMES)
@pytest.mark.parametrize("data", [b"no such thing", b"\0" * 40, b"\xff" * 40])
def test_what_the_codec_did_not_write_is_undecodable(name: str, data: bytes) -> None:
    """Whatever the library raises, and its name is told."""
    with pytest.raises(UndecodableError, match=f"^{name}: "):
        decompress(CODECS[name][0], data)


@pytest.mark.parametrize("name", ["gzip", "snappy", "lz4"])
@pytest.mark.parametrize("cut", [1, 2, 9])
def test_what_was_cut_off_is_undecodable(name: str, cut: int) -> None:
    """Half a set is no set. What zstd has up to the cut is given: the set's own counts tell that it is short."""
    number, compress = CODECS[name]
    with pytest.raises(UndecodableError, match=f"^{name}: "):
        decompress(number, compress(noise(PIECE))[:-cut])


@pytest.mark.parametrize(
    ("name", "why"), [("gzip", "gzip: the data end in the middle"), ("lz4", "lz4: the data end in the middle")]
)
def test_a_torn_end_says_so(name: str, why: str) -> None:
    number, compress = CODECS[name]
    with pytest.raises(UndecodableError) as caught:
        decompress(number, compress(TEXT)[:-3])
    assert str(caught.value) == why


@pytest.mark.parametrize("name", ["gzip", "lz4"])
def test_a_torn_end_at_the_bound_itself_is_torn(name: str) -> None:
    """All bytes are there, and their checksum is not."""
    number, compress = CODECS[name]
    with pytest.raises(UndecodableError, match=r"the data end in the middle$"):
        decompress(number, compress(TEXT)[:-3], len(TEXT))


def test_torn_data_beyond_the_bound_are_too_large() -> None:
    """The bound is told first: how they end is not looked at."""
    for name in ("gzip", "lz4"):
        number, compress = CODECS[name]
        with pytest.raises(TooLargeError):
            decompress(number, compress(noise(PIECE))[:-9], 1000)


# gzip


def test_gzip_members_follow_one_another_and_share_the_bound() -> None:
    """As the format says. One may begin or end at the border of two pieces, and any of them may be empty."""
    member = gzip.compress(TEXT)
    empty = gzip.compress(b"")
    assert decompress(GZIP, member + empty + member) == TEXT * 2
    assert decompress(GZIP, member * 3, 3 * len(TEXT)) == TEXT * 3
    for too_small in (3 * len(TEXT) - 1, 2 * len(TEXT), len(TEXT), 1):
        with pytest.raises(TooLargeError):
            decompress(GZIP, member * 3, too_small)
    large = gzip.compress(noise(PIECE), 0)
    for shift in (-1, 0, 1):
        before = named(PIECE - len(member) + shift)
        assert decompress(GZIP, before + member + large) == TEXT + noise(PIECE), shift
    with pytest.raises(UndecodableError, match="the data end in the middle"):
        decompress(GZIP, member + member[:12])


def named(size: int) -> bytes:
    """An empty member of that size: the name of its file is as long as need be."""
    empty = gzip.compress(b"", mtime=0)
    return empty[:3] + b"\x08" + empty[4:10] + b"n" * (size - len(empty) - 1) + b"\0" + empty[10:]


def test_zlib_and_raw_deflate_are_no_gzip() -> None:
    raw = zlib.compressobj(wbits=-15)
    for data in (zlib.compress(TEXT), raw.compress(TEXT) + raw.flush(), gzip.compress(TEXT) + zlib.compress(TEXT)):
        with pytest.raises(UndecodableError):
            decompress(GZIP, data)


# lz4


def test_the_first_lz4_frame_is_the_set() -> None:
    """Java's clients end with it too."""
    assert decompress(LZ4, lz4.frame.compress(TEXT) + lz4.frame.compress(TEXT)) == TEXT


# zstd


def zstd_frame(window: int, content: bytes, *, last: bool = True) -> bytes:
    """One raw block; the window descriptor as RFC 8878 has it: 0x88 is 128 MiB, each step more is an eighth more."""
    header = struct.pack("<I", last | len(content) << 3)[:3]
    return b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + header + content


def test_zstd_frames_follow_one_another_and_share_the_bound() -> None:
    frame = zstandard.compress(TEXT)
    assert decompress(ZSTD, frame * 3, 3 * len(TEXT)) == TEXT * 3
    assert decompress(ZSTD, frame + zstandard.compress(b"") + frame) == TEXT * 2
    with pytest.raises(TooLargeError):
        decompress(ZSTD, frame * 3, 3 * len(TEXT) - 1)


def test_a_zstd_window_is_128_mib_at_most() -> None:
    """That of `--long=27`, libzstd's own bound. What asks for more would have its reader set aside as much."""
    assert decompress(ZSTD, zstd_frame(0x88, TEXT)) == TEXT
    with pytest.raises(UndecodableError, match=r"^zstd: "):
        decompress(ZSTD, zstd_frame(0x89, TEXT))


# snappy


def test_snappy_blocks_in_javas_framing_follow_one_another_and_share_the_bound() -> None:
    """What snappy-java writes, and a block alone, which librdkafka writes; a block may be empty."""
    assert decompress(SNAPPY, snappy(TEXT)) == TEXT
    assert decompress(SNAPPY, framed()) == b""
    blocks = framed(snappy(TEXT), snappy(b""), snappy(b"x"))
    assert decompress(SNAPPY, blocks, len(TEXT) + 1) == TEXT + b"x"
    with pytest.raises(TooLargeError, match=f"^more than {len(TEXT)} bytes after decompression$"):
        decompress(SNAPPY, blocks, len(TEXT))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "a block without a length"),
        (b"\xff" * 5, "a block without a length"),
        (b"\x80\x80\x80\x80\x80\x01", "a block without a length"),
        (framed(snappy(TEXT))[:-1], "a block ends in the middle"),
        (framed(snappy(TEXT)) + struct.pack(">i", 1), "a block ends in the middle"),
        (framed() + struct.pack(">i", -1), "a block ends in the middle"),
        (framed() + struct.pack(">i", -4), "a block ends in the middle"),
        (framed() + struct.pack(">i", -4) + bytes(16), "a block ends in the middle"),
        (framed(b""), "a block without a length"),
    ],
)
def test_a_false_snappy_block_says_what_is_wrong(data: bytes, why: str) -> None:
    with pytest.raises(UndecodableError) as caught:
        decompress(SNAPPY, data)
    assert str(caught.value) == f"snappy: {why}"


def test_a_block_is_asked_whether_it_fits_beside_those_before_it() -> None:
    """By its length, before it is read: each block as large as all before it together would double without end."""
    with pytest.raises(TooLargeError):
        decompress(SNAPPY, framed(snappy(TEXT), bytes([11])), len(TEXT) + 10)
    with pytest.raises(UndecodableError):
        decompress(SNAPPY, framed(snappy(TEXT), bytes([10])), len(TEXT) + 10)


@pytest.mark.parametrize("size", [127, 128, 16_383, 16_384, 2_097_152])
def test_the_length_of_a_snappy_block_is_asked_before_it_is_read(size: int) -> None:
    """Seven bits a byte, the lowest first. A block that only says so many bytes is refused by what it says."""
    length = bytearray()
    rest = size
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    assert decompress(SNAPPY, snappy(bytes(size)), size) == bytes(size)
    with pytest.raises(TooLargeError):
        decompress(SNAPPY, bytes(length), size - 1)
    with pytest.raises(UndecodableError):
        decompress(SNAPPY, bytes(length), size)


def test_a_snappy_block_of_four_gigabytes_sets_nothing_aside() -> None:
    """Five bytes of length are the most, and the highest is asked too."""
    with pytest.raises(TooLargeError):
        decompress(SNAPPY, b"\x80\x80\x80\x80\x0f" + bytes(20))
