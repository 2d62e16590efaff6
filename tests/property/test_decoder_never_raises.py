"""Whatever bytes come in, the door answers, and its fast path and its reject path agree."""

import json
import tomllib
import tracemalloc
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.contracts.dead_letters import read_original
from streams.contracts.input_record import ArrivedRecord
from streams.contracts.inputs import INPUTS, TRANSACTIONS
from streams.contracts.refusal_codes import CODES
from streams.ingest.decode import decode, find_faults
from streams.ingest.door import Admitted, Door, Rejected
from streams.ingest.json_structure import excludes_duplicates, has_duplicate_keys, text_depth
from streams.keys.pseudonyms import development_keys
from tests.support.letters import dead_letter
from tests.support.own_cpu import own_cpu

CORPUS = Path(__file__).parents[1] / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text("utf-8"))
GOOD = {
    topic: json.loads((CORPUS / f"{name}.bin").read_bytes())
    for topic, name in [
        ("fx.transactions.v1", "good_transaction"),
        ("customs.declarations.v1", "good_declaration"),
        ("fx.rates.v1", "good_rate"),
        ("fx.profiles.v1", "good_profile"),
        ("fx.dispositions.v1", "good_disposition"),
    ]
}
DOOR = Door(development_keys(), 3, {"crypto": ("bitcoin",)})
TOPICS = st.sampled_from(sorted(INPUTS))
KEYS = st.one_of(st.none(), st.binary(max_size=8), st.sampled_from([b"P-1", b"USD/KRW"]))
TIMESTAMPS = st.one_of(st.just(1_767_580_000_000), st.integers(-(2**63), 2**63 - 1))
TEXTS = st.one_of(
    st.text(max_size=10),
    st.sampled_from(
        [
            "",
            "0",
            "1e5",
            "NaN",
            "-1",
            "KRW",
            "KR",
            "9999-12-31T23:59:59.999999-23:59",
            "0001-01-01T00:00:00Z",
            "0001-01-01",
            "\x00",
            "1" * 20,
            "out",
            "settled",
            "returned",
        ]
    ),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def answer(topic, key, value, timestamp_ms=1_767_580_000_000, headers=()):
    """The door's answer, after the checks that hold for every record."""
    result = DOOR.admit(ArrivedRecord(topic, 0, 1, timestamp_ms, key, value, list(headers)))
    if isinstance(result, Rejected):
        assert result.codes
        assert set(result.codes) <= CODES.keys()
        assert "door.failed" not in result.codes, result.message
        assert "record.refused" not in result.codes, "the reject path must name what the fast path refused"
        assert len(result.message) <= 512
    return result


@given(TOPICS, KEYS, TIMESTAMPS, st.one_of(st.none(), st.binary(max_size=200)))
def test_any_bytes_get_an_answer(topic, key, timestamp_ms, value):
    """Random bytes are refused, with codes of the table."""
    assert isinstance(answer(topic, key, value, timestamp_ms), Rejected)


@given(TOPICS, KEYS, TIMESTAMPS, st.dictionaries(TEXTS, VALUES, max_size=5))
def test_any_json_object_gets_an_answer(topic, key, timestamp_ms, body):
    """Random JSON objects, NaN and huge numbers included, are refused, with codes of the table."""
    assert isinstance(answer(topic, key, json.dumps(body).encode(), timestamp_ms), Rejected)


@settings(max_examples=500)
@given(st.sampled_from(sorted(GOOD)), TIMESTAMPS, st.data())
def test_one_changed_field_gets_an_answer_and_the_paths_agree(topic, timestamp_ms, data):
    """A good record with some fields replaced is admitted, or refused for named faults only."""
    names = sorted(INPUTS[topic].type.__struct_fields__)
    changes = data.draw(st.dictionaries(st.sampled_from([*names, "x_own", "other"]), VALUES, max_size=2))
    value = json.dumps(GOOD[topic] | changes).encode()
    key = CASES[{"fx.rates.v1": "good_rate", "fx.dispositions.v1": "good_disposition"}.get(topic, "good_profile")][
        "key"
    ]
    result = answer(topic, key.encode(), value, timestamp_ms)
    found = [fault.code for fault in find_faults(INPUTS[topic], timestamp_ms, key.encode(), value)]
    assert isinstance(result, Admitted) == (found == ["record.refused"])


@given(st.binary(min_size=1, max_size=6), st.integers(0, 400), st.integers(0, 4))
def test_any_damage_to_a_good_record_gets_an_answer(damage, place, removed):
    """Bytes put into or taken out of a good record never raise."""
    value = json.dumps(GOOD[TRANSACTIONS]).encode()
    answer(TRANSACTIONS, b"P-1", value[:place] + damage + value[place + removed :])


HEADERS = st.lists(
    st.tuples(st.sampled_from(["ce_id", "traceparent", "fx.history", "other"]), st.none() | st.binary(max_size=5000))
)


@given(HEADERS)
def test_any_headers_get_an_answer(headers):
    """Headers of any content are passed on, left behind or refused, never a failure."""
    answer(TRANSACTIONS, b"P-1", json.dumps(GOOD[TRANSACTIONS]).encode(), headers=headers)


@pytest.mark.parametrize(
    "value",
    [
        b"[" * 65_000,
        b'{"a":' * 13_000,
        b'"' + b'\\"' * 32_000,
        b'{"x_a":"' + b"\\" * 65_000,
        b'{"x_n":' + b"9" * 65_000 + b"}",
        b'{"x_n":1e' + b"9" * 65_000 + b"}",
        b'{"x_n":0.' + b"0" * 65_000 + b"1}",
        b"{" + b",".join(b'"%d":1' % number for number in range(6_000)) + b"}",
        b'{"event_id":"' + b"\\u0000" * 10_000 + b'"}',
        b'{"amount":"' + b"0" * 65_000 + b'"}',
        b'{"amount":"' + b"1." * 32_000 + b'"}',
    ],
)
def test_hostile_records_do_not_stall(value):
    """The worst records of 64 KiB are refused within a quarter of a second of CPU (they take some ms)."""
    with own_cpu() as spent:
        assert isinstance(answer(TRANSACTIONS, b"P-1", value), Rejected)
    assert spent.seconds < 0.25


LIMIT = 64 * 1024
# What takes quadratic time or memory in a careless reader, as long as wanted.
GROWING = {
    "brackets": lambda size: b"[" * size,
    "objects": lambda size: b'{"a":' * (size // 5),
    "quotes": lambda size: b'"' * size,
    "backslashes": lambda size: b'{"x_a":"' + b"\\" * size,
    "unterminated": lambda size: b'{"x_a":"' + b'\\"' * (size // 2),
    "names": lambda size: b"{" + b",".join(b'"x_%d":1' % number for number in range(size // 12)) + b"}",
    "same_name": lambda size: b"{" + b",".join([b'"x_a":1'] * (size // 8)) + b"}",
    "unknown_names": lambda size: b"{" + b",".join(b'"n%d":1' % number for number in range(size // 12)) + b"}",
    "digits": lambda size: b'{"x_n":' + b"9" * size + b"}",
    "fraction": lambda size: b'{"x_n":0.' + b"1" * size + b"}",
    "amount": lambda size: b'{"amount":"' + b"0" * size + b'"}',
    "points": lambda size: b'{"amount":"' + b"1." * (size // 2) + b'"}',
    "time": lambda size: b'{"event_time":"' + b"2026-01-05T" * (size // 11) + b'"}',
    "escapes": lambda size: b'{"event_id":"' + b"\\u0000" * (size // 6) + b'"}',
    "surrogates": lambda size: b'{"x_a":"' + b"\\ud83d\\ude00" * (size // 12) + b'"}',
    "white_space": lambda size: b" " * size,
    "related": lambda size: b'{"related_counterparties":[' + b",".join([b'"C"'] * (size // 4)) + b"]}",
    "control": lambda size: b'{"branch":"' + b"\x7f" * size + b'"}',
    "not_utf8": lambda size: b"a" * (size - 1) + b"\xff",
}


@pytest.mark.parametrize("topic", sorted(INPUTS))
@pytest.mark.parametrize("pattern", GROWING)
def test_a_record_of_the_largest_size_takes_bounded_time_and_memory(topic, pattern):
    """At 64 KiB: 4 ms of CPU a KiB (0.25 s in all; milliseconds are usual) and 64 bytes of memory a byte."""
    value = GROWING[pattern](LIMIT - 64)
    tracemalloc.start()
    try:
        with own_cpu() as spent:
            assert isinstance(answer(topic, b"P-1", value), Rejected)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert spent.seconds < 0.004 * LIMIT / 1024, f"{spent.seconds:.3f} s"
    assert peak < 64 * LIMIT, f"{peak} bytes"


@pytest.mark.parametrize("pattern", GROWING)
def test_time_grows_with_length_and_not_with_its_square(pattern):
    """16 times the length takes less than 64 times as long (a quadratic reader takes 256 times as long)."""

    def spent(size):
        value = GROWING[pattern](size)
        best = 1.0
        for _ in range(5):
            with own_cpu() as measured:
                answer(TRANSACTIONS, b"P-1", value)
            best = min(best, measured.seconds)
        return best

    # what takes less than a fifth of a millisecond is all start, and no growth
    assert spent(LIMIT - 64) < 64 * max(spent(LIMIT // 16), 2e-4)


WHITE = st.text(" \t\n\r", max_size=2)
NAMES = st.sampled_from(['"a"', '"b"', '"\\u0061"', '"event_time"', '"a:"', '"x_\\":"', '"é"'])
STRINGS = st.sampled_from(
    ['"10:11:12"', '"\\u003a\\u003a"', '":"', '" :"', '"\\\\"', '"\\":\\""', '"{\\"a\\":1}"', '""']
)


@st.composite
def objects(draw, depth=2):
    """A valid JSON object as text: white space anywhere, escapes, colons in strings, keys that may repeat."""
    pairs = []
    for _ in range(draw(st.integers(0, 4))):
        inner = objects(depth - 1) if depth else STRINGS
        content = draw(st.one_of(STRINGS, st.just("1"), st.just("[]"), inner))
        pairs.append(draw(WHITE) + draw(NAMES) + draw(WHITE) + ":" + draw(WHITE) + content + draw(WHITE))
    return "{" + draw(WHITE) + ",".join(pairs) + "}"


def repeats(text):
    """The reference: whether any object names a key twice, told with lists of pairs."""
    seen = []

    def keep(pairs):
        seen.append(len({name for name, _ in pairs}) < len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=keep)
    return any(seen)


@settings(max_examples=1000)
@given(objects())
def test_the_count_of_colons_never_hides_a_duplicate_key(text):
    """When the fast check says that no key repeats, none does; the exact check is right both ways."""
    value = text.encode()
    body = orjson.loads(value)
    assert has_duplicate_keys(value) == repeats(text)
    if excludes_duplicates(value, body, "event_time"):
        assert not repeats(text)


def test_the_count_of_colons_spares_usual_records_the_exact_check():
    """The fast check proves a usual record free of duplicates; without that it would be no use."""
    for topic in (TRANSACTIONS, "fx.rates.v1", "fx.dispositions.v1"):
        value = json.dumps(GOOD[topic]).encode()
        assert excludes_duplicates(value, orjson.loads(value), INPUTS[topic].time)


@given(VALUES)
def test_the_depth_of_a_text_is_its_values_depth(value):
    """Counting brackets outside strings gives the depth of the parsed value."""

    def depth(part):
        if isinstance(part, dict):
            return 1 + max(map(depth, part.values()), default=0)
        return 1 + max(map(depth, part), default=0) if isinstance(part, list) else 0

    assert text_depth(json.dumps(value).encode()) == depth(value)


class _Record:
    def __init__(self, key, value, headers):
        self.key, self.value, self.headers = key, value, headers


@given(
    KEYS,
    st.none() | st.binary(max_size=50),
    st.lists(
        st.tuples(
            st.one_of(st.text(max_size=5), st.sampled_from(["__fx.error.topic", "__fx.error.offset"])),
            st.none() | st.binary(max_size=20),
        )
    ),
    st.text(max_size=600),
    st.integers(-1, 2**63 - 1),
)
def test_a_dead_letter_gives_the_record_back(key, value, headers, message, offset):
    """Key, value and headers come back byte for byte, with our position, whatever headers the sender forged."""
    letter = dead_letter("t", 3, offset, 5, key, value, headers, "decode", ["utf8.invalid"], message, "0.1")
    assert letter[2][: len(headers)] == headers
    back = read_original(_Record(*letter))
    assert back is not None
    assert (back.key, back.value, list(back.headers)) == (key, value, headers)
    assert (back.topic, back.partition, back.offset, back.timestamp_ms) == ("t", 3, offset, 5)
    assert back.codes == ("utf8.invalid",)
    assert back.complete


@given(decode_input=st.binary(max_size=64), topic=TOPICS)
def test_decode_itself_never_raises(decode_input, topic):
    """The fast path answers None for what it cannot read; the door's last resort is not what saves it."""
    assert decode(INPUTS[topic], 0, b"", decode_input) is None
