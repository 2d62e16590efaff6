"""Dead letters: the record as it came, whatever its size, and no forging of why."""

import hashlib
from typing import NamedTuple

import msgspec
import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from streams.contracts.dead_letters import (
    FORMS,
    HEADERS_LIMIT,
    WHOLE_LIMIT,
    Letter,
    RecordSetOf,
    read_original,
)
from streams.contracts.input_record import ArrivedRecord
from streams.kafka.topics.table import MESSAGE_BYTES
from tests.support.letters import dead_letter
from tests.support.own_cpu import own_cpu
from tests.support.shuffled import shuffled

SET = RecordSetOf(19, 4096, "ab" * 32)


class Record(NamedTuple):
    """A Kafka record as far as a dead letter goes."""

    key: bytes | None
    value: bytes | None
    headers: list


def letter(key=b"k", value=b"v", headers=(), **changes):
    parts = {
        "stage": "validate",
        "codes": ("field.missing", "key.mismatch"),
        "message": "m",
        "version": "0.1.0",
    } | changes
    return Record(*dead_letter("fx.transactions.v1", 2, 7, 1234, key, value, headers, **parts))


def test_the_record_comes_first_and_the_reasons_last():
    """Original headers in order, then ours with the contract's names."""
    sent = [("b", b"2"), ("a", None), ("b", b"1")]
    got = letter(headers=sent)
    assert got.headers[:3] == sent
    assert dict(got.headers[3:]) == {
        "__fx.error.topic": b"fx.transactions.v1",
        "__fx.error.partition": b"2",
        "__fx.error.offset": b"7",
        "__fx.error.timestamp": b"1234",
        "__fx.error.stage": b"validate",
        "__fx.error.codes": b"field.missing,key.mismatch",
        "__fx.error.message": b"m",
        "__fx.error.version": b"0.1.0",
    }
    assert (got.key, got.value) == (b"k", b"v")


def test_a_tombstone_stays_a_tombstone():
    """No key and no value are not the same as empty ones."""
    assert letter(None, None)[:2] == (None, None)
    assert letter(b"", b"")[:2] == (b"", b"")


def test_forged_reasons_do_not_count():
    """A sender's own headers of our names are given back as headers, and our position is ours."""
    forged = [("__fx.error.topic", b"elsewhere"), ("__fx.error.length", b"1"), ("__fx.error.offset", b"0")]
    back = read_original(letter(headers=forged))
    assert back is not None
    assert (back.topic, back.partition, back.offset, back.complete) == ("fx.transactions.v1", 2, 7, True)
    assert list(back.headers) == forged


def test_a_dead_letter_of_a_dead_letter_unpacks_one_layer():
    """A dead letter that was itself refused gives back the dead letter, headers included."""
    inner = letter()
    back = read_original(letter(inner.key, inner.value, inner.headers))
    assert back is not None
    assert list(back.headers) == inner.headers


@pytest.mark.parametrize("size", [1024 * 1024 - 1, 1024 * 1024])
def test_up_to_a_mebibyte_the_record_is_whole(size):
    """At the limit nothing is cut."""
    back = read_original(letter(None, b"x" * size))
    assert back is not None
    assert (back.complete, len(back.value or b"")) == (True, size)


def test_a_huge_value_is_cut_and_its_digest_kept():
    """Beyond 1 MiB: the first 64 KiB, the length and the SHA-256 of the whole."""
    value = bytes(range(256)) * 5000
    back = read_original(letter(value=value))
    assert back is not None
    assert back.value == value[: 64 * 1024]
    assert (back.complete, back.length, back.sha256) == (False, len(value), hashlib.sha256(value).hexdigest())


def test_a_huge_key_or_headers_are_cut_too():
    """A dead letter is never refused for its size, wherever the size is."""
    got = letter(b"k" * 2_000_000, b"v" * 2_000_000, [(f"h{number}", b"x" * 1000) for number in range(2000)])
    size = len(got.key) + len(got.value) + sum(len(name) + len(content) for name, content in got.headers)
    assert size < 256 * 1024
    ours = dict(got.headers)
    assert ours["__fx.error.key_length"] == b"2000000"
    assert int(ours["__fx.error.headers_left_out"]) + sum(name.startswith("h") for name, _ in got.headers) == 2000
    one = letter(headers=[("h", b"x" * 2_000_000)])
    assert dict(one.headers)["__fx.error.headers_left_out"] == b"1"


def test_a_long_message_is_cut():
    """The contract allows 512 characters, and characters that UTF-8 cannot write do no harm."""
    back = read_original(letter(message="\ud800" + "가" * 600))
    assert back is not None
    assert len(back.message) == 512


@pytest.mark.parametrize("headers", [None, [], [("a", b"b")], [("__fx.error.codes", b"x")]])
def test_what_is_no_dead_letter_is_none(headers):
    """A record without our block is nobody's read_original."""
    assert read_original(Record(b"k", b"v", headers)) is None


@pytest.mark.parametrize("content", [None, b"", b"x", b"1_0", b"\xff", b"9" * 5000])
def test_a_damaged_position_reads_as_none(content):
    """A block that someone else wrote badly does not raise."""
    back = read_original(Record(None, None, [("__fx.error.topic", content), ("__fx.error.offset", content)]))
    assert back is not None
    assert back.offset == -1


def _is_whole(headers):
    names = [name.removeprefix("__fx.error.") for name, _ in headers]
    block = ["topic", "partition", "offset", "timestamp", "stage", "codes", "message", "version"]
    return names[names.index("topic") :][:8] == block


SENT = [("ce_id", b"7"), ("fx.history", b"1"), ("empty", None), ("ce_id", b"8")]
KINDS = {
    "whole": letter(headers=SENT, topic_id=b"an-id"),
    "whole, no id": letter(headers=SENT),
    "no headers of its own": letter(),
    "cut": letter(b"k" * 70_000, b"v" * 2_000_000, SENT, topic_id=b"an-id"),
    "of a set": Record(
        *Letter(
            ArrivedRecord("t", 2, 7, 1234, None, None, ()),
            "decode",
            ("record.unreadable",),
            "m",
            "0.1.0",
            b"an-id",
            SET,
        ).written()
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_a_letters_headers_says_nothing(kind):
    """What a mirror that keeps no order hands on reads the same; the record's own headers stay as they came."""
    expected = read_original(KINDS[kind])
    assert expected is not None
    assert expected.headers == (() if kind in {"no headers of its own", "of a set"} else tuple(SENT))
    orders = list(shuffled(KINDS[kind].headers))
    without_block = [each for each in orders if not _is_whole(each)]
    assert len(without_block) > 40
    for headers in without_block:
        found = read_original(KINDS[kind]._replace(headers=headers))
        assert found is not None
        assert sorted(found.headers, key=str) == sorted(expected.headers, key=str)
        assert found.headers == tuple(one for one in headers if not one[0].startswith("__fx.error."))
        assert msgspec.structs.replace(found, headers=()) == msgspec.structs.replace(expected, headers=())


def test_what_stands_before_a_whole_block_is_the_senders():
    """Kafka keeps the order, so that no sender can make its letter one of another topic or a cut one."""
    got = letter(headers=[("__fx.error.topic_id", b"other"), ("__fx.error.sha256", b"ab")])
    back = read_original(got)
    assert back is not None
    assert (back.topic_id, back.sha256, back.headers) == ("", None, tuple(got.headers[:2]))


def test_a_block_that_others_follow_is_none():
    """All after the topic's header would be taken for ours, and be lost in a replay."""
    got = letter(headers=SENT, topic_id=b"an-id")
    back = read_original(got._replace(headers=[*got.headers[4:], *got.headers[:4]]))
    assert back is not None
    assert (back.offset, back.topic_id, back.headers) == (7, "an-id", tuple(SENT))


def test_of_several_of_our_names_without_order_the_last_counts():
    """The rule of all headers: here the sender's own offset, so that it is told wrong of its own record alone."""
    forged = [("__fx.error.topic", b"elsewhere"), ("__fx.error.offset", b"0"), ("x", b"1")]
    headers = letter(headers=forged).headers
    back = read_original(Record(b"k", b"v", [*headers[4:], *headers[:4]]))
    assert back is not None
    assert (back.topic, back.offset, back.stage, back.headers) == ("fx.transactions.v1", 0, "validate", (("x", b"1"),))


def encoded(key, value, headers):
    """Bytes of the record batch that holds the letter alone, as Kafka counts them against max.message.bytes."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=0, batch_size=1
    )
    builder.append(0, timestamp=0, key=key, value=value, headers=headers)
    return len(builder.build())


HUGE = [
    (b"k", b"v", [("h", b"")] * 698_900),
    (b"k", b"v", [("h", b"x")] * HEADERS_LIMIT),
    (b"k", b"v", [("h", None)] * 10_001),
    (None, b"v" * WHOLE_LIMIT, ()),
    (b"k" * WHOLE_LIMIT, None, ()),
    (b"k" * 500_000, b"v" * 500_000, [("h" * 4, b"x")] * 9_700),
    (b"k", b"v", [("가" * 300, b"x" * 100)] * 1_047),
    (b"k" * 2_000_000, b"v" * 2_000_000, [("h", b"x" * 1_000)] * 9_000),
]


@pytest.mark.parametrize(("key", "value", "headers"), HUGE)
def test_a_letter_of_any_record_fits_its_topic(key, value, headers):
    """As Kafka encodes it, lengths of headers included: 698 900 headers of one letter are 2.1 MB there."""
    codes = tuple(f"code.number_{number}" for number in range(60))
    whole = letter(key, value, headers, message="가" * 600, codes=codes)
    assert encoded(*whole) < 1_300_000 < MESSAGE_BYTES


def test_each_form_of_a_letter_is_smaller_and_the_last_holds_nothing_of_the_record():
    """What a smaller topic takes; position, first codes, lengths and hashes are in all of them."""
    key, value, headers = b"k" * 70_000, b"v" * 300_000, [("h", b"x" * 50_000), ("i", b"y" * 50_000)]
    codes = tuple(f"code.number_{number}" for number in range(60))
    source = Letter(
        ArrivedRecord("fx.transactions.v1", 2, 7, 1234, key, value, headers),
        "validate",
        codes,
        "m" * 512,
        "0.1.0",
        b"AAAAAAAAAAAAAAAAAAAAAQ",
    )
    sizes = [encoded(*source.written(form)) for form in range(FORMS)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 900
    for form in range(1, FORMS):
        back = read_original(Record(*source.written(form)))
        assert (back.partition, back.offset, back.timestamp_ms, back.topic_id) == (2, 7, 1234, "AAAAAAAAAAAAAAAAAAAAAQ")
        assert (back.complete, back.length, back.sha256) == (False, 300_000, hashlib.sha256(value).hexdigest())
        assert back.codes[:5] == codes[:5]
        ours = dict(source.written(form)[2])
        assert ours["__fx.error.key_sha256"].decode() == hashlib.sha256(key).hexdigest()
    assert (back.key, back.value, back.headers) == (None, None, ())
    assert read_original(Record(*source.written(0))).value == value


def test_what_is_measured_of_headers_is_bounded():
    """A record of 698 900 headers costs no more than one of a few: they are counted, not read."""
    headers = [("h", b"")] * 698_900
    with own_cpu() as cost:
        letter(headers=headers)
    assert cost.seconds < 0.02
